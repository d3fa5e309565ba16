"""One system and one carrier for all tests of a module; after each test nothing of a call is left."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from softswitch.testing.carrier import running_carrier
from softswitch.testing.system import LOCAL, no_channel_left, running_system
from tests.trunk.kit import Rig


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    async with running_system(tmp_path_factory.mktemp("system")) as system:
        us = (LOCAL, system.settings.sip.port)
        async with running_carrier(tmp_path_factory.mktemp("carrier"), us) as carrier:
            yield Rig(system, carrier)


@pytest_asyncio.fixture(loop_scope="module")
async def rig(shared: Rig) -> AsyncIterator[Rig]:
    yield shared
    await shared.quiet()
    await no_channel_left(shared.carrier.node)
