"""HTTP of roll calls and hunts."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from softswitch.access.model import Actor, Right
from softswitch.calls.acting import acting_desk
from softswitch.conferences import roll_store
from softswitch.conferences.build import Conferences
from softswitch.conferences.roll import RollCall, from_row
from softswitch.conferences.rollcall import RollKind
from softswitch.conferences.routes import Acting, Body, Json
from softswitch.web.guard import Guard

RollId = Annotated[str, Field(pattern=r"^[a-f0-9]{1,32}$")]


class NewRoll(Acting):
    """Whom to go through, in order. A hunt ends with ``enough`` answers, each by key when ``confirm``."""

    kind: RollKind = RollKind.ROLL
    groups: list[str] = Field(default_factory=list, max_length=50)
    numbers: list[str] = Field(default_factory=list, max_length=500)
    enough: int = Field(1, ge=1, le=100)
    confirm: bool = False
    stay: bool = False


def roll_routes(conferences: Conferences, guard: Guard) -> APIRouter:
    """Return the routes of roll calls."""
    router = APIRouter(prefix="/api/roll-calls", tags=["conferences"])
    reader = Annotated[Actor, Depends(guard(Right.CONFERENCE_READ))]
    runner = Annotated[Actor, Depends(guard(Right.CONFERENCE_RUN))]
    rolls = conferences.rolls

    @router.get("")
    async def list_roll_calls(
        _actor: reader, limit: Annotated[int, Query(ge=1, le=1000)] = 50
    ) -> Json:
        running = {call.id: call.view() for call in rolls.rolls.values()}
        rows = await conferences.db.read(roll_store.page, limit)
        return {"roll_calls": [running.get(row["id"]) or from_row(row).view() for row in rows]}

    @router.post("", status_code=202)
    async def begin_roll_call(body: NewRoll, actor: runner) -> Json:
        center = conferences.center
        desk = acting_desk(actor, body.desk, center.desks, center.book)
        lists = await conferences.groups.lists(body.groups)
        wanted = [number for each in (*lists, body.numbers) for number in each]
        call = await rolls.begin(
            actor.login, desk, wanted, kind=body.kind, enough=body.enough,
            confirm=body.confirm, stay=body.stay,
        )  # fmt: skip
        return call.view()

    @router.post("/{roll_id}/next")
    async def next_in_roll_call(roll_id: RollId, _body: Body, actor: runner) -> Json:
        return _view(await rolls.next(actor.login, roll_id))

    @router.post("/{roll_id}/stop")
    async def stop_roll_call(roll_id: RollId, _body: Body, actor: runner) -> Json:
        return _view(await rolls.stop(actor.login, roll_id))

    @router.post("/{roll_id}/resume")
    async def resume_roll_call(roll_id: RollId, _body: Body, actor: runner) -> Json:
        """Ring the desk again that did not come back."""
        return _view(await rolls.resume(actor.login, roll_id))

    @router.post("/{roll_id}/conference")
    async def roll_call_to_conference(roll_id: RollId, _body: Body, actor: runner) -> Json:
        """Make it a conference that keeps those present."""
        return _view(await rolls.into_conference(actor.login, roll_id))

    return router


def _view(call: RollCall) -> dict[str, Any]:
    return call.view()
