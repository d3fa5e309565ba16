"""One running system for all tests of a module; after each test nothing of a call is left."""

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
    center = shared.center
    await until(lambda: not center.board.legs, what="no channel is left")
    await until(lambda: not center.engine.calls, what="no call is under dispatch")
    await until(lambda: not center.engine.rings)
    await until(lambda: not center.intake.queue)
    await until(lambda: not center.engine._locks, what="no command is under way")
    await no_channel_left(shared.node)
    await no_bridge_left(shared.node)
    for row in list(center.tasks.open.values()):
        await center.tasks.close("test", row["id"], "end of test")
