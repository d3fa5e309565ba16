"""The incidents layer: follows calls, shows drafts, lets dispatchers claim and edit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Connection

from softswitch.access import audit
from softswitch.access.model import Actor
from softswitch.clock import Clock, now
from softswitch.errors import conflict, not_found
from softswitch.events import CallStarted, IncidentClaimed
from softswitch.layers.incidents import store
from softswitch.layers.incidents.consume import KINDS, consume
from softswitch.layers.incidents.model import Status, changed_text, outdated
from softswitch.store.database import Database
from softswitch.store.event_log import EventLog, Stored, append

MOST_SHOWN = 200


class Screen(Protocol):
    """Where incidents are shown."""

    def put(self, entity: str, id: str, value: dict[str, Any]) -> None: ...  # noqa: A002
    def drop(self, entity: str, id: str) -> None: ...  # noqa: A002


ClassName = Callable[[str], tuple[str, str]]
LookUp = Callable[[str], Awaitable[tuple[str, str] | None]]


class IncidentService:
    """Incidents that are not closed are on the screens; all are in the database."""

    def __init__(
        self,
        db: Database,
        screen: Screen,
        *,
        class_name: ClassName,
        look_up: LookUp,
        calls_changed: Callable[[list[str]], None],
        clock: Clock = now,
    ) -> None:
        self._db = db
        self._screen = screen
        self._class_name = class_name
        self._look_up = look_up
        self._calls_changed = calls_changed
        self._clock = clock
        self._by_call: dict[str, str] = {}
        self._shown: dict[str, None] = {}

    async def start(self, log: EventLog) -> None:
        """Show what is open and follow the facts of calls."""
        for row in reversed(await self._db.read(store.still_open, MOST_SHOWN)):
            self._show(row)
        log.subscribe("incidents", KINDS, self._consume)

    def incident_of(self, call_id: str) -> str | None:
        """Return the incident of a call that is, or was lately, up."""
        return self._by_call.get(call_id)

    async def _consume(self, facts: Sequence[Stored]) -> None:
        events = [stored.event for stored in facts]
        known: dict[str, tuple[str, str]] = {}
        for event in events:
            if isinstance(event, CallStarted) and event.kind_of_call == "emergency":
                found = await self._look_up(event.caller_number)
                if found is not None:
                    known[event.caller_number] = found
        changed = await self._db.write(consume, events, known)
        for incident in changed:
            row = await self._db.read(store.by_id, incident)
            if row is not None:
                self._show(row)

    def _show(self, row: Mapping[str, Any]) -> None:
        for call_id in row["call_ids"]:
            self._by_call[call_id] = row["id"]
        self._calls_changed(list(row["call_ids"]))
        if row["status"] == Status.CLOSED.value:
            self._screen.drop("incident", row["id"])
            self._shown.pop(row["id"], None)
            return
        self._screen.put("incident", row["id"], self.view(row))
        self._shown[row["id"]] = None
        while len(self._shown) > MOST_SHOWN:
            oldest = next(iter(self._shown))
            del self._shown[oldest]
            self._screen.drop("incident", oldest)

    def view(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return an incident as JSON."""
        name_zh, name_en = self._class_name(row["digits"])
        # Column names are a kind of str that the encoder of the live socket refuses as keys.
        plain = {str(key): value for key, value in row.items()}
        return {**plain, "class_name": name_zh, "class_name_en": name_en}

    # ---- what people do

    async def get(self, incident_id: str) -> dict[str, Any]:
        """Return one incident, or refuse."""
        row = await self._db.read(store.by_id, incident_id)
        if row is None:
            raise not_found("incident", incident_id, "Look with `softswitch incident list`.")
        return self.view(row)

    async def find(self, **wanted: Any) -> list[dict[str, Any]]:
        """Return incidents, newest first."""
        return [self.view(row) for row in await self._db.read(store.page, **wanted)]

    async def claim(self, actor: Actor, incident_id: str) -> dict[str, Any]:
        """Own an incident that nobody owns: one of those who press at once gets it."""
        at = self._clock()

        def write(conn: Connection) -> bool:
            won = store.own(conn, incident_id, actor.login, at, only_free=True)
            if won:
                audit.append(conn, actor.login, "incident.claim", incident_id, {}, at=at)
                append(conn, IncidentClaimed(incident_id, at, actor.login), at=at)
            return won

        won = await self._db.write(write)
        row = await self.get(incident_id)
        if not won and row["owner"] != actor.login:
            raise conflict(
                "owned",
                f"{row['owner'] or 'nobody'} owns incident {incident_id} ({row['status']}).",
                "Ask the owner, or take over the call.",
            )
        self._show(row)
        return row

    async def edit(
        self, actor: Actor, incident_id: str, version: int, fields: Mapping[str, str]
    ) -> dict[str, Any]:
        """Change texts or status; refused when somebody else changed the incident meanwhile."""
        values = {
            name: Status(text).value if name == "status" else changed_text(name, text)
            for name, text in fields.items()
        }
        at = self._clock()

        def write(conn: Connection) -> bool:
            done = store.change(conn, incident_id, version, at, values)
            if done:
                changed = {"fields": sorted(values), "version": version + 1}
                audit.append(conn, actor.login, "incident.edit", incident_id, changed, at=at)
            return done

        done = await self._db.write(write)
        row = await self.get(incident_id)
        if not done:
            raise outdated(incident_id, row["version"])
        self._show(row)
        return row
