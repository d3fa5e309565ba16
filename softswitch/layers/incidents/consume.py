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
    batch = _Batch(conn, facts)
    for stored in facts:
        fact = stored.event
        if isinstance(fact, CallStarted):
            batch.started(fact, known)
        elif isinstance(fact, CallMerged):
            batch.merged(fact)
        batch.enter(stored)
    batch.write()
    return batch.changed


class _Batch:
    """What some facts do to incidents. A busy minute has many of them: each thing is asked and written once."""

    def __init__(self, conn: Connection, facts: Sequence[Stored]) -> None:
        self._conn = conn
        self.changed: set[str] = set()
        # Told before: its entry stands there, and so does all else that it changed.
        self._told = timeline_store.known(conn, _entry_id(facts[0]), _entry_id(facts[-1]))
        self._entries: list[store.Row] = []
        self._drafted: set[str] = set()
        self._reworded: dict[str, None] = {}
        self._of_call: dict[str, str | None] = {}
        self._of_task: dict[str, str] = {}
        self._roots: dict[str, str | None] = {}

    def started(self, fact: CallStarted, known: Known) -> None:
        """A call of an emergency number is an incident, drafted once."""
        if fact.kind_of_call != "emergency" or self._incident_of(fact.call_id) is not None:
            return
        name, address = known.get(fact.caller_number, ("", ""))
        row: dict[str, Any] = {
            "id": incident_id(fact.call_id),
            "status": Status.DRAFT.value,
            "number": fact.caller_number,
            "name": fact.caller_name or name,
            "address": address,
            "digits": fact.digits,
            "created_at": fact.at,
            "updated_at": fact.at,
        }
        store.draft(self._conn, row, fact.call_id)
        self._of_call[fact.call_id] = row["id"]
        self._drafted.add(row["id"])
        self._reworded[row["id"]] = None
        drafted = IncidentDrafted(row["id"], fact.at, fact.call_id, fact.caller_number, fact.digits)
        append(self._conn, drafted, at=fact.at)

    def merged(self, fact: CallMerged) -> None:
        """The incident travels with its call into the call that it became part of; two incidents are related."""
        found = self._incident_of(fact.call_id)
        if found is None:
            return
        other = self._incident_of(fact.into_call_id)
        if other is None:
            store.attach(self._conn, fact.into_call_id, found)
            self._of_call[fact.into_call_id] = found
        elif other != found:
            store.link(self._conn, found, other, "calls joined", "system", fact.at)

    def enter(self, stored: Stored) -> None:
        """Write a fact into the timeline of its incident, once, with all that it changes there."""
        fact = stored.event
        about = self._about(fact)
        entry_id = _entry_id(stored)
        if about is None or entry_id in self._told:
            return
        self.changed.add(about)
        self._entries.append(_entry(about, stored, entry_id))
        if task := getattr(fact, "task_id", ""):
            self._of_task[task] = about
        if isinstance(fact, CallOwned | CallAnswered):
            self._owned(about, fact)
        if getattr(fact, "latitude", None) is not None:
            self._write_entries()
            _located(self._conn, about, fact)

    def write(self) -> None:
        """Write what was collected."""
        self._write_entries()
        for each in self._reworded:
            search_store.reindex(self._conn, [each], new=each in self._drafted)

    def _write_entries(self) -> None:
        timeline_store.write(self._conn, *self._entries)
        self._entries.clear()

    def _owned(self, incident: str, fact: CallOwned | CallAnswered) -> None:
        """The first who answers owns the incident; a later owner of the call (transfer, takeover) follows."""
        if not fact.login:
            return
        first = isinstance(fact, CallAnswered)
        row = store.bare(self._conn, incident)
        if row is None:
            return
        told = claimed(self._conn, row, fact.login, fact.at, only_free=first)
        if told is not None:
            self._entries.append(told)
            self._reworded[incident] = None

    def _about(self, fact: Fact) -> str | None:
        """Return the incident that a fact is about: the one at the top when it was merged."""
        if named := getattr(fact, "incident_id", ""):
            return self._root(named)
        call_id = getattr(fact, "call_id", "")
        if call_id and (found := self._incident_of(call_id)):
            return found
        task_id = getattr(fact, "task_id", "")
        if not task_id:
            return None
        return self._of_task.get(task_id) or timeline_store.with_ref(self._conn, task_id)

    def _incident_of(self, call_id: str) -> str | None:
        if call_id not in self._of_call:
            self._of_call[call_id] = store.incident_of(self._conn, call_id)
        return self._of_call[call_id]

    def _root(self, incident: str) -> str | None:
        if incident not in self._roots:
            row = store.bare(self._conn, incident)
            self._roots[incident] = row["root"] if row else None
        return self._roots[incident]


def _entry_id(stored: Stored) -> str:
    return f"f{stored.seq:016d}"


def _entry(incident: str, stored: Stored, entry_id: str) -> store.Row:
    fact = stored.event
    body = to_json(fact)
    at = body.pop("at", stored.at)
    body.pop("incident_id", None)
    ref = getattr(fact, "task_id", "") or getattr(fact, "call_id", "")
    needs = timeline_store.OWN_RIGHT if fact.right in _SEEN_BY_ALL else fact.right
    login = getattr(fact, "login", "")
    return timeline_store.entry(
        incident, fact.kind, at, body, entry_id=entry_id, login=login, ref=ref, needs=needs
    )


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
