"""From the facts of calls to incidents and their timeline. Telling a fact twice changes nothing.

Whatever tells ``incident_id`` or ``call_id`` stands in the timeline: a layer that comes later writes its facts
with one of them, and nothing has to be changed here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from softswitch.clock import Millis
from softswitch.events import (
    CallAnswered,
    CallMerged,
    CallOwned,
    CallStarted,
    Fact,
    IncidentDrafted,
    kinds,
    to_json,
)
from softswitch.layers.incidents import search_store, store, timeline_store
from softswitch.layers.incidents.books import claimed
from softswitch.layers.incidents.model import Status, incident_id
from softswitch.store.event_log import Stored, append

Known = dict[str, tuple[str, str]]
"""Number → name and address."""

OWN = "incident."
"""Our own facts are in the timeline already, written with the change that they tell."""
_ABOUT = ("incident_id", "call_id", "task_id")
_SEEN_BY_ALL = frozenset({"board.read", "call.read", "task.read", "incident.read"})
"""Who works on an incident sees its calls; any other fact keeps the right that it takes to read it."""


def kinds_followed() -> tuple[type[Fact], ...]:
    """Return every kind of fact that can be about an incident, from whichever part of the system."""
    return tuple(
        cls for kind, cls in sorted(kinds().items()) if not kind.startswith(OWN) and _tells(cls)
    )


def _tells(cls: type[Fact]) -> bool:
    names = {field.name for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    return not names.isdisjoint(_ABOUT)


def consume(conn: Connection, facts: Sequence[Stored], known: Known) -> set[str]:
    """Apply facts; return the ids of the incidents that changed."""
    changed: set[str] = set()
    for stored in facts:
        fact = stored.event
        if isinstance(fact, CallStarted):
            _started(conn, fact, known)
        elif isinstance(fact, CallMerged):
            _merged(conn, fact)
        found = incident_about(conn, fact)
        if found is None:
            continue
        # Told before: its entry stands there, and so does all else that it changed.
        if not _enter(conn, found, stored):
            continue
        changed.add(found)
        if isinstance(fact, CallOwned | CallAnswered):
            _owned(conn, found, fact)
        _located(conn, found, fact)
    return changed


def incident_about(conn: Connection, fact: Fact) -> str | None:
    """Return the incident that a fact is about: the one at the top when it was merged."""
    named = getattr(fact, "incident_id", "")
    if named:
        row = store.bare(conn, named)
        return row["root"] if row else None
    call_id = getattr(fact, "call_id", "")
    if call_id and (found := store.incident_of(conn, call_id)):
        return found
    task_id = getattr(fact, "task_id", "")
    return timeline_store.with_ref(conn, task_id) if task_id else None


def _enter(conn: Connection, incident: str, stored: Stored) -> bool:
    fact = stored.event
    body = {
        name: value for name, value in to_json(fact).items() if name not in {"at", "incident_id"}
    }
    ref = getattr(fact, "task_id", "") or getattr(fact, "call_id", "")
    needs = timeline_store.OWN_RIGHT if fact.right in _SEEN_BY_ALL else fact.right
    return timeline_store.write(
        conn, incident, fact.kind, getattr(fact, "at", stored.at), body,
        entry_id=f"f{stored.seq:016d}", login=getattr(fact, "login", ""), ref=ref, needs=needs,
    )  # fmt: skip


def _started(conn: Connection, fact: CallStarted, known: Known) -> None:
    if fact.kind_of_call != "emergency":
        return
    name, address = known.get(fact.caller_number, ("", ""))
    row: dict[str, Any] = {
        **store.EMPTY,
        "id": incident_id(fact.call_id),
        "status": Status.DRAFT.value,
        "number": fact.caller_number,
        "name": fact.caller_name or name,
        "address": address,
        "digits": fact.digits,
        "created_at": fact.at,
        "updated_at": fact.at,
    }
    if store.draft(conn, row, fact.call_id):
        search_store.reindex(conn, [row["id"]])
        drafted = IncidentDrafted(row["id"], fact.at, fact.call_id, fact.caller_number, fact.digits)
        append(conn, drafted, at=fact.at)


def _owned(conn: Connection, incident: str, fact: CallOwned | CallAnswered) -> None:
    """The first who answers owns the incident; a later owner of the call (transfer, takeover) follows."""
    if not fact.login:
        return
    first = isinstance(fact, CallAnswered)
    row = store.bare(conn, incident)
    if row is not None:
        claimed(conn, row, fact.login, fact.at, only_free=first)


def _merged(conn: Connection, fact: CallMerged) -> None:
    """The incident travels with its call into the call that it became part of; two incidents are related."""
    found = store.incident_of(conn, fact.call_id)
    if found is None or store.attach(conn, fact.into_call_id, found):
        return
    other = store.incident_of(conn, fact.into_call_id)
    if other is not None and other != found:
        store.link(conn, found, other, "calls joined", "system", fact.at)


def _located(conn: Connection, incident: str, fact: Fact) -> None:
    """A fact with a place gives it to an incident that has none, or one of the same source; people's own stays."""
    latitude, longitude = getattr(fact, "latitude", None), getattr(fact, "longitude", None)
    if latitude is None or longitude is None:
        return
    row = store.bare(conn, incident)
    if row is None or row["merged_into"] or _by_people(conn, row, fact):
        return
    values = {
        "latitude": latitude,
        "longitude": longitude,
        "uncertainty": getattr(fact, "uncertainty", 0.0) or 0.0,
    }
    at: Millis = getattr(fact, "at", 0) or row["updated_at"]
    store.change(conn, incident, row["version"], at, values)


def _by_people(conn: Connection, row: store.Row, fact: Fact) -> bool:
    """Tell whether an incident's place is another than those that facts of this kind gave it."""
    if row["latitude"] is None:
        return False
    told = timeline_store.of_kinds(conn, row["id"], [fact.kind])
    place = (row["latitude"], row["longitude"])
    return all(_place_in(entry["body"]) != place for entry in told)


def _place_in(body: Mapping[str, Any]) -> tuple[Any, Any]:
    return body.get("latitude", body.get("lat")), body.get("longitude", body.get("lon"))
