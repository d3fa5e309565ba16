"""What the parts of the incidents layer share: the database, the screens, and how an incident is shown."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Any, Protocol

from sqlalchemy import Connection

from softswitch.access import audit
from softswitch.access.model import Actor
from softswitch.clock import Clock, Millis, now
from softswitch.errors import Refusal, not_found
from softswitch.events import Fact, IncidentClaimed
from softswitch.layers.incidents import search_store, store, timeline_store
from softswitch.layers.incidents.model import OVER, Status, outdated
from softswitch.layers.incidents.store import Row
from softswitch.store.database import Database
from softswitch.store.event_log import append

MOST_SHOWN = 200
EDITED = "incident.edited"
"""The kind of entry that keeps what a change replaced."""
VERSIONED = (EDITED, "incident.moved", "incident.claimed")
"""Entries that tell ``version`` and ``fields``: name → before, after."""


class Screen(Protocol):
    """Where incidents are shown."""

    def put(self, entity: str, id: str, value: dict[str, Any]) -> None: ...  # noqa: A002
    def drop(self, entity: str, id: str) -> None: ...  # noqa: A002


ClassName = Callable[[str], tuple[str, str]]
LookUp = Callable[[str], Awaitable[tuple[str, str] | None]]


def new_id() -> str:
    """Return an id for a thing that is about to be written."""
    return secrets.token_hex(8)


class Books:
    """Incidents that are worked on are on the screens; all are in the database."""

    def __init__(
        self,
        db: Database,
        screen: Screen,
        *,
        class_name: ClassName,
        calls_changed: Callable[[list[str]], None],
        clock: Clock = now,
    ) -> None:
        self.db = db
        self.clock = clock
        self._screen = screen
        self._class_name = class_name
        self._calls_changed = calls_changed
        self._by_call: dict[str, str] = {}
        self._shown: dict[str, None] = {}

    def incident_of(self, call_id: str) -> str | None:
        """Return the incident of a call that is, or was lately, up."""
        return self._by_call.get(call_id)

    async def load(self) -> None:
        """Show what is worked on."""
        for row in reversed(await self.db.read(store.still_open, MOST_SHOWN)):
            self._show(row)

    async def show(self, ids: Collection[str]) -> None:
        """Bring incidents that changed to the screens."""
        if ids:
            self.show_rows(await self.db.read(rows_of, ids))

    def show_rows(self, rows: Iterable[Row]) -> None:
        """Bring rows to the screens."""
        for row in rows:
            self._show(row)

    def _show(self, row: Mapping[str, Any]) -> None:
        if not row["merged_into"]:
            moved = [one for one in row["call_ids"] if self._by_call.get(one) != row["id"]]
            self._by_call.update(dict.fromkeys(moved, row["id"]))
            self._calls_changed(moved)
        if Status(row["status"]) in OVER or row["merged_into"]:
            self._screen.drop("incident", row["id"])
            self._shown.pop(row["id"], None)
            return
        self._screen.put("incident", row["id"], self.view(row))
        self._shown[row["id"]] = None
        while len(self._shown) > MOST_SHOWN:
            oldest = next(iter(self._shown))
            del self._shown[oldest]
            self._screen.drop("incident", oldest)

    def view(self, row: Mapping[str, Any]) -> Row:
        """Return an incident as JSON."""
        name_zh, name_en = self._class_name(row["digits"])
        # Column names are a kind of str that the encoder of the live socket refuses as keys.
        plain = {str(key): value for key, value in row.items()}
        return {**plain, "class_name": name_zh, "class_name_en": name_en}

    async def get(self, incident_id: str) -> Row:
        """Return one incident, or refuse."""
        row = await self.db.read(store.by_id, incident_id)
        if row is None:
            raise unknown(incident_id)
        return self.view(row)

    async def act(self, fn: Callable[[Connection, Millis], set[str]]) -> None:
        """Write a change of incidents at the present instant, then show those whose ids it returns."""
        at = self.clock()

        def write(conn: Connection) -> list[Row]:
            return rows_of(conn, fn(conn, at))

        self.show_rows(await self.db.write(write))


# ---- what every change does, in its transaction


def must(conn: Connection, incident_id: str) -> Row:
    """Return an incident that is about to be changed, or refuse."""
    row = store.bare(conn, incident_id)
    if row is None:
        raise unknown(incident_id)
    return row


def unknown(incident_id: str) -> Refusal:
    """Return the refusal for an incident that does not exist."""
    return not_found("incident", incident_id, "Look with `softswitch incident list`.")


def at_version(conn: Connection, row: Mapping[str, Any], version: int) -> None:
    """Refuse a change made on an older picture, with what was changed since and by whom."""
    if row["version"] == version:
        return
    edits = timeline_store.of_kinds(conn, row["id"], VERSIONED)
    newer = [
        {"login": one["login"], "at": one["at"], "fields": one["body"]["fields"]}
        for one in reversed(edits)
        if one["body"]["version"] > version
    ]
    raise outdated("incident", row["id"], row["version"], newer)


def changed(
    conn: Connection, row: Mapping[str, Any], at: Millis, login: str, values: Mapping[str, Any]
) -> int:
    """Write new values of an incident, keep the old ones in the timeline, and return the new version."""
    fields = {name: [row[name], value] for name, value in values.items() if row[name] != value}
    version = row["version"]
    if not fields:
        return int(version)
    written = {name: after for name, (_before, after) in fields.items()}
    store.change(conn, row["id"], version, at, written)
    body = {"fields": fields, "version": version + 1}
    timeline_store.write(
        conn, timeline_store.entry(row["id"], EDITED, at, body, entry_id=new_id(), login=login)
    )
    search_store.reindex(conn, [row["id"]])
    return int(version + 1)


def tell(
    conn: Connection, actor: str, act: str, incident_id: str, body: Mapping[str, Any], *facts: Fact,
    at: Millis, ref: str = "", also: Collection[str] = (),
) -> None:  # fmt: skip
    """Write an act into the timeline (and those of ``also``), the audit log and the log of facts."""
    ids = dict.fromkeys([incident_id, *also])
    told = [
        timeline_store.entry(each, act, at, body, entry_id=new_id(), login=actor, ref=ref)
        for each in ids
    ]
    timeline_store.write(conn, *told)
    audit.append(conn, actor, act, incident_id, dict(body), at=at)
    append(conn, *facts, at=at)


def claimed(
    conn: Connection, before: Mapping[str, Any], login: str, at: Millis, *, only_free: bool
) -> Row | None:
    """Give an incident an owner; return the entry of the timeline that is to be written, None when nothing changed.

    Its words are then to be written anew too.
    """
    incident = before["id"]
    if not store.own(conn, incident, login, at, only_free=only_free):
        return None
    append(conn, IncidentClaimed(incident, at, login), at=at)
    body = {"fields": {"owner": [before["owner"], login]}, "version": before["version"] + 1}
    return timeline_store.entry(
        incident, "incident.claimed", at, body, entry_id=new_id(), login=login
    )


def rights_of(actor: Actor) -> list[str]:
    """Return the rights of a reader as the timeline names them."""
    from softswitch.access.policy import rights_of as of_role

    return [right.value for right in of_role(actor.role)]


def rows_of(conn: Connection, ids: Collection[str]) -> list[Row]:
    """Return incidents as they are shown."""
    found = [row for each in ids if (row := store.bare(conn, each)) is not None]
    return store.with_calls(conn, found) if found else []
