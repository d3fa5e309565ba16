"""From the facts of calls to incidents. Telling a fact twice changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection

from softswitch.events import (
    CallAnswered,
    CallMerged,
    CallOwned,
    CallStarted,
    Fact,
    IncidentClaimed,
    IncidentDrafted,
)
from softswitch.layers.incidents import store
from softswitch.layers.incidents.model import Status, incident_id
from softswitch.store.event_log import append

KINDS: tuple[type[Fact], ...] = (CallStarted, CallAnswered, CallOwned, CallMerged)

Known = Callable[[str], tuple[str, str]]
"""Number → name and address."""


def consume(conn: Connection, facts: Sequence[Fact], known: dict[str, tuple[str, str]]) -> set[str]:
    """Apply facts; return the ids of the incidents that changed."""
    changed: set[str] = set()
    for fact in facts:
        if isinstance(fact, CallStarted):
            changed |= _started(conn, fact, known)
        elif isinstance(fact, CallOwned | CallAnswered):
            changed |= _owned(conn, fact)
        elif isinstance(fact, CallMerged):
            changed |= _merged(conn, fact)
    return changed


def _started(conn: Connection, fact: CallStarted, known: dict[str, tuple[str, str]]) -> set[str]:
    if fact.kind_of_call != "emergency":
        return set()
    name, address = known.get(fact.caller_number, ("", ""))
    row: dict[str, Any] = {
        "id": incident_id(fact.call_id),
        "title": "",
        "status": Status.DRAFT.value,
        "owner": None,
        "number": fact.caller_number,
        "name": fact.caller_name or name,
        "address": address,
        "digits": fact.digits,
        "note": "",
        "created_at": fact.at,
        "updated_at": fact.at,
        "version": 1,
    }
    if not store.draft(conn, row, fact.call_id):
        return set()
    drafted = IncidentDrafted(row["id"], fact.at, fact.call_id, fact.caller_number, fact.digits)
    append(conn, drafted, at=fact.at)
    return {row["id"]}


def _owned(conn: Connection, fact: CallOwned | CallAnswered) -> set[str]:
    """The first who answers owns the incident; a later owner of the call (transfer, takeover) follows."""
    found = store.incident_of(conn, fact.call_id)
    if found is None or not fact.login:
        return set()
    first = isinstance(fact, CallAnswered)
    if not store.own(conn, found, fact.login, fact.at, only_free=first):
        return set()
    append(conn, IncidentClaimed(found, fact.at, fact.login), at=fact.at)
    return {found}


def _merged(conn: Connection, fact: CallMerged) -> set[str]:
    """The incident travels with its call into the call that it became part of."""
    found = store.incident_of(conn, fact.call_id)
    if found is None:
        return set()
    store.attach(conn, fact.into_call_id, found)
    return {found}
