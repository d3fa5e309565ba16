"""One running system and one browser for all tests of a module; each test has a browser context of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from softswitch.app import System
from softswitch.setup.console import prepare_console
from softswitch.setup.turn import one_at_a_time
from softswitch.testing.system import running_system, until
from tests.console import kit

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def built() -> Path:
    """The console, built from its present sources."""
    with one_at_a_time(ROOT, print):  # several processes run the tests
        prepare_console(ROOT, print)
    return kit.console_dist()


@pytest.fixture(scope="session")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("voice") / "voice.wav"
    kit.write_voice(path)
    return path


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(voice: Path) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        started = await kit.launch(playwright, voice)
        yield started
        await started.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory, built: Path) -> AsyncIterator[System]:
    async with running_system(tmp_path_factory.mktemp("system"), console=built) as system:
        await kit.furnish(system)
        yield system


@pytest_asyncio.fixture(loop_scope="module")
async def system(shared: System) -> AsyncIterator[System]:
    """The system; after the test no call, no seat and no task is left."""
    yield shared
    center = shared.center
    await until(lambda: not center.board.legs, what="no channel is left")
    for login in ("li", "wang", "chen", "zhao"):
        center.desks.leave(login)
    for row in list(center.tasks.open.values()):
        await center.tasks.close("test", row["id"], "end of test")
