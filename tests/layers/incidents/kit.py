"""The incidents layer on a database on the disk, with the clock, the telephone and the screen in our hands."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from smsgateway.recipients.mobile import mobile
from softswitch.access.model import Actor, Role
from softswitch.errors import Refusal
from softswitch.events import CallEnded, CallStarted, Fact
from softswitch.layers.incidents.build import Incidents
from softswitch.layers.incidents.model import incident_id
from softswitch.store.database import Database
from softswitch.store.event_log import EventLog, append

LI = Actor("li", "李", Role.DISPATCHER)
WANG = Actor("wang", "王", Role.DISPATCHER)
CHEN = Actor("chen", "陈", Role.SUPERVISOR)
HE = Actor("he", "何", Role.SUPERVISOR)
MINUTE = 60_000
BEGIN = 1_790_000_000_000


class Screen:
    """What is shown."""

    def __init__(self) -> None:
        self.shown: dict[str, dict[str, Any]] = {}

    def put(self, entity: str, id: str, value: dict[str, Any]) -> None:  # noqa: A002
        assert entity == "incident"
        self.shown[id] = value

    def drop(self, entity: str, id: str) -> None:  # noqa: A002
        self.shown.pop(id, None)


class Telephone:
    """Takes orders; ``refusal`` is its answer when it has one."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, str]] = []
        self.refusal: Refusal | None = None

    async def tell(
        self, login: str, order_id: str, text: str, number: str, name: str, deputy: str
    ) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.told.append((order_id, number, text))


class Messages:
    """Takes short messages; ``gone``: which of them were lost, and why."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, str]] = []
        self.linked = True
        self.gone: dict[str, str] = {}

    def number(self, text: str) -> str:
        return str(mobile(text))

    async def ready(self) -> bool:
        return self.linked

    async def lost(self, message_ids: Collection[str]) -> Mapping[str, str]:
        return {key: why for key, why in self.gone.items() if key in message_ids}

    async def send(self, message_id: str, number: str, text: str) -> None:
        self.sent.append((message_id, number, text))


class Bench:
    """One layer and what it lives off."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.now = BEGIN
        self.screen = Screen()
        self.telephone = Telephone()
        self.messages = Messages()
        self.calls_changed: list[str] = []
        self.font: Path | None = None
        self.log = EventLog(db)
        self.layer = Incidents(
            db, self.screen, class_name=lambda digits: (f"{digits}急", f"{digits} emergency"),
            look_up=self.look_up, calls_changed=self.calls_changed.extend,
            telephone=self.telephone, messages=self.messages, font=lambda: self.font,
            clock=lambda: self.now,
        )  # fmt: skip

    async def look_up(self, number: str) -> tuple[str, str] | None:
        return {"13900000001": ("张三", "自流井区光大街12号")}.get(number)

    async def tell(self, *facts: Fact) -> None:
        """Let facts happen, and wait until the layer has heard them."""
        await self.db.write(append, *facts)
        await self.log.drained()

    async def call(self, call_id: str, number: str = "13900000001", digits: str = "119") -> str:
        """An emergency call begins; return the id of its incident."""
        self.now += 1_000
        await self.tell(CallStarted(call_id, self.now, "emergency", number, digits, digits))
        return incident_id(call_id)

    async def ends(self, call_id: str) -> None:
        await self.tell(CallEnded(call_id, self.now, 16, answered=True))

    async def kinds(self, incident: str, actor: Actor = CHEN) -> list[str]:
        """What the timeline tells, in order."""
        told = await self.layer.service.timeline(actor, incident, None, 500)
        return [entry["kind"] for entry in told["entries"]]

    async def version(self, incident: str) -> int:
        return int((await self.layer.get(incident))["version"])


@asynccontextmanager
async def bench(path: Path) -> AsyncIterator[Bench]:
    async with Database.at(path) as db:
        made = Bench(db)
        await made.layer.start(made.log)
        await made.log.start()
        try:
            yield made
        finally:
            await made.log.close()
