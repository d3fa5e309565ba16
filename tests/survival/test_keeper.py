"""The server alone is killed: its keeper starts it again, and who waited in it waits on."""

from __future__ import annotations

import contextlib
import os
import signal

import httpx
import pytest

from tests.survival.rig import Server, until

pytestmark = [pytest.mark.asterisk]


def worker(server: Server) -> int:
    """The process that holds the data folder."""
    return int((server.settings.data / "lock").read_text())


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

        await until(again, "the caller waits in the new server", 30)
        async with server.phone("1001", 650) as desk:
            await (await desk.incoming(timeout=10)).answer()
            await call.hears(650)
            await call.hangup()
