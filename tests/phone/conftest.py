"""After each test nothing may be left: no task, no socket, no file descriptor."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from softswitch.testing.system import until
from tests.phone.asterisk import Ports, running


def open_files() -> dict[str, str]:
    found = {}
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found[entry.name] = str(entry.readlink())
        except FileNotFoundError:  # the one that lists the folder
            continue
    return found


@pytest.fixture(autouse=True)
async def nothing_left() -> AsyncIterator[None]:
    before_files, before_tasks = open_files(), asyncio.all_tasks()
    yield
    # A closed transport lets go of its socket in the next turns of the loop.
    for _ in range(5):
        await asyncio.sleep(0)
    tasks = [t for t in asyncio.all_tasks() - before_tasks if t is not asyncio.current_task()]
    assert not tasks
    # Other tests' servers may run in this process and look into a folder just now: what is left
    # stays open, what they look at does not.
    await until(lambda: not _new(before_files), what="no file is left open")


def _new(before: dict[str, str]) -> dict[str, str]:
    return {k: v for k, v in open_files().items() if before.get(k) != v}


@pytest.fixture(scope="session")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ports]:
    """The ports of an Asterisk that all tests of this folder share."""
    folder: Path = tmp_path_factory.mktemp("asterisk")
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        yield runner.run(stack.enter_async_context(running(folder)))
        runner.run(stack.aclose())
