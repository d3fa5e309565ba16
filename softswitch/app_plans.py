"""What plans ask of the other parts, translated: conferences, duty and incidents do not know of plans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from softswitch.conferences import notice_store
from softswitch.conferences import store as room_store
from softswitch.conferences.build import Conferences
from softswitch.conferences.model import MOST_MEMBERS, RoomKind
from softswitch.conferences.notice_model import OPEN, TOLD, Rules
from softswitch.conferences.service import RoomPlan
from softswitch.errors import Kind, Refusal
from softswitch.layers.duty import store as duty_store
from softswitch.layers.duty.model import Person
from softswitch.layers.duty.service import DutyService
from softswitch.layers.gis.area import polygon
from softswitch.layers.gis.build import Gis
from softswitch.layers.gis.model import Kind as MapKind
from softswitch.layers.incidents.build import Incidents
from softswitch.layers.incidents.model import OVER
from softswitch.layers.plans.model import Incident
from softswitch.layers.plans.ports import Told
from softswitch.layers.plans.reach import Contact, Reached, Trouble


class PlanTelephony:
    """Groups, rooms and notifications of the conferences."""

    def __init__(self, conferences: Conferences) -> None:
        self._conferences = conferences
        self._book = conferences.center.book

    @property
    def up(self) -> bool:
        """Tell whether the switch can be told to ring."""
        return self._conferences.center.engine.control_up

    def is_emergency(self, number: str) -> bool:
        """Tell whether a number is one of the emergency services."""
        return self._book.emergency(number) is not None

    def name_of(self, number: str) -> str:
        """Return the name of an extension, empty for any other number."""
        return self._book.name_of(number) if self._book.has(number) else ""

    async def groups(self) -> Mapping[str, tuple[Contact, ...]]:
        """Return every stored group under its name and its id."""
        found: dict[str, tuple[Contact, ...]] = {}
        for group in await self._conferences.groups.all():
            members = tuple(
                Contact(member["name"], (member["number"],), member["deputy"])
                for member in group["members"]
            )
            found[group["id"]] = found[group["name"]] = members
        return found

    async def ring(
        self, login: str, act_id: str, name: str, who: Sequence[Reached], *, stays: bool
    ) -> str:
        """Ring people into a room. Those who are in its books already were rung for it."""
        rooms, books = self._conferences.rooms, self._conferences.books
        wanted = [each.number for each in who]
        if act_id not in books.rooms:
            rung = {row["number"] for row in await books.db.read(room_store.members_of, act_id)}
            if rung:  # the room is over: all of them were rung, they are written together
                return act_id
            kind = RoomKind.FIXED if stays else RoomKind.ADHOC
            plan = RoomPlan(name=name, kind=kind, most=MOST_MEMBERS)
            await rooms.create(login, plan, act_id)
        known = {member.number for member in books.room(act_id).members.values()}
        fresh = [number for number in wanted if number not in known]
        if fresh:
            await rooms.invite(login, act_id, fresh)
        return act_id

    async def notify(
        self, login: str, act_id: str, text: str, who: Sequence[Reached], *, language: str,
        confirm: bool, tries: int, pause: int,
    ) -> str:  # fmt: skip
        """Tell people by telephone; one that was begun is not begun again."""
        people = [{"number": each.number, "name": each.name, "deputy": each.then} for each in who]
        rules = Rules(tries, pause, confirm)
        notices = self._conferences.notices
        try:
            await notices.send(login, text, people, rules, language=language, notice_id=act_id)
        except Refusal as refusal:
            if refusal.code != "notice_exists":
                raise
        return act_id

    async def told(self, ref: str) -> Sequence[Told]:
        """Return how far a notification has come, running or over."""
        running = self._conferences.notices.notices.get(ref)
        if running is not None:
            people = list(running.people.values())
        else:
            people = await self._conferences.db.read(notice_store.people_of, ref)
        return [Told(each.number, each.state in TOLD, each.state in OPEN) for each in people]

    async def stop(self, login: str, ref: str) -> None:
        """Ring nobody else for a notification; one that is over is no error."""
        if ref in self._conferences.notices.notices:
            await self._conferences.notices.stop(login, ref)


class PlanDuty:
    """The rosters and the address book."""

    def __init__(self, duty: DutyService) -> None:
        self._duty = duty

    def on_duty(self, roster: str) -> tuple[Contact, ...] | None:
        """Return who is on duty at a post, in order."""
        if roster not in self._duty.rosters:
            return None
        return tuple(
            _contact(one.person, self._duty.deputy_of(one)) for one in self._duty.on_duty(roster)
        )

    async def people(self, keys: Sequence[str]) -> Mapping[str, Contact]:
        """Return people by key; for one on leave stands his deputy."""
        at = self._duty.clock()
        book = await self._duty.db.read(duty_store.book_of, keys, at)
        found: dict[str, Contact] = {}
        for key in keys:
            person = book.people.get(key)
            if person is None:
                continue
            leave = book.leave_of(key, at)
            if person.left:
                found[key] = Contact(person.name, person.numbers, state=Trouble.LEFT)
            elif leave is None:
                deputy = person.deputy if book.is_there(person.deputy, at) else ""
                found[key] = _contact(person, book.people.get(deputy))
            else:
                names = (leave.deputy, person.deputy)
                other = next((n for n in names if n and book.is_there(n, at)), "")
                away = Contact(person.name, person.numbers, state=Trouble.ON_LEAVE)
                found[key] = _contact(book.people[other], None) if other else away
        return found


def _contact(person: Person, deputy: Person | None) -> Contact:
    number = deputy.numbers[0] if deputy is not None and deputy.numbers else ""
    return Contact(person.name, person.numbers, number)


class PlanIncidents:
    """The incidents, as a trigger looks at them."""

    def __init__(self, incidents: Incidents) -> None:
        self._incidents = incidents

    async def incident(self, incident_id: str) -> Incident | None:
        """Return what a trigger looks at, None when there is no such incident."""
        try:
            row = await self._incidents.service.get(incident_id)
        except Refusal as refusal:
            if refusal.kind is not Kind.NOT_FOUND:
                raise
            return None
        where = f"{row.get('area', '')} {row.get('address', '')}"
        over = row["status"] in {status.value for status in OVER}
        return Incident(incident_id, row.get("type") or "", row.get("grade") or 0, where, not over)


class PlanPlaces:
    """The map: who with a number is inside an area. Callers are not: a citizen gets no orders."""

    KINDS = (MapKind.UNIT, MapKind.PERSON, MapKind.TEAM, MapKind.TARGET)

    def __init__(self, gis: Gis) -> None:
        self._gis = gis

    async def inside(self, area: Mapping[str, Any]) -> Sequence[Contact]:
        """Return who is inside a GeoJSON polygon; a broken one is refused."""
        found = await self._gis.service.numbers(polygon(dict(area)), self.KINDS)
        return [Contact("", (number,)) for number in found]
