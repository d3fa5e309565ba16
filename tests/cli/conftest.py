"""One whole running server for all tests of the command line, and the command as people type it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from softswitch.app import System
from softswitch.cli.main import run
from softswitch.testing.system import running_system

T = TypeVar("T")
START_SECONDS = 60.0


@dataclass
class Server:
    """A system in an event loop of its own; ``do`` runs a coroutine there."""

    system: System
    loop: asyncio.AbstractEventLoop

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(START_SECONDS)

    @property
    def data(self) -> Path:
        return self.system.settings.data


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("cli")
    up, down = threading.Event(), asyncio.Event()
    made: list[Server] = []
    failed: list[BaseException] = []

    async def serve() -> None:
        try:
            async with running_system(folder) as system:
                made.append(Server(system, asyncio.get_running_loop()))
                up.set()
                await down.wait()
        except BaseException as error:
            failed.append(error)
            raise
        finally:
            up.set()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert up.wait(START_SECONDS)
    if failed:
        raise failed[0]
    yield made[0]
    made[0].loop.call_soon_threadsafe(down.set)
    thread.join(START_SECONDS)
    assert not thread.is_alive()


@dataclass
class Result:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Softswitch = Callable[..., Result]


@pytest.fixture
def typed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Softswitch:
    """Run a command in English, in an empty folder, with no server known."""
    for name in ("SOFTSWITCH_URL", "SOFTSWITCH_TOKEN", "SOFTSWITCH_DATA", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    monkeypatch.chdir(tmp_path)

    def softswitch(*words: str) -> Result:
        capsys.readouterr()
        code = run(words)
        shown = capsys.readouterr()
        assert "Traceback" not in shown.err
        return Result(code, shown.out, shown.err)

    return softswitch


@pytest.fixture
def cli(server: Server, typed: Softswitch, monkeypatch: pytest.MonkeyPatch) -> Softswitch:
    """Run a command on the machine of the running server."""
    monkeypatch.setenv("SOFTSWITCH_DATA", str(server.data))
    return typed


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs the running server starts a real Asterisk."""
    for item in items:
        if "server" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.asterisk)


def is_one_line(err: str) -> bool:
    """Tell whether a complaint is one line of the command."""
    return err.startswith("softswitch: ") and err.count("\n") == 1 and err.endswith("\n")
