"""One running system for all tests of a module; after each test nothing of a call or a feature is left."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from softswitch.app import System
from softswitch.features.night_model import Mode
from softswitch.testing.system import no_bridge_left, running_system, until


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    folder: Path = tmp_path_factory.mktemp("system")
    async with running_system(folder) as system:
        yield system


@pytest_asyncio.fixture(loop_scope="module")
async def system(shared: System) -> AsyncIterator[System]:
    yield shared
    center, features = shared.center, shared.features
    for camp in list(features.camps.camps):
        await features.camps.cancel("test", camp)
    await features.nights.switch("test", Mode.OFF)
    await features.nights.set("test", targets=[], periods=[], lines={})
    await features.nights.switch("test", Mode.AUTO)
    await until(lambda: not center.board.legs, what="no channel is left")
    await until(lambda: not center.engine.calls, what="no call is under dispatch")
    await until(lambda: not center.engine._tasks, what="no work is under way")
    await until(lambda: not center.engine.rings)
    await until(lambda: not center.engine._locks)
    await until(lambda: not features.camps.camps)
    await until(lambda: not features.camps._calls)
    await until(lambda: not features.phones.offers)
    await until(lambda: not shared.live.entities().get("camp"))
    await no_bridge_left(shared.node)
