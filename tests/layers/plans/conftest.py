"""A database and a telephone for plans; at the end no run is left at work."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from softswitch.store.database import Database
from tests.layers.plans.kit import Rig


@pytest_asyncio.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with Database.at(tmp_path / "plans.db") as db:
        made = Rig(tmp_path, db)
        yield made
        await made.service.runner.stop()
