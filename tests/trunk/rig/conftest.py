"""One laboratory for all tests of this folder: real E1 spans between the exchange and our 2M node.

The core is played by two phones: calls of the node arrive at one of them, the other calls through the node. Tests with
the whole core let the node's calls go to that.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from softswitch.setup.cache import cache_folder
from softswitch.setup.console import prepare_console
from softswitch.setup.lab.build import find_lab
from softswitch.setup.turn import one_at_a_time
from softswitch.testing.phone import Phone
from tests.console.kit import console_dist
from tests.trunk.rig.kit import Site, quiet, site_of
from tests.trunk.rig.whole import Whole, whole_at
from trunk.lab.laboratory import laboratory

ROOT = Path(__file__).resolve().parents[3]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def running() -> AsyncIterator[Site]:
    lab = find_lab(cache_folder())
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        async with (
            Phone.open("core", tone=450) as core,
            laboratory(lab, Path(folder), core.address[1]) as guest,
            site_of(guest, core) as site,
        ):
            yield site


@pytest_asyncio.fixture(loop_scope="session")
async def site(running: Site) -> AsyncIterator[Site]:
    await running.calls_go_to(running.core.address[1])
    yield running
    await quiet(running)


@pytest.fixture(scope="session")
def built() -> Path:
    """The console, built from its present sources."""
    with one_at_a_time(ROOT, print):
        prepare_console(ROOT, print)
    return console_dist()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def core(
    running: Site, built: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Whole]:
    async with whole_at(running, tmp_path_factory.mktemp("whole"), console=built) as whole:
        yield whole


@pytest_asyncio.fixture(loop_scope="session")
async def whole(core: Whole) -> AsyncIterator[Whole]:
    await core.calls_come()
    yield core
    await core.quiet()
    await quiet(core.site)
