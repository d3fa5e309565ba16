"""The book of calls: what the board shows is written down, each change once, with the facts that it tells.

Rows are made when the change happens and written together soon after.  When the database does not answer they
stay here and are tried again; calls go on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from softswitch.calls import store
from softswitch.calls.describe import Nature, leg_party, leg_role
from softswitch.calls.dispatch_call import DispatchCall
from softswitch.calls.model import Call, CallKind, Leg
from softswitch.calls.phonebook import Phonebook
from softswitch.clock import Millis
from softswitch.errors import Refusal
from softswitch.events import (
    CallAnswered,
    CallEnded,
    CallMerged,
    CallOwned,
    CallStarted,
    Fact,
)
from softswitch.store.database import Database
from softswitch.store.event_log import append

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
LoginOf = Callable[[str], str | None]


class CallLog:
    """Writes calls and legs. ``stored`` tells how many rows wait."""

    def __init__(self, db: Database, book: Phonebook, login_of: LoginOf) -> None:
        self._db = db
        self._book = book
        self._login_of = login_of
        self._calls: dict[str, dict[str, Any]] = {}
        self._legs: dict[str, dict[str, Any]] = {}
        self._dirty_calls: dict[str, dict[str, Any]] = {}
        self._dirty_legs: dict[str, dict[str, Any]] = {}
        self._facts: list[tuple[Fact, Millis]] = []
        self._wake = asyncio.Event()
        self._quiet = asyncio.Event()
        self._quiet.set()

    def remember(self, row: dict[str, Any]) -> None:
        """Take up a call that was written before a restart, so that nothing is told twice."""
        self._calls[row["id"]] = row

    def row_of(self, call_id: str) -> dict[str, Any] | None:
        """Return the row of a call that is up, as last shown."""
        return self._calls.get(call_id)

    def forget(self, call_id: str) -> None:
        """Drop a call that ended unseen; others write its end."""
        self._calls.pop(call_id, None)

    # ---- what happens

    def shown(
        self,
        call: Call,
        under: DispatchCall | None,
        what: Nature,
        at: Millis,
        hides: Callable[[str], bool] = lambda channel_id: False,
    ) -> None:
        """A call is on the board, new or changed; legs that ``hides`` tells have their own book."""
        before = self._calls.get(call.id)
        row = self._row(call, under, what, before)
        if before is None:
            self._tell(self._started(row), at)
        if row["answered_at"] is not None and (before is None or before["answered_at"] is None):
            self._tell(self._answered(call, row), at)
        if row["owner"] and (before is None or before["owner"] != row["owner"]):
            login = self._login_of(row["owner"]) or ""
            row["login"] = login or row["login"]
            self._tell(CallOwned(call.id, at, row["owner"], login), at)
        if row != before:
            self._calls[call.id] = row
            self._dirty_calls[call.id] = dict(row)
            self._wake_up()
        for leg in call.legs.values():
            if not hides(leg.channel.id):
                self._leg(leg, call, under)

    def leg_ended(self, leg: Leg, cause: int, at: Millis) -> None:
        """A leg left the board."""
        row = self._legs.pop(leg.channel.id, None)
        if row is not None:
            self._dirty_legs[row["id"]] = {**row, "ended_at": at, "cause": cause}
            self._wake_up()

    def ended(self, call: Call, cause: int, at: Millis) -> dict[str, Any] | None:
        """A call left the board; return its last row."""
        row = self._calls.pop(call.id, None)
        if row is None:
            return None
        row = {**row, "ended_at": at, "cause": cause, "parked_at": None, "held_by": None}
        self._dirty_calls[call.id] = row
        self._tell(CallEnded(call.id, at, cause, row["answered_at"] is not None), at)
        return row

    def merged(self, old_id: str, into: str, at: Millis) -> None:
        """A call became part of another."""
        row = self._calls.pop(old_id, None)
        if row is not None:
            self._dirty_calls[old_id] = {**row, "merged_into": into, "ended_at": at}
            self._tell(CallMerged(old_id, at, into), at)

    # ---- rows

    def _row(
        self, call: Call, under: DispatchCall | None, what: Nature, before: dict[str, Any] | None
    ) -> dict[str, Any]:
        owner = (under.owner if under else None) or (before["owner"] if before else None)
        return {
            "id": call.id,
            "kind": what.kind.value,
            "digits": what.digits,
            "caller_number": what.caller_number[:32],
            "caller_name": what.caller_name[:128],
            "called_number": what.called_number[:32],
            "called_name": what.called_name[:128],
            "started_at": before["started_at"] if before else call.started_at,
            "answered_at": (before["answered_at"] if before else None) or call.answered_at,
            "ended_at": None,
            "cause": None,
            "owner": owner,
            "login": before["login"] if before else None,
            "parked_at": under.parked_at if under else None,
            "held_by": under.held_by if under else None,
            "merged_into": None,
        }

    def _leg(self, leg: Leg, call: Call, under: DispatchCall | None) -> None:
        before = self._legs.get(leg.channel.id)
        number, name = leg_party(leg, under, self._book)
        answered = before["answered_at"] if before else None
        if answered is None and leg.state.value in ("up", "held"):
            answered = leg.since
        row = {
            "id": leg.channel.id,
            "call_id": call.id,
            "phone": leg.channel.endpoint,
            "extension": self._book.extension_of(leg.channel.endpoint),
            "number": number[:32],
            "name": name[:128],
            "role": leg_role(leg, call, under, self._book).value,
            "started_at": before["started_at"] if before else leg.channel.created_at or leg.since,
            "answered_at": answered,
            "ended_at": None,
            "cause": None,
        }
        if row != before:
            self._legs[leg.channel.id] = row
            self._dirty_legs[leg.channel.id] = row
            self._wake_up()

    @staticmethod
    def _started(row: dict[str, Any]) -> CallStarted:
        return CallStarted(
            row["id"],
            row["started_at"],
            row["kind"],
            row["caller_number"],
            row["called_number"],
            row["digits"] or "",
            row["caller_name"],
            row["called_name"],
        )

    def _answered(self, call: Call, row: dict[str, Any]) -> CallAnswered:
        extensions = [
            extension
            for leg in call.legs.values()
            if leg is not call.first
            and leg.state.value in ("up", "held")
            and (extension := self._book.extension_of(leg.channel.endpoint))
        ]
        answerer = next((e for e in extensions if self._book.is_desk(e)), "") or next(
            iter(extensions), ""
        )
        row["owner"] = row["owner"] or (
            answerer if row["kind"] == CallKind.EMERGENCY.value else None
        )
        login = (self._login_of(answerer) if answerer else None) or ""
        row["login"] = row["login"] or login or None
        waited = max(0, row["answered_at"] - row["started_at"])
        return CallAnswered(call.id, row["answered_at"], answerer, login, waited)

    # ---- writing

    def _tell(self, fact: Fact, at: Millis) -> None:
        self._facts.append((fact, at))
        self._wake_up()

    def _wake_up(self) -> None:
        self._quiet.clear()
        self._wake.set()

    async def run(self) -> None:
        """Write what waits, for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self._flush()
            if not self._wake.is_set():
                self._quiet.set()

    async def written(self) -> None:
        """Wait until everything noted so far is on the disk."""
        await self._quiet.wait()

    async def _flush(self) -> None:
        calls, self._dirty_calls = self._dirty_calls, {}
        legs, self._dirty_legs = self._dirty_legs, {}
        facts, self._facts = self._facts, []
        try:
            await self._db.write(_write, list(calls.values()), list(legs.values()), facts)
        except Refusal as refusal:
            log.error("calls wait to be written: %s", refusal)
            self._dirty_calls = {**calls, **self._dirty_calls}
            self._dirty_legs = {**legs, **self._dirty_legs}
            self._facts = facts + self._facts
            await asyncio.sleep(RETRY_SECONDS)
            self._wake.set()


def _write(
    conn: Connection,
    calls: list[dict[str, Any]],
    legs: list[dict[str, Any]],
    facts: list[tuple[Fact, Millis]],
) -> None:
    store.put_calls(conn, calls)
    store.put_legs(conn, legs)
    for fact, at in facts:
        append(conn, fact, at=at)
