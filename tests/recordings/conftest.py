from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from softswitch.recordings.service import RecordingService
from softswitch.store.database import Database
from tests.recordings.kit import Alarms, SetClock, Switch, service_at


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def alarms() -> Alarms:
    return Alarms()


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database.at(tmp_path / "softswitch.db") as database:
        yield database


@pytest.fixture
async def service(
    tmp_path: Path, db: Database, clock: SetClock, alarms: Alarms
) -> AsyncIterator[RecordingService]:
    made = service_at(tmp_path, db, clock, alarms)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def switch(service: RecordingService, clock: SetClock) -> Switch:
    return Switch(service, clock)
