"""Duty over a real database, with a clock that the test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest_asyncio

from softswitch.access import store as access_store  # noqa: F401 - the audit's table
from softswitch.layers.duty.build import Duty
from softswitch.layers.duty.changes import DutyChanges
from softswitch.layers.duty.service import DutyService
from softswitch.store.database import Database
from softswitch.store.event_log import EventLog

SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(day: int, hour: int, minute: int = 0) -> int:
    """An instant of November 2026 in Shanghai."""
    return int(datetime(2026, 11, day, hour, minute, tzinfo=SHANGHAI).timestamp() * 1000)


class Screen:
    """What would be shown."""

    def __init__(self) -> None:
        self.shown: dict[tuple[str, str], dict[str, Any]] = {}

    def put(self, entity: str, id: str, value: dict[str, Any]) -> None:  # noqa: A002
        self.shown[(entity, id)] = value

    def drop(self, entity: str, id: str) -> None:  # noqa: A002
        self.shown.pop((entity, id), None)


@dataclass
class Rig:
    db: Database
    log: EventLog
    duty: Duty
    screen: Screen
    time: list[int] = field(default_factory=lambda: [at(22, 12)])

    @property
    def service(self) -> DutyService:
        return self.duty.service

    @property
    def changes(self) -> DutyChanges:
        return self.duty.changes

    async def move(self, instant: int) -> None:
        self.time[0] = instant
        await self.service.look()

    async def facts(self, kind: str) -> list[Any]:
        from softswitch.store.event_rows import read_after

        batch = await self.db.read(read_after, 0, (kind,), 500)
        return [stored.event for stored in batch.facts]


@pytest_asyncio.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with Database.at(tmp_path / "duty.db") as db:
        screen, log = Screen(), EventLog(db)
        duty = Duty(db, screen, lambda number: number in {"110", "119", "120"})
        made = Rig(db, log, duty, screen)
        duty.service.clock = lambda: made.time[0]
        await duty.start(log)
        await log.start()
        yield made
        await log.close()
