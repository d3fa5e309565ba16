"""HTTP of duty: who is on duty, rosters, shifts and leaves."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from softswitch.access.model import Actor, Right
from softswitch.layers.duty import entries, report, store
from softswitch.layers.duty.bodies import Instant, LeaveBody, PersonBody, RosterBody, ShiftBody
from softswitch.layers.duty.build import Duty
from softswitch.layers.duty.file_routes import file_routes
from softswitch.layers.duty.localtime import day_of, minute_of, month_of, span, zone_of
from softswitch.layers.duty.log_routes import log_routes
from softswitch.layers.duty.model import LONGEST_SHIFT, Use
from softswitch.layers.duty.service import person_view, roster_view
from softswitch.web.guard import Guard

Json = dict[str, Any]
DAY = 86_400_000


def routes(duty: Duty, guard: Guard) -> APIRouter:
    """Return the routes of duty."""
    router = APIRouter(prefix="/api/duty", tags=["duty"])
    router.include_router(file_routes(duty, guard))
    router.include_router(log_routes(duty, guard))
    _now(router, duty, guard)
    _people(router, duty, guard)
    _rosters(router, duty, guard)
    _shifts(router, duty, guard)
    _leaves(router, duty, guard)
    return router


def _now(router: APIRouter, duty: Duty, guard: Guard) -> None:
    reader = Annotated[Actor, Depends(guard(Right.DUTY_READ))]
    service = duty.service

    @router.get("/now")
    async def show_duty(_actor: reader) -> Json:
        """Tell who is on duty at every post, and which gap comes."""
        at = service.clock()
        return {"at": at, "posts": [service.view(each, at) for each in service.rosters.values()]}

    @router.get("/gaps")
    async def show_gaps(
        _actor: reader, begin: Instant | None = None, days: Annotated[int, Query(ge=1, le=62)] = 7
    ) -> Json:
        """Tell where a roster lacks people, and who is named twice at the same time."""
        start = service.clock() if begin is None else begin
        return await report.troubles(service, start, start + days * DAY)


def _people(router: APIRouter, duty: Duty, guard: Guard) -> None:
    reader = Annotated[Actor, Depends(guard(Right.DUTY_READ))]
    editor = Annotated[Actor, Depends(guard(Right.DUTY_EDIT))]
    service, changes = duty.service, duty.changes

    @router.get("/people")
    async def list_people(
        _actor: reader,
        text: Annotated[str, Query(max_length=100)] = "",
        after: Annotated[str, Query(max_length=40)] = "",
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Json:
        """Return the address book by key; ``after`` is the last key of the page before."""
        found = await service.db.read(store.find_people, text, after, limit)
        return {"people": [person_view(person) for person in found]}

    @router.get("/people/{key}")
    async def show_person(key: str, _actor: reader) -> Json:
        found = await service.db.read(store.one_person, key)
        if found is None:
            raise entries.no_person(key)
        return person_view(found)

    @router.put("/people/{key}")
    async def put_person(key: str, body: PersonBody, actor: editor) -> Json:
        """Add or change one of the address book."""
        made = entries.person(
            key, body.name, body.numbers, changes.is_emergency, title=body.title, unit=body.unit,
            deputy=body.deputy, note=body.note, left=body.left,
        )  # fmt: skip
        await changes.put_person(actor.login, made)
        return person_view(made)


def _rosters(router: APIRouter, duty: Duty, guard: Guard) -> None:
    reader = Annotated[Actor, Depends(guard(Right.DUTY_READ))]
    editor = Annotated[Actor, Depends(guard(Right.DUTY_EDIT))]
    service, changes = duty.service, duty.changes

    @router.get("/rosters")
    async def list_rosters(_actor: reader) -> Json:
        return {"rosters": [roster_view(each) for each in service.rosters.values()]}

    @router.put("/rosters/{key}")
    async def put_roster(key: str, body: RosterBody, actor: editor) -> Json:
        """Add or change a roster."""
        uses = [Use(use) for use in body.uses]
        made = entries.roster(key, body.name, body.zone, body.need, uses)
        await changes.put_roster(actor.login, made)
        return roster_view(made)

    @router.delete("/rosters/{key}", status_code=204)
    async def remove_roster(key: str, actor: editor) -> None:
        """Remove a roster with its shifts."""
        await changes.drop_roster(actor.login, key)

    @router.get("/rosters/{key}/month")
    async def show_month(key: str, month: str, _actor: reader) -> Json:
        """Return a month of a roster, day by day."""
        return await report.month(service, service.roster(key), *month_of(month))


def _shifts(router: APIRouter, duty: Duty, guard: Guard) -> None:
    reader = Annotated[Actor, Depends(guard(Right.DUTY_READ))]
    editor = Annotated[Actor, Depends(guard(Right.DUTY_EDIT))]
    service, changes = duty.service, duty.changes

    @router.get("/shifts")
    async def list_shifts(
        _actor: reader,
        roster: str | None = None,
        begin: Instant | None = None,
        days: Annotated[int, Query(ge=1, le=62)] = 7,
    ) -> Json:
        """Return the shifts that touch some days from an instant on."""
        start = service.clock() if begin is None else begin
        wanted = (start, start + days * DAY, LONGEST_SHIFT, roster)
        found = await service.db.read(store.shifts_between, *wanted)
        return {"shifts": [store.shift_row(shift) for shift in found]}

    @router.post("/shifts", status_code=201)
    async def put_shift(body: ShiftBody, actor: editor) -> Json:
        """Add or change a shift."""
        zone = zone_of(service.roster(body.roster).zone)
        begin, end = minute_of(body.begin, "begin"), minute_of(body.end, "end")
        times = span(day_of(body.date), begin, end, zone)
        made = entries.shift(body.roster, body.person, *times, body.deputy, body.position)
        await changes.put_shift(actor.login, made)
        return store.shift_row(made)

    @router.delete("/shifts/{shift_id}", status_code=204)
    async def remove_shift(shift_id: str, actor: editor) -> None:
        await changes.drop_shift(actor.login, shift_id)


def _leaves(router: APIRouter, duty: Duty, guard: Guard) -> None:
    reader = Annotated[Actor, Depends(guard(Right.DUTY_READ))]
    editor = Annotated[Actor, Depends(guard(Right.DUTY_EDIT))]
    service, changes = duty.service, duty.changes

    @router.get("/leaves")
    async def list_leaves(
        _actor: reader,
        begin: Instant | None = None,
        days: Annotated[int, Query(ge=1, le=366)] = 31,
    ) -> Json:
        start = service.clock() if begin is None else begin
        found = await service.db.read(store.leaves_between, start, start + days * DAY)
        return {"leaves": [store.leave_row(leave) for leave in found]}

    @router.post("/leaves", status_code=201)
    async def put_leave(body: LeaveBody, actor: editor) -> Json:
        """Add or change a leave."""
        made = entries.leave(body.person, body.begin, body.end, body.deputy, body.reason)
        await changes.put_leave(actor.login, made)
        return store.leave_row(made)

    @router.delete("/leaves/{leave_id}", status_code=204)
    async def remove_leave(leave_id: str, actor: editor) -> None:
        await changes.drop_leave(actor.login, leave_id)
