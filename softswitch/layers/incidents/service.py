"""The incidents layer: follows calls, shows drafts, lets people claim, edit, move and tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from softswitch.access import audit
from softswitch.access.model import Actor, Right
from softswitch.clock import Millis
from softswitch.errors import conflict, invalid
from softswitch.events import CallStarted
from softswitch.layers.incidents import kind_model, search_store, store, timeline_store
from softswitch.layers.incidents.books import (
    Books,
    LookUp,
    at_version,
    changed,
    claimed,
    must,
    new_id,
    rights_of,
    rows_of,
    tell,
)
from softswitch.layers.incidents.consume import Known, consume, kinds_followed
from softswitch.layers.incidents.events import IncidentChanged, IncidentMoved
from softswitch.layers.incidents.kinds import ClockOf, set_clock
from softswitch.layers.incidents.model import (
    TEXTS,
    Grade,
    Status,
    changed_text,
    check_editable,
    check_move,
    place,
)
from softswitch.layers.incidents.search_store import Wanted
from softswitch.layers.incidents.store import Row
from softswitch.store.event_log import EventLog, Stored, append
from softswitch.store.lists import Lists

LONGEST_TEXT = 4_000
_PLACE = ("latitude", "longitude", "uncertainty")


class IncidentService:
    """What happens to one incident."""

    def __init__(self, books: Books, *, look_up: LookUp, clock_of: ClockOf) -> None:
        self.books = books
        self._db = books.db
        self._lists = Lists(books.db, search_store.INCIDENTS, search_store.keys, newest_first=True)
        self._look_up = look_up
        self._clock_of = clock_of

    async def start(self, log: EventLog) -> None:
        """Show what is worked on and follow the facts of calls."""
        await self._db.write(search_store.make)
        while await self._db.write(search_store.catch_up):
            pass
        await self.books.load()
        log.subscribe("incidents", kinds_followed(), self._consume)

    def incident_of(self, call_id: str) -> str | None:
        """Return the incident of a call that is, or was lately, up."""
        return self.books.incident_of(call_id)

    async def _consume(self, facts: Sequence[Stored]) -> None:
        known: dict[str, tuple[str, str]] = {}
        for stored in facts:
            event = stored.event
            if isinstance(event, CallStarted) and event.kind_of_call == "emergency":
                found = await self._look_up(event.caller_number)
                if found is not None:
                    known[event.caller_number] = found
        self.books.show_rows(await self._db.write(_consumed, facts, known))

    # ---- reading

    async def get(self, incident_id: str) -> Row:
        """Return one incident, or refuse."""
        return await self.books.get(incident_id)

    async def find(self, wanted: Wanted) -> list[Row]:
        """Return incidents, newest first."""
        return [self.books.view(row) for row in await self._db.read(search_store.find, wanted)]

    async def part(self, wanted: Wanted, offset: int, limit: int) -> tuple[list[Row], int]:
        """Return incidents from a place of the list on, newest first, and how long the list is."""
        seqs, count = await self._lists.part(wanted, offset, limit)
        rows = await self._db.read(search_store.by_seqs, seqs)
        return [self.books.view(row) for row in rows], count

    async def timeline(
        self, actor: Actor, incident_id: str, after: tuple[Millis, int] | None, limit: int
    ) -> Row:
        """Return what happened, oldest first, as far as this person may see it, and what it is related to."""
        rights = rights_of(actor)

        def read(conn: Connection) -> Row:
            must(conn, incident_id)
            ids = store.family(conn, incident_id) or [incident_id]
            entries = timeline_store.page(conn, ids, rights=rights, after=after, limit=limit)
            return {"entries": entries, "links": store.links(conn, ids),
                    "merged": [each for each in ids if each != incident_id]}  # fmt: skip

        return await self._db.read(read)

    # ---- what people do

    async def create(self, actor: Actor, incident_id: str, fields: Mapping[str, Any]) -> Row:
        """Make an incident that no call told of. An id chosen before makes a repeat harmless."""
        values = _checked(fields)

        def write(conn: Connection, at: Millis) -> set[str]:
            if store.bare(conn, incident_id) is not None:
                return set()
            row = {"id": incident_id, "status": Status.DRAFT.value, "owner": actor.login,
                   "created_at": at, "updated_at": at, **values}  # fmt: skip
            store.add(conn, row)
            search_store.reindex(conn, [incident_id])
            # The map and the plans follow changes: a new incident may have a place, and a type that a plan waits for.
            fact = _fact(must(conn, incident_id), actor, sorted(values), at)
            tell(conn, actor.login, "incident.created", incident_id, values, fact, at=at)
            self._clock_set(conn, incident_id)
            return {incident_id}

        await self.books.act(write)
        return await self.get(incident_id)

    async def claim(self, actor: Actor, incident_id: str) -> Row:
        """Own an incident that nobody owns: one of those who press at once gets it."""
        at = self.books.clock()

        def write(conn: Connection) -> bool:
            before = must(conn, incident_id)
            told = claimed(conn, before, actor.login, at, only_free=True)
            if told is None:
                return False
            timeline_store.write(conn, told)
            search_store.reindex(conn, [incident_id])
            audit.append(conn, actor.login, "incident.claim", incident_id, {}, at=at)
            return True

        won = await self._db.write(write)
        row = await self.get(incident_id)
        if not won and row["owner"] != actor.login:
            raise conflict(
                "owned",
                f"{row['owner'] or 'nobody'} owns incident {incident_id} ({row['status']}).",
                "Ask the owner, or take over the call.",
            )
        await self.books.show([incident_id])
        return row

    async def edit(
        self, actor: Actor, incident_id: str, version: int, fields: Mapping[str, Any]
    ) -> Row:
        """Change texts, type, grade or place; refused when somebody else changed the incident meanwhile."""
        values = _checked(fields)

        def write(conn: Connection, at: Millis) -> set[str]:
            row = must(conn, incident_id)
            at_version(conn, row, version)
            check_editable(row)
            after = changed(conn, row, at, actor.login, values)
            if after != version:
                self._told(conn, actor, {**row, **values, "version": after}, sorted(values), at)
            return {incident_id}

        await self.books.act(write)
        return await self.get(incident_id)

    def _told(self, conn: Connection, actor: Actor, row: Row, names: list[str], at: Millis) -> None:
        shown = {"fields": names, "version": row["version"]}
        audit.append(conn, actor.login, "incident.edit", row["id"], shown, at=at)
        append(conn, _fact(row, actor, names, at), at=at)
        self._clock_set(conn, row["id"])

    def _clock_set(self, conn: Connection, incident_id: str) -> None:
        set_clock(conn, must(conn, incident_id), self._clock_of)

    async def move(
        self, actor: Actor, incident_id: str, version: int, after: Status, reason: str = ""
    ) -> Row:
        """Bring an incident into another state, as far as the states, the role and what is known allow."""
        reason = changed_text("reason", reason)
        reviews = actor.may(Right.INCIDENT_REVIEW)

        def write(conn: Connection, at: Millis) -> set[str]:
            row = must(conn, incident_id)
            at_version(conn, row, version)
            check_move(row, after, login=actor.login, reviews=reviews, reason=reason)
            closed_by = actor.login if after is Status.CLOSED else row["closed_by"]
            values = {"status": after.value, "status_at": at, "closed_by": closed_by}
            store.change(conn, incident_id, version, at, values)
            search_store.reindex(conn, [incident_id])
            body = {"before": row["status"], "after": after.value, "reason": reason,
                    "fields": {"status": [row["status"], after.value]}, "version": version + 1}  # fmt: skip
            fact = IncidentMoved(incident_id, at, actor.login, row["status"], after.value, reason,
                                 row["type"], row["grade"], row["latitude"], row["longitude"])  # fmt: skip
            tell(conn, actor.login, "incident.moved", incident_id, body, fact, at=at)
            self._clock_set(conn, incident_id)
            return {incident_id}

        await self.books.act(write)
        return await self.get(incident_id)

    async def note(self, actor: Actor, incident_id: str, text: str) -> Row:
        """Write a line into the timeline; it can be found by search."""
        said = changed_text("note", text)
        if not said:
            raise invalid("no_text", "The note is empty.", "Write something.", field="text")

        def write(conn: Connection, at: Millis) -> set[str]:
            row = must(conn, incident_id)
            tell(conn, actor.login, timeline_store.NOTE, incident_id, {"text": said}, at=at)
            search_store.reindex(conn, list({incident_id, row["root"]}))
            return {row["root"]}

        await self.books.act(write)
        return await self.get(incident_id)

    async def attach(self, actor: Actor, incident_id: str, call_id: str) -> Row:
        """Make a call part of an incident: one that a dispatcher placed for it."""

        def write(conn: Connection, at: Millis) -> set[str]:
            row = must(conn, incident_id)
            if (owner := store.incident_of(conn, call_id)) is not None:
                raise conflict("call_has_incident", f"Call {call_id} is part of incident {owner}.",
                               "Split it off there, or merge the two.")  # fmt: skip
            store.attach(conn, call_id, row["root"])
            tell(conn, actor.login, "incident.attached", row["root"], {"call_id": call_id}, at=at,
                 ref=call_id)  # fmt: skip
            return {row["root"]}

        await self.books.act(write)
        return await self.get(incident_id)


def _consumed(conn: Connection, facts: Sequence[Stored], known: Known) -> list[Row]:
    """Apply facts and return what is to be shown: read where it was written, without a second wait."""
    return rows_of(conn, consume(conn, facts, known))


def _fact(row: Row, actor: Actor, names: Sequence[str], at: Millis) -> IncidentChanged:
    return IncidentChanged(
        row["id"], at, actor.login, tuple(names), row["version"], row["status"], row["type"],
        row["grade"], row["latitude"], row["longitude"],
    )  # fmt: skip


def _checked(fields: Mapping[str, Any]) -> Row:
    """Return fields as they may be stored, or refuse them."""
    values: Row = {name: changed_text(name, fields[name]) for name in TEXTS if name in fields}
    if "type" in fields:
        values["type"] = kind_model.code(fields["type"]) if fields["type"] else ""
    if "grade" in fields:
        values["grade"] = Grade(fields["grade"]).value
    if fields.get("latitude") is not None or fields.get("longitude") is not None:
        latitude, longitude = fields.get("latitude"), fields.get("longitude")
        if latitude is None or longitude is None:
            raise invalid("bad_place", "Half a place is none.", "Give latitude and longitude.",
                          field="latitude")  # fmt: skip
        point = place(latitude, longitude, fields.get("uncertainty") or 0)
        values |= dict(zip(_PLACE, point, strict=True))
    if "number" in fields:
        values["number"] = fields["number"]
    return values


__all__ = ["IncidentService", "new_id"]
