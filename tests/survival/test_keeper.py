"""The server alone is killed: its keeper starts it again, and who waited in it waits on."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

import httpx
import pytest

from tests.survival.rig import Server, until

pytestmark = [pytest.mark.asterisk]


def worker(server: Server) -> int:
    """The process that holds the data folder; 0 while it is taking it."""
    return int((server.settings.data / "lock").read_text() or 0)


async def test_a_killed_server_comes_back_by_itself_with_its_waiting_caller(server: Server) -> None:
    async with server.phone("2001", 450) as citizen:
        call = await citizen.dial("120")
        await call.ringing()
        (call_id,) = await until(lambda: server.board("waiting"), "the call waits")
        killed = worker(server)
        os.kill(killed, signal.SIGKILL)

        async def again() -> bool:
            if worker(server) == killed:
                return False
            with contextlib.suppress(httpx.HTTPError):
                return call_id in await server.board("waiting")
            return False

        await until(again, "the caller waits in the new server")
        async with server.phone("1001", 650) as desk:
            await (await desk.incoming()).answer()
            await call.hears(650)
            await call.hangup()


async def test_a_server_that_has_loaded_its_code_waits_for_its_turn(server: Server) -> None:
    killed = worker(server)
    assert server.process is not None
    (spare,) = await until(lambda: children(server, without=killed), "a spare one is there")
    os.kill(killed, signal.SIGKILL)
    await until(lambda: as_soon(worker(server) == spare), "it is the server")
    await until(server.serves, "it serves")
    (call,) = await until(lambda: children(server, without=spare), "the next one is there")
    assert call != killed
    assert await server.end(signal.SIGTERM) == 0


async def as_soon(value: bool) -> bool:
    return value


async def children(server: Server, without: int) -> list[int]:
    assert server.process is not None
    return [each for each in children_of(server.process.pid) if each != without]


def children_of(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
