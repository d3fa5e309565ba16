"""HTTP of calls: the board is on the live socket; here are the commands and the history."""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query
from pydantic import BaseModel, ConfigDict, Field

from softswitch import numbers
from softswitch.access import audit
from softswitch.access.model import Actor, Right
from softswitch.calls import store
from softswitch.calls.acting import acting_desk
from softswitch.calls.center import CallCenter
from softswitch.calls.history import History, Wanted
from softswitch.clock import LATEST, Millis, now
from softswitch.errors import Kind, Refusal, invalid, not_found
from softswitch.store.database import Database
from softswitch.web.guard import Guard
from softswitch.web.places import Offset

Json = dict[str, Any]
CallId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]


class Acting(BaseModel):
    """A command that may name the desk it acts for."""

    model_config = ConfigDict(extra="forbid")
    desk: str | None = None


class Dial(Acting):
    """Whom to call."""

    to: str


class Hangup(Acting):
    """Which leg; without one the own, or the whole call."""

    leg: str | None = None


class Transfer(Acting):
    """Where to: at once (blind) or after talking (attended)."""

    to: str
    mode: str = "blind"


class Keys(Acting):
    """DTMF to send."""

    digits: str


class Priority(BaseModel):
    """The class of a waiting call in the queue, 0 first."""

    model_config = ConfigDict(extra="forbid")
    rank: int = Field(ge=0, le=9)


class Auditor:
    """Writes commands on calls into the audit log."""

    def __init__(self, db: Database, center: CallCenter) -> None:
        self._db = db
        self._spawn = center.spawn

    async def asks(self, actor: Actor, act: str, call_id: str, **details: Any) -> None:
        """Write what somebody is about to do; what cannot be written must not be done."""
        await self._db.write(audit.append, actor.login, act, call_id, details)

    async def did(self, actor: Actor, act: str, call_id: str, **details: Any) -> None:
        """Write what somebody did. It is done: when the database cannot be used now, it is written later."""
        at = now()
        try:
            await self._db.write(audit.append, actor.login, act, call_id, details, at=at)
        except Refusal as refusal:
            if refusal.kind is not Kind.UNAVAILABLE:
                raise
            self._spawn(self._later(actor.login, act, call_id, details, at))

    async def _later(self, login: str, act: str, call_id: str, details: Json, at: Millis) -> None:
        await self._db.write_surely(audit.append, login, act, call_id, details, at=at)


def call_routes(center: CallCenter, db: Database, guard: Guard) -> APIRouter:
    """Return the routes of calls."""
    router = APIRouter(prefix="/api/calls", tags=["calls"])
    _history(router, center, db, guard)
    _begin(router, center, db, guard)
    _simple(router, center, db, guard)
    _transfer(router, center, db, guard)
    return router


def _history(router: APIRouter, center: CallCenter, db: Database, guard: Guard) -> None:
    reader = Annotated[Actor, Depends(guard(Right.CALL_READ))]
    history = History(db)

    def shown(row: Json) -> Json:
        return {**row, "incident_id": center.screens.incident_of(row["id"])}

    @router.get("")
    async def list_calls(
        _actor: reader,
        number: str | None = None,
        kind: str | None = None,
        from_: Annotated[Millis | None, Query(alias="from", ge=0, le=LATEST)] = None,
        to: Annotated[Millis | None, Query(ge=0, le=LATEST)] = None,
        before: Annotated[Millis | None, Query(ge=0, le=LATEST)] = None,
        offset: Offset = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Json:
        """List calls, newest first; with ``offset`` from that place of the whole list on, with its ``count``."""
        called = str(numbers.phone_number(number)) if number else ""
        wanted = Wanted(called, kind, from_, to)
        if offset is None:
            return {"calls": [shown(row) for row in await history.page(wanted, before, limit)]}
        rows, count = await history.part(wanted, offset, limit)
        return {"calls": [shown(row) for row in rows], "count": count}

    @router.get("/{call_id}")
    async def show_call(call_id: CallId, _actor: reader) -> Json:
        row = await db.read(store.call_by_id, call_id)
        if row is None:
            raise not_found("call", call_id, "Look at the history with `softswitch call list`.")
        return {**row, "incident_id": center.screens.incident_of(call_id)}


def _begin(router: APIRouter, center: CallCenter, db: Database, guard: Guard) -> None:
    dialer = Annotated[Actor, Depends(guard(Right.CALL_DIAL))]
    answerer = Annotated[Actor, Depends(guard(Right.CALL_ANSWER))]
    auditor = Auditor(db, center)

    @router.post("", status_code=201)
    async def dial(
        body: Dial,
        actor: dialer,
        idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
    ) -> Json:
        desk = acting_desk(actor, body.desk, center.desks, center.book)
        to = numbers.phone_number(body.to, "to")
        wanted = _id_from(actor, idempotency_key)
        if wanted is not None and await db.read(store.call_by_id, wanted) is not None:
            return {"call_id": wanted}
        call_id = await center.commands.dial(desk, to, call_id=wanted)
        await auditor.did(actor, "call.dial", call_id, desk=desk, to=to)
        return {"call_id": call_id}

    @router.post("/{call_id}/answer")
    async def answer(call_id: CallId, body: Acting, actor: answerer) -> Json:
        desk = acting_desk(actor, body.desk, center.desks, center.book)
        await center.commands.answer(desk, call_id)
        await auditor.did(actor, "call.answer", call_id, desk=desk)
        return {"call_id": call_id, "desk": desk}


def _id_from(actor: Actor, key: str | None) -> str | None:
    """The same key of the same user gives the same call id, so a repeated request dials nothing twice."""
    if key is None:
        return None
    return hashlib.sha256(f"{actor.login}\n{key}".encode()).hexdigest()[:20]


def _simple(router: APIRouter, center: CallCenter, db: Database, guard: Guard) -> None:
    """Commands that need a call and a desk, and nothing else."""
    auditor = Auditor(db, center)
    commands = center.commands
    acts: list[tuple[str, Right, Callable[[str, str], Awaitable[Any]]]] = [
        ("hold", Right.CALL_HOLD, commands.hold),
        ("resume", Right.CALL_HOLD, commands.resume),
        ("park", Right.CALL_PARK, commands.park),
        ("retrieve", Right.CALL_PARK, commands.retrieve),
        ("pickup", Right.CALL_PICKUP, commands.pickup),
        ("takeover", Right.CALL_TAKEOVER, commands.takeover),
        ("transfer/complete", Right.CALL_TRANSFER, commands.complete_transfer),
        ("transfer/cancel", Right.CALL_TRANSFER, commands.cancel_transfer),
    ]
    for word, right, act in acts:
        _add_simple(router, center, auditor, guard(right), word, act)

    hanger = Annotated[Actor, Depends(guard(Right.CALL_HANGUP))]
    presser = Annotated[Actor, Depends(guard(Right.CALL_DTMF))]
    orderer = Annotated[Actor, Depends(guard(Right.CALL_PRIORITISE))]

    @router.post("/{call_id}/hangup")
    async def hangup(call_id: CallId, body: Hangup, actor: hanger) -> Json:
        desk = body.desk or center.desks.seat_of(actor.login)
        if desk is not None:
            desk = acting_desk(actor, desk, center.desks, center.book)
        await center.commands.hangup(desk, call_id, body.leg)
        await auditor.did(actor, "call.hangup", call_id, desk=desk, leg=body.leg)
        return {"call_id": call_id}

    @router.post("/{call_id}/dtmf")
    async def send_keys(call_id: CallId, body: Keys, actor: presser) -> Json:
        desk = acting_desk(actor, body.desk, center.desks, center.book)
        await center.commands.send_keys(desk, call_id, numbers.dtmf(body.digits))
        return {"call_id": call_id}

    @router.post("/{call_id}/priority")
    async def prioritise(call_id: CallId, body: Priority, actor: orderer) -> Json:
        await center.commands.prioritise(call_id, body.rank)
        await auditor.did(actor, "call.priority", call_id, rank=body.rank)
        return {"call_id": call_id, "rank": body.rank}


def _add_simple(
    router: APIRouter,
    center: CallCenter,
    auditor: Auditor,
    required: Any,
    word: str,
    act: Callable[[str, str], Awaitable[Any]],
) -> None:
    @router.post(f"/{{call_id}}/{word}", name=word.replace("/", "_"))
    async def command(
        call_id: CallId, body: Acting, actor: Annotated[Actor, Depends(required)]
    ) -> Json:
        desk = acting_desk(actor, body.desk, center.desks, center.book)
        act_name = f"call.{word.replace('/', '.')}"
        if word == "takeover":  # who takes a call from another stands in the log before it happens
            await auditor.asks(actor, f"{act_name}.asked", call_id, desk=desk)
        result = await act(desk, call_id)
        await auditor.did(actor, act_name, call_id, desk=desk)
        return {"call_id": call_id, "desk": desk, **({"slot": result} if result else {})}


def _transfer(router: APIRouter, center: CallCenter, db: Database, guard: Guard) -> None:
    mover = Annotated[Actor, Depends(guard(Right.CALL_TRANSFER))]
    auditor = Auditor(db, center)

    @router.post("/{call_id}/transfer")
    async def transfer(call_id: CallId, body: Transfer, actor: mover) -> Json:
        if body.mode not in ("blind", "attended"):
            raise invalid(
                "bad_mode",
                f"{numbers.quoted(body.mode)} is no way to transfer.",
                "Give blind or attended.",
                field="mode",
            )
        desk = acting_desk(actor, body.desk, center.desks, center.book)
        to = numbers.phone_number(body.to, "to")
        await center.commands.transfer(desk, call_id, to, attended=body.mode == "attended")
        await auditor.did(actor, "call.transfer", call_id, desk=desk, to=to, mode=body.mode)
        return {"call_id": call_id, "to": to, "mode": body.mode}
