"""kill -9 of the Python side: voices go on, emergency calls arrive, and the next start knows everything."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from softswitch.testing.phone import IncomingCall, Phone
from tests.survival.rig import Server, until

pytestmark = pytest.mark.asterisk

LONGEST_GAP = 2.0
"""Seconds between two packets: less than a server takes to start, more than a busy machine stands still."""


async def test_calls_keep_their_audio_and_are_controllable_again(server: Server) -> None:
    async with (
        server.phone("2001", 450) as citizen,
        server.phone("1001", 650) as desk,
        server.phone("2002", 850) as friend,
        server.phone("2003", 1050) as other,
    ):
        emergency = await citizen.dial("120")
        offered = await desk.incoming()
        await offered.answer()
        await emergency.hears(650)
        plain = await friend.dial("2003")
        incoming = await other.incoming()
        await incoming.answer()
        await plain.hears(1050)
        before = await until(lambda: _all_talk(server, 2), "both calls are on the board")
        began = time.monotonic()

        await server.kill()
        await asyncio.gather(emergency.hears(650, frames=50), incoming.hears(850, frames=50))
        await server.start()
        after = await until(lambda: _all_talk(server, 2), "both calls are on the board again")
        for call, tone in ((emergency, 650), (offered, 450), (plain, 1050), (incoming, 850)):
            heard_on(call, tone, began)
        assert set(after) == set(before)
        for call_id, view in before.items():
            assert after[call_id]["state"] == view["state"] == "talking"
            assert after[call_id]["kind"] == view["kind"]
            assert after[call_id]["incident_id"] == view["incident_id"]
        (call_id,) = [key for key, view in after.items() if view["kind"] == "emergency"]
        assert after[call_id]["owner"] == "1001"

        held = await server.request("POST", f"/api/calls/{call_id}/hold", {"desk": "1001"})
        assert held.status_code == 200, held.text
        await emergency.stops_hearing(650)
        back = await server.request("POST", f"/api/calls/{call_id}/resume", {"desk": "1001"})
        assert back.status_code == 200, back.text
        await emergency.hears(650)
        gone = await server.request("POST", f"/api/calls/{call_id}/hangup", {"desk": "1001"})
        assert gone.status_code == 200, gone.text
        await emergency.ended()
        await plain.hangup()


async def test_an_emergency_call_rings_the_desks_without_python_and_is_recorded(
    server: Server,
) -> None:
    async with (
        server.phone("2001", 450) as citizen,
        server.phone("1001", 650) as first,
        server.phone("1002", 850) as second,
    ):
        await server.kill()
        call = await citizen.dial("119")
        incoming = await first.incoming()
        assert incoming.caller_number == "2001"
        await (await second.incoming()).reject(486)
        await incoming.answer()
        await call.hears(650)
        await incoming.hears(450)

        await server.start()
        (view,) = (await until(lambda: _all_talk(server, 1), "the call is on the board")).values()
        assert (view["kind"], view["digits"]) == ("emergency", "119")
        incident = await until(
            lambda: _incident_of(server, view["id"]), "the call has its draft incident"
        )
        assert incident["number"] == "2001"
        await call.hears(650)
        await call.hangup()
        await incoming.ended()
        kept = await until(lambda: _kept(server, view["id"]), "the recording is kept")
        assert kept["duration_ms"] > 500


async def test_a_call_waiting_in_the_queue_is_answered_after_the_restart(server: Server) -> None:
    async with server.phone("2001", 450) as citizen, server.phone("1001", 650) as desk:
        call = await citizen.dial("120")
        ringing = await desk.incoming()
        await server.kill()
        await server.start()
        waiting = await until(lambda: server.board("waiting"), "the call waits again")
        (call_id,) = waiting
        offered = await _next_ringing(desk, ringing)
        await offered.answer()
        await call.hears(650)
        await server.shows("call", call_id, state="talking", owner="1001")
        await call.hangup()


async def test_who_gave_up_while_python_was_down_is_called_back(server: Server) -> None:
    async with server.phone("2001", 450) as citizen, server.phone("1001", 650) as desk:
        await server.kill()
        for _ in range(2):
            call = await citizen.dial("120")
            await desk.incoming()
            await call.hangup()
        await server.start()
        tasks = await until(lambda: server.board("task"), "there is a task")
        (task,) = tasks.values()
        task = await server.shows("task", task["id"], calls=2)
        assert (task["number"], task["digits"], task["state"]) == ("2001", "120", "open")


async def test_who_gave_up_in_the_queue_while_python_was_down_is_called_back(
    server: Server,
) -> None:
    async with server.phone("2001", 450) as citizen, server.phone("1001", 650) as desk:
        call = await citizen.dial("110")
        await desk.incoming()
        await server.kill()
        await call.hangup()
        await server.start()
        tasks = await until(lambda: server.board("task"), "there is a task")
        (task,) = tasks.values()
        assert (task["number"], task["digits"], task["calls"]) == ("2001", "110", 1)
        assert not await server.board("call")


async def test_who_was_answered_without_python_is_not_called_back(server: Server) -> None:
    async with server.phone("2001", 450) as citizen, server.phone("1001", 650) as desk:
        await server.kill()
        call = await citizen.dial("120")
        incoming = await desk.incoming()
        await incoming.answer()
        await call.hears(650)
        await call.hangup()
        await server.start()
        await until(server.recordings, "the recording is listed")
        assert not await server.board("task")


def heard_on(call: Any, tone: int, since: float) -> None:
    """Assert that a voice went on all the time: no packet is lost, hardly one is late or silent.

    Where the machine is busy the phones of the test send late, and the bridge puts silence in their place.
    """
    assert not call.gaps(tone, since=since, longer_than=LONGEST_GAP), call
    frames = [frame for frame in call.ear.frames if frame.at >= since]
    assert sum(frame.has(tone) for frame in frames) >= 0.9 * len(frames)
    assert call.ear.lost == 0


async def _incident_of(server: Server, call_id: str) -> dict | None:
    incidents = (await server.get("/api/incidents"))["incidents"]
    return next((one for one in incidents if call_id in one["call_ids"]), None)


async def _all_talk(server: Server, count: int) -> dict[str, Any] | None:
    """Return the calls when so many are talked in and each for help has its incident."""
    calls = await server.board("call")
    whole = [
        view["state"] == "talking" and (view["incident_id"] or view["kind"] != "emergency")
        for view in calls.values()
    ]
    return calls if len(whole) == count and all(whole) else None


async def _kept(server: Server, call_id: str) -> dict | None:
    rows = await server.recordings(f"call_id={call_id}")
    return next((row for row in rows if row["state"] == "kept"), None)


async def _next_ringing(desk: Phone, ringing: IncomingCall) -> IncomingCall:
    """The ring of before the restart may live on, or a new one has taken its place."""
    incoming = asyncio.create_task(desk.incoming())
    ended = asyncio.create_task(ringing.ended())
    done, _ = await asyncio.wait({incoming, ended}, return_when=asyncio.FIRST_COMPLETED, timeout=3)
    if not done:
        incoming.cancel()
        ended.cancel()
        return ringing
    ended.cancel()
    return await incoming
