"""After a restart or a cut: what happened to emergency calls while nobody here watched.

Three sources, in this order: the journal that the switch keeps by itself, the rows that were open in the books,
and the snapshot of what is up.  Everything is idempotent: the same calls may be told again after the next crash.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from softswitch.calls import store
from softswitch.calls.model import CallKind
from softswitch.calls.phonebook import Phonebook
from softswitch.clock import Millis
from softswitch.events import CallAbandoned, CallAnswered, CallEnded, CallStarted
from softswitch.ports import Journal, PastCall
from softswitch.store.database import Database
from softswitch.store.event_rows import append

log = logging.getLogger(__name__)

CURSOR = "journal_cursor"
SWITCH_STARTED = "switch_started_at"
NORMAL_CLEARING, TEMPORARY_FAILURE = 16, 41
"""Q.850 causes of calls that ended unseen: in the ordinary way, or with the switch."""


@dataclass(frozen=True, slots=True)
class Unseen:
    """What is known when the switch is connected again.

    ``gone`` are rows that were open and are not up; ``lost`` calls that were up when the switch died;
    ``up`` the ids of calls that are up.
    """

    gone: Sequence[Mapping[str, Any]]
    lost: Sequence[Mapping[str, Any]]
    up: Collection[str]
    switch_started_at: Millis | None
    switch_restarted: bool
    at: Millis


class Reconciler:
    """Writes what the journal and the snapshot tell, and names the callers to call back."""

    def __init__(self, db: Database, journal: Journal | None, book: Phonebook) -> None:
        self._db = db
        self._journal = journal
        self._book = book

    async def write(self, unseen: Unseen) -> list[CallAbandoned]:
        """Write it in one transaction; return who gave up, or was lost, unanswered."""
        past: list[PastCall] = []
        cursor = ""
        if self._journal is not None:
            known = await self._db.read(store.get_state, CURSOR)
            past, cursor = await asyncio.to_thread(self._journal.read, known or "")
        abandoned = await self._db.write(_write, unseen, past, cursor, self._phone_owner)
        if self._journal is not None:
            await asyncio.to_thread(self._journal.rotate, cursor)
        return abandoned

    def _phone_owner(self, phone_id: str) -> str:
        return self._book.extension_of(phone_id) or ""

    async def skip_to_end(self) -> None:
        """Move the cursor on while all is seen live; to be called when no emergency call is up."""
        if self._journal is None:
            return
        known = await self._db.read(store.get_state, CURSOR)
        _, cursor = await asyncio.to_thread(self._journal.read, known or "")
        await self._db.write(store.set_state, CURSOR, cursor)
        await asyncio.to_thread(self._journal.rotate, cursor)


def _write(
    conn: Connection,
    unseen: Unseen,
    past: Sequence[PastCall],
    cursor: str,
    owner_of: Callable[[str], str],
) -> list[CallAbandoned]:
    abandoned: dict[str, CallAbandoned] = {}
    told: set[str] = set()
    for call in past:
        if call.ended_at is None and call.call_id in unseen.up:
            continue
        told.add(call.call_id)
        if _write_past(conn, call, owner_of(call.answered_by), unseen.at):
            abandoned[call.call_id] = _from_journal(call, unseen.at)
    cause = TEMPORARY_FAILURE if unseen.switch_restarted else NORMAL_CLEARING
    store.end_calls(conn, [row["id"] for row in unseen.gone], unseen.at, cause)
    for row in [*unseen.gone, *unseen.lost]:
        emergency = row["kind"] == CallKind.EMERGENCY.value
        open_end = unseen.switch_restarted or row["answered_at"] is None
        if emergency and open_end and row["id"] not in told:
            reason = "switch_restarted" if unseen.switch_restarted else "caller"
            abandoned[row["id"]] = from_row(row, unseen.at, reason)
    if unseen.switch_started_at is not None:
        store.set_state(conn, SWITCH_STARTED, str(unseen.switch_started_at))
    if cursor:
        store.set_state(conn, CURSOR, cursor)
    return list(abandoned.values())


def _write_past(conn: Connection, call: PastCall, extension: str, at: Millis) -> bool:
    """Write a call of the journal; tell whether its caller must be called back."""
    # With no end in the journal the switch itself died in the call.
    ended_at, cause = call.ended_at or at, call.cause if call.ended_at else TEMPORARY_FAILURE
    row = {
        "id": call.call_id,
        "kind": CallKind.EMERGENCY.value,
        "digits": call.digits,
        "caller_number": call.number[:32],
        "called_number": call.digits,
        "started_at": call.started_at,
        "answered_at": call.answered_at,
        "ended_at": ended_at,
        "cause": cause,
        "owner": extension or None,
    }
    if store.add_call(conn, row):
        append(
            conn,
            CallStarted(
                call.call_id,
                call.started_at,
                CallKind.EMERGENCY.value,
                call.number,
                call.digits,
                call.digits,
            ),
            at=call.started_at,
        )
        if call.answered_at is not None:
            waited = call.answered_at - call.started_at
            answered = CallAnswered(call.call_id, call.answered_at, extension, "", waited)
            append(conn, answered, at=call.answered_at)
        append(conn, CallEnded(call.call_id, ended_at, cause, bool(call.answered_at)), at=ended_at)
    else:
        known = store.complete_call(conn, call.call_id, call.answered_at, ended_at, cause)
        if known is not None:
            return known["answered_at"] is None or call.ended_at is None
    return call.answered_at is None or call.ended_at is None


def _from_journal(call: PastCall, at: Millis) -> CallAbandoned:
    ended = call.ended_at or at
    reason = "journal" if call.ended_at else "switch_restarted"
    waited = max(0, ended - call.started_at)
    return CallAbandoned(call.call_id, ended, call.digits, call.number, waited, reason)


def from_row(row: Mapping[str, Any], at: Millis, reason: str) -> CallAbandoned:
    """Return the fact for a call of which only the row is known."""
    waited = max(0, at - row["started_at"])
    number, digits = row["caller_number"], row["digits"] or ""
    return CallAbandoned(row["id"], at, digits, number, waited, reason)
