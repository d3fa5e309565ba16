"""How the server ends and starts: SIGTERM, SIGINT, twice on one folder, ports in use, a store that fails."""

from __future__ import annotations

import asyncio
import signal
import socket
import sqlite3
from pathlib import Path

import pytest

from softswitch.testing.patience import PATIENCE
from softswitch.testing.system import LOCAL
from tests.survival.rig import CLI, ROOT, Server, own_server, until

pytestmark = pytest.mark.asterisk


async def test_sigterm_leaves_the_calls_to_asterisk(server: Server) -> None:
    async with server.phone("2001", 450) as citizen, server.phone("1001", 650) as desk:
        call = await citizen.dial("120")
        await (await desk.incoming()).answer()
        await call.hears(650)
        assert await server.end(signal.SIGTERM) == 0
        assert server.asterisk is not None
        await call.hears(650, frames=25)
        await server.start()
        (call_id,) = await until(lambda: server.board("call"), "the call is on the board")
        await server.shows("call", call_id, kind="emergency", state="talking")
        await call.hangup()


async def test_sigint_ends_calls_and_asterisk(server: Server) -> None:
    async with server.phone("2001", 450) as citizen, server.phone("1001", 650) as desk:
        call = await citizen.dial("1001")
        await (await desk.incoming()).answer()
        await call.hears(650)
        assert await server.end(signal.SIGINT) == 0
        assert server.asterisk is None
        await call.ended()


async def test_a_second_start_on_the_same_folder_is_refused(server: Server) -> None:
    second = Server(server.settings)
    await second.spawn()
    assert await _ended(second) == 1
    (line,) = second.output
    assert line.startswith("softswitch: A server (process ")
    assert str(server.settings.data) in line
    assert "End it first" in line
    assert (await server.get("/api/health"))["status"]


async def test_down_ends_calls_and_asterisk(server: Server) -> None:
    async with server.phone("2001", 450) as citizen, server.phone("1001", 650) as desk:
        call = await citizen.dial("1001")
        await (await desk.incoming()).answer()
        await call.hears(650)
        down = await asyncio.create_subprocess_exec(
            *CLI, "down", "--data", str(server.settings.data), cwd=ROOT
        )
        assert await down.wait() == 0
        assert server.asterisk is None
        assert await _ended(server) == 0
        await call.ended()


@pytest.mark.parametrize("name", ["http", "sip", "ami"])
async def test_a_port_in_use_is_named(tmp_path: Path, name: str) -> None:
    async with own_server(tmp_path / "data") as server:
        port = getattr(server.settings, name).port
        kind = socket.SOCK_DGRAM if name == "sip" else socket.SOCK_STREAM
        with socket.socket(socket.AF_INET, kind) as taken:
            taken.bind((LOCAL, port))
            if kind == socket.SOCK_STREAM:
                taken.listen()
            await server.spawn()
            assert await _ended(server) == 1
        told = [line for line in server.output if line.startswith("softswitch: ")]
        assert len(told) == 1, server.output
        assert str(port) in told[0]
        assert "Traceback" not in "".join(server.output)
        await server.start()  # the port is free now: nothing was left behind that hinders


async def test_calls_go_on_while_the_database_is_locked(server: Server) -> None:
    async with server.phone("2001", 450) as citizen, server.phone("1001", 650) as desk:
        lock = sqlite3.connect(server.settings.data / "softswitch.db", isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        try:
            call = await citizen.dial("120")
            offered = await desk.incoming()
            await offered.answer()
            await call.hears(650)
            refused = await server.request("POST", "/api/tokens", {"label": "x"})
            assert refused.status_code == 503, refused.text
            assert refused.json()["error"]["code"] == "store_unavailable"
        finally:
            lock.execute("ROLLBACK")
            lock.close()
        (view,) = (await until(lambda: server.board("call"), "it is on the board")).values()
        await call.hangup()
        await until(lambda: _in_history(server, view["id"]), "the call is in the history")


async def _in_history(server: Server, call_id: str) -> bool:
    answer = await server.request("GET", f"/api/calls/{call_id}")
    return answer.status_code == 200 and answer.json()["ended_at"] is not None


async def _ended(server: Server) -> int:
    assert server.process is not None
    async with asyncio.timeout(PATIENCE):
        code = await server.process.wait()
        await server._reading
    return code
