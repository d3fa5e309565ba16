"""kill -9 of Asterisk: it is back, its phones are usable, and lost callers are called back."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3

import pytest

from softswitch.asterisk import process
from tests.survival.rig import Server, until

pytestmark = pytest.mark.asterisk


async def kill_asterisk(server: Server) -> None:
    pid = server.asterisk
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await process.ended(pid)


async def parts_ok(server: Server) -> bool:
    parts = (await server.get("/api/status"))["parts"]
    return bool(parts["ami"]["ok"] and parts["ari"]["ok"])


async def test_it_is_back_in_ten_seconds_and_lost_callers_are_called_back(
    server: Server,
) -> None:
    async with (
        server.phone("2001", 450) as citizen,
        server.phone("2002", 850) as talker,
        server.phone("1001", 650) as desk,
        server.phone("1002", 1050) as second,
    ):
        talking = await talker.dial("119")
        offered = await desk.incoming()
        await offered.answer()
        await talking.hears(650)
        waiting = await citizen.dial("120")
        await second.incoming()
        await waiting.ringing()
        await until(lambda: server.board("waiting"), "the call waits")

        await kill_asterisk(server)
        await until(lambda: _is_new(server), "Asterisk runs again")
        await until(lambda: parts_ok(server), "AMI and ARI are connected")

        tasks = await until(lambda: _tasks(server, 2), "both lost callers are to be called back")
        assert {(task["number"], task["digits"]) for task in tasks} == {
            ("2001", "120"),
            ("2002", "119"),
        }
        await until(lambda: _none(server, "call"), "no call is shown")
        await until(lambda: _none(server, "waiting"), "nobody waits")

    # The phones come again by themselves (here: at once), and the house works as before.
    async with server.phone("2001", 450) as citizen, server.phone("1001", 650) as desk:
        call = await citizen.dial("120")
        offered = await desk.incoming()
        await offered.answer()
        await call.hears(650)
        await offered.hears(450)
        await call.hangup()
    rows = await until(lambda: _nothing_runs(server), "every recording is kept")
    assert all(row["state"] == "kept" for row in rows)


async def test_registrations_outlive_asterisk(server: Server) -> None:
    async with server.phone("1001", 650) as desk, server.phone("2001", 450) as citizen:
        await until(lambda: _is_stored(server, "1001"), "the registration is on the disk")
        await kill_asterisk(server)
        await until(lambda: _is_new(server), "Asterisk runs again")
        await until(lambda: parts_ok(server), "AMI and ARI are connected")
        call = await citizen.dial("1001")  # nobody has registered again
        incoming = await desk.incoming()
        await incoming.answer()
        await call.hears(650)
        await server.shows("extension", "1001", state="talking")
        await call.hangup()


async def _none(server: Server, entity: str) -> bool:
    return not await server.board(entity)


async def _is_new(server: Server) -> bool:
    return server.asterisk is not None and "System uptime" in await server.command(
        "core show uptime"
    )


async def _is_stored(server: Server, phone: str) -> bool:
    """Return whether Asterisk has written a registration: it does so once a second."""
    (path,) = server.settings.data.rglob("astdb.sqlite3")
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as astdb:
        found = astdb.execute(
            "SELECT 1 FROM astdb WHERE key LIKE ?", (f"/registrar/contact/{phone};%",)
        )
        return found.fetchone() is not None


async def _tasks(server: Server, number: int) -> list[dict]:
    tasks = list((await server.board("task")).values())
    return tasks if len(tasks) >= number else []


async def _nothing_runs(server: Server) -> list[dict]:
    rows = await server.recordings()
    return [] if any(row["state"] == "running" for row in rows) else rows
