"""The layer over a real database, with what it asks of others in the hands of the test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from softswitch.access.model import Actor, Role
from softswitch.events import CallEnded, CallStarted, Fact, IncidentDrafted
from softswitch.layers.gis.build import Asks, Gis
from softswitch.store.database import Database
from softswitch.store.event_log import EventLog, append

NUMBER = "13890012345"
ADDRESS = "自流井区光大街12号"
CHIEF = Actor("chief", "班长", Role.SUPERVISOR)


class Screen:
    """Keeps what is shown."""

    def __init__(self) -> None:
        self.shown: dict[str, dict[str, Any]] = {}

    def put(self, entity: str, id: str, value: dict[str, Any]) -> None:  # noqa: A002
        self.shown[id] = value

    def drop(self, entity: str, id: str) -> None:  # noqa: A002
        self.shown.pop(id, None)


class Bench:
    """The layer, its log, and what others would tell."""

    def __init__(self, db: Database, folder: Path, servers: tuple[str, ...] = ()) -> None:
        self.db = db
        self.screen = Screen()
        self.addresses: dict[str, str] = {}
        self.carried = ""
        self.enclosed: dict[str, bytes] = {}
        self.incidents: dict[str, str] = {}
        self.over: set[str] = set()
        """The calls that have ended."""
        self.log = EventLog(db)
        self.gis = Gis(
            db,
            self.screen,
            folder / "maps",
            Asks(
                forms=lambda n: (n,),
                canonical=lambda n: n,
                address_of=self._address_of,
                carried=self._carried,
                enclosed=self._enclosed,
                incident_of=self.incidents.get,
                is_up=lambda call_id: call_id not in self.over,
            ),
            location_servers=servers,
        )

    async def _address_of(self, number: str) -> str:
        return self.addresses.get(number, "")

    async def _carried(self, call_id: str) -> str:
        return self.carried

    async def _enclosed(self, call_id: str) -> dict[str, bytes]:
        return self.enclosed

    async def tell(self, *facts: Fact) -> None:
        """Write facts and wait until the layer has heard them."""

        def write(conn: Connection) -> None:
            append(conn, *facts)

        drafted = [fact for fact in facts if isinstance(fact, IncidentDrafted)]
        self.over |= {fact.call_id for fact in facts if isinstance(fact, CallEnded)}
        self.incidents |= {fact.call_id: fact.incident_id for fact in drafted}

        await self.db.write(write)
        await self.log.drained()

    async def call(self, call_id: str = "1.1", number: str = NUMBER) -> None:
        """An emergency call begins."""
        await self.tell(CallStarted(call_id, 1_000, "emergency", number, "120", "120"))


@asynccontextmanager
async def bench(folder: Path, servers: tuple[str, ...] = ()) -> AsyncIterator[Bench]:
    """The layer, started; all of it ends with the test."""
    async with Database.at(folder / "softswitch.db") as db:
        one = Bench(db, folder, servers)
        await one.gis.start(one.log)
        await one.log.start()
        try:
            yield one
        finally:
            await one.gis.stop()
            await one.log.close()


async def pieces(content: bytes) -> AsyncIterator[bytes]:
    """A body that comes in pieces."""
    for start in range(0, len(content), 50_000):
        yield content[start : start + 50_000]
