"""Camp-on: who meets a busy extension is called when it is free, in the order in which they asked.

The intent to call is written before the legs are placed. After a restart a call back that did not come about is
made anew, and one in which both talk is done.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any, Protocol

from softswitch.calls.center import CallCenter
from softswitch.calls.core import new_id
from softswitch.calls.dispatch_call import DispatchCall, Purpose, Ring
from softswitch.calls.model import CallKind
from softswitch.clock import Clock, Millis, now
from softswitch.errors import Refusal, conflict, invalid, not_found
from softswitch.features import camp_store
from softswitch.features.camp_model import (
    LONGEST,
    MOST_FOR_CALLER,
    MOST_FOR_TARGET,
    OPEN,
    SHORTEST,
    USUAL,
    Camp,
    CampState,
    after_call,
    in_order,
    to_call,
)
from softswitch.store.database import Database

log = logging.getLogger(__name__)

ENTITY = "camp"
GUARD_SECONDS = 0.5
"""How long an extension is left alone after its call: emergency calls and its own next call come first."""
LOOK_SECONDS = 1.0
"""How often is looked while somebody waits; a change of the board wakes it at once."""
RING_SECONDS = 25


class Screen(Protocol):
    """Where views are shown (the live hub)."""

    def put(self, entity: str, id: str, value: dict[str, Any]) -> None: ...  # noqa: A002
    def drop(self, entity: str, id: str) -> None: ...  # noqa: A002


class CampService:
    """The camp-ons that are not over, in memory as in the database."""

    def __init__(
        self, center: CallCenter, db: Database, screen: Screen, *, clock: Clock = now
    ) -> None:
        self._center = center
        self._engine = center.engine
        self._db = db
        self._screen = screen
        self.clock = clock
        self.camps: dict[str, Camp] = {}
        self._calls: dict[str, tuple[Camp, DispatchCall, Ring]] = {}
        self._causes: dict[str, int] = {}
        self._wake = asyncio.Event()

    # ---- commands

    async def add(self, login: str, caller: str, target: str, *, life: Millis = USUAL) -> Camp:
        """Let ``caller`` be called when ``target`` is free; asking again returns what is there."""
        self._check(caller, target, life)
        known = next((c for c in self._open() if (c.caller, c.target) == (caller, target)), None)
        if known is not None:
            return known
        if self._engine.is_free(target):
            raise conflict("not_busy", f"Extension {target} is not busy.", "Call it now.")
        self._check_room(caller, target)
        at = self.clock()
        camp = Camp(new_id(), caller, target, at, at + life)
        self.camps[camp.id] = camp  # before anything is awaited: asked twice at once makes one
        try:
            await self._db.write(camp_store.add, camp_store.row_of(camp), login)
        except BaseException:
            self.camps.pop(camp.id, None)
            raise
        self._show(target)
        self._wake.set()
        return camp

    def _check(self, caller: str, target: str, life: Millis) -> None:
        book = self._engine.book
        for number in (caller, target):
            if not book.has(number):
                raise not_found("extension", number, "Only extensions can be camped on.")
        if caller == target:
            raise conflict("own_number", f"{target} is the own number.", "Name another.")
        if not SHORTEST <= life <= LONGEST:
            raise invalid(
                "bad_life", "A camp-on lasts from one minute to a day.", "Give 60 to 86400.",
                field="seconds",
            )  # fmt: skip

    def _check_room(self, caller: str, target: str) -> None:
        mine = sum(camp.caller == caller for camp in self._open())
        if mine >= MOST_FOR_CALLER or len(in_order(self._open(), target)) >= MOST_FOR_TARGET:
            raise conflict(
                "camp_full", f"Too many wait for {target}, or {caller} waits for too many.",
                "Cancel one first: softswitch camp list.",
            )  # fmt: skip

    async def cancel(self, login: str, camp_id: str) -> Camp:
        """End a camp-on; a phone that rings for it stops."""
        camp = self.camps.get(camp_id)
        if camp is None or camp.state not in OPEN:
            raise not_found("camp", camp_id, "It is over; look at the list.")
        await self._end(camp, CampState.CANCELLED, login=login)
        if (under := self._engine.calls.get(camp.call_id or "")) is not None:
            await self._give_up(under)
        return camp

    async def _give_up(self, call: DispatchCall) -> None:
        """Stop a call back that has not come about yet."""
        engine = self._engine
        async with engine.locked(call.id):
            if call.connected:
                return
            for ring in list(call.rings.values()):
                await engine.stop_ring(call, ring)
            for channel_id in list(call.members):
                await engine.drop(channel_id)

    async def cancel_of(self, caller: str, login: str) -> int:
        """End all that one waits for; return how many."""
        mine = [camp for camp in self._open() if camp.caller == caller]
        for camp in mine:
            await self.cancel(login, camp.id)
        return len(mine)

    def _open(self) -> list[Camp]:
        return [camp for camp in self.camps.values() if camp.state in OPEN]

    # ---- life

    async def load(self) -> None:
        """Read those that were not over."""
        for camp in await self._db.read(camp_store.open_camps):
            self.camps[camp.id] = camp
        for target in {camp.target for camp in self.camps.values()}:
            self._show(target)

    async def run(self) -> None:
        """Call and end what is due, until cancelled."""
        while True:
            self._wake.clear()
            try:
                await self.look()
            except Refusal as refusal:
                log.warning("camp-on waits: %s", refusal)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), LOOK_SECONDS if self.camps else None)

    async def look(self) -> None:
        """Call those whose turn it is, end those whose time is over."""
        self._connected()
        at = self.clock()
        for camp in self._open():
            if camp.state is CampState.WAITING and at >= camp.expires_at:
                await self._end(camp, CampState.EXPIRED)
            elif not self._engine.book.has(camp.target) or not self._engine.book.has(camp.caller):
                await self._end(camp, CampState.FAILED, "no_extension")
        if self._engine.control_up and self._center.switch_up:
            for camp in to_call(self.camps.values(), self._ready):
                await self._call(camp)

    def _ready(self, extension: str) -> bool:
        idle = self._center.desks.idle_since(extension)
        rested = idle is None or self.clock() - idle >= GUARD_SECONDS * 1000
        engine = self._engine
        return rested and bool(engine.reachable(extension)) and engine.is_free(extension)

    async def _call(self, camp: Camp) -> None:
        """Write the intent, then ring the caller's phone; his answer rings the other's."""
        camp.state, camp.call_id, camp.tries = CampState.CALLING, new_id(), camp.tries + 1
        await self._write(camp)
        self._show(camp.target)
        call_id, engine = camp.call_id, self._engine
        name = engine.book.name_of(camp.target)
        async with engine.locked(call_id):
            call = engine.open_call(call_id, CallKind.INTERNAL)
            call.number, call.name = camp.target, name
            try:
                ring = await engine.ring(
                    call, Purpose.DESK, camp.caller, by=camp.caller, next_number=camp.target,
                    first_channel_id=call_id, seconds=RING_SECONDS,
                )  # fmt: skip
            except Refusal as refusal:
                engine.calls.pop(call_id, None)
                log.info("camp-on %s: %s", camp.id, refusal)
                await self._back(camp, CampState.WAITING, "busy")
                return
            self._calls[call_id] = (camp, call, ring)
        if camp.state is not CampState.CALLING:  # cancelled in the meantime
            await self._give_up(call)

    # ---- facts

    def board_changed(self) -> None:
        """Somebody may be free now."""
        if self.camps:
            self._wake.set()

    def leg_ended(self, channel_id: str, cause: int) -> None:
        """The cause of the first leg tells why a call back came to nothing."""
        if channel_id in self._calls:
            self._causes[channel_id] = cause

    def finished(self, call_id: str) -> None:
        """A call is over; when it was a call back, what became of it?"""
        found = self._calls.pop(call_id, None)
        cause = self._causes.pop(call_id, 0)
        if found is None:
            return
        camp, call, ring = found
        if camp.state is not CampState.CALLING:
            return
        answered = ring.winner is not None
        state, why = after_call(
            connected=call.connected,
            answered=answered,
            cause=cause if answered else ring.last_cause,
        )
        self._center.spawn(self._back(camp, state, why))

    def _connected(self) -> None:
        """Take off the list whose call back has come about: they talk."""
        for camp, call, _ in list(self._calls.values()):
            if call.connected and camp.state is CampState.CALLING:
                self._center.spawn(self._back(camp, CampState.DONE, ""))

    def control_up(self) -> None:
        """After a restart: a call back in which both are is done, any other is made anew."""
        for camp in self._open():
            if camp.state is CampState.CALLING and camp.call_id not in self._calls:
                shown = self._center.board.calls.get(camp.call_id or "")
                both = (
                    shown is not None
                    and sum(bool(x.channel.bridge_id) for x in shown.legs.values()) > 1
                )
                state = CampState.DONE if both else CampState.WAITING
                self._center.spawn(self._back(camp, state, "" if both else "interrupted"))
        self._wake.set()

    # ---- writing and showing

    async def _back(self, camp: Camp, state: CampState, why: str) -> None:
        if camp.state is not CampState.CALLING:
            return
        if state is CampState.WAITING:
            camp.state, camp.why, camp.call_id = state, why, None
            await self._write(camp)
            self._show(camp.target)
        else:
            await self._end(camp, state, why)
        self._wake.set()

    async def _end(self, camp: Camp, state: CampState, why: str = "", login: str = "") -> None:
        camp.state, camp.why = state, why
        await self._write(camp, login)
        self.camps.pop(camp.id, None)
        self._screen.drop(ENTITY, camp.id)
        self._show(camp.target)

    async def _write(self, camp: Camp, login: str = "") -> None:
        row = camp_store.row_of(camp)
        await self._db.write_surely(camp_store.put, row, self.clock(), login)

    def _show(self, target: str) -> None:
        for camp in in_order(self.camps.values(), target):
            self._screen.put(ENTITY, camp.id, self.view(camp))

    def view(self, camp: Camp) -> dict[str, Any]:
        """Return a camp-on as the screens show it, with its place in the queue."""
        queue = in_order(self.camps.values(), camp.target)
        book = self._engine.book
        return {
            "id": camp.id,
            "caller": camp.caller,
            "caller_name": book.name_of(camp.caller),
            "target": camp.target,
            "target_name": book.name_of(camp.target),
            "state": camp.state.value,
            "why": camp.why,
            "place": queue.index(camp) + 1 if camp in queue else None,
            "created_at": camp.created_at,
            "expires_at": camp.expires_at,
            "tries": camp.tries,
            "call_id": camp.call_id,
        }

    def listed(self) -> list[dict[str, Any]]:
        """Return all that are not over, the oldest first."""
        return [self.view(camp) for camp in sorted(self._open(), key=lambda c: c.order)]
