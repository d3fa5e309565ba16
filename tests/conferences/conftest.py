"""One running system for all tests of a module; after each test nothing of a room is left."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from softswitch.app import System
from softswitch.testing.system import no_bridge_left, no_channel_left, running_system, until


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    folder: Path = tmp_path_factory.mktemp("system")
    async with running_system(folder) as system:
        yield system


@pytest_asyncio.fixture(loop_scope="module")
async def system(shared: System) -> AsyncIterator[System]:
    yield shared
    center, conferences = shared.center, shared.conferences
    for room in list(conferences.books.rooms.values()):
        await conferences.rooms.close("test", room.id)
    await until(lambda: not center.board.legs, what="no channel is left")
    await until(lambda: not center.engine._tasks, what="no work is under way")
    await until(lambda: not center.engine.calls)
    await until(lambda: not center.engine.rings)
    await until(lambda: not center.engine._locks)
    await until(lambda: not conferences.books.by_channel, what="no leg is in the books")
    await until(lambda: not conferences.door.waiting)
    entities = shared.live.entities()
    await until(lambda: not entities.get("room"))
    await until(lambda: not entities.get("room_member"))
    await no_channel_left(shared.node)
    await no_bridge_left(shared.node)
