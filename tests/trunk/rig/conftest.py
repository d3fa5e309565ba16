"""One laboratory for all tests of a module: real E1 spans between the exchange and our 2M node.

The core is played by two phones: calls of the node arrive at one of them, the other calls through the node.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from softswitch.setup.cache import cache_folder
from softswitch.setup.lab.build import find_lab
from softswitch.testing.phone import Phone
from tests.trunk.rig.kit import Site, quiet, site_of
from tests.trunk.rig.whole import Whole, whole_at
from trunk.lab.laboratory import laboratory


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running() -> AsyncIterator[Site]:
    lab = find_lab(cache_folder())
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        async with (
            Phone.open("core", tone=450) as core,
            laboratory(lab, Path(folder), core.address[1]) as guest,
            site_of(guest, core) as site,
        ):
            yield site


@pytest_asyncio.fixture(loop_scope="module")
async def site(running: Site) -> AsyncIterator[Site]:
    yield running
    await quiet(running)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def core(running: Site, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Whole]:
    async with whole_at(running, tmp_path_factory.mktemp("whole")) as whole:
        yield whole


@pytest_asyncio.fixture(loop_scope="module")
async def whole(core: Whole, site: Site) -> AsyncIterator[Whole]:
    yield core
    await core.quiet()
