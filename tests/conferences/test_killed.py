"""kill -9 of the Python side: rooms go on, and nobody is told twice."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.survival.rig import Server, own_server, until

pytestmark = pytest.mark.asterisk


async def restart(server: Server) -> None:
    await server.kill()
    await server.start()


async def talks(server: Server, number: str) -> None:
    """Wait until the roll call knows, on the disk too, who talks."""

    async def known() -> bool:
        (roll,) = (await server.get("/api/roll-calls"))["roll_calls"]
        states = {entry["number"]: entry["state"] for entry in roll["entries"]}
        return bool(states[number] == "talking")

    await until(known, f"{number} talks")
    await server.written()


async def test_the_ledger_survives_and_no_call_is_placed_twice(tmp_path: Path) -> None:
    async with own_server(tmp_path) as server:
        await server.start()
        async with (
            server.phone("2001", 650) as one,
            server.phone("2002", 1050) as two,
            server.phone("2003", 1250) as three,
        ):
            body = {
                "text": "集合",
                "numbers": ["2001", "2002", "2003"],
                "pause_seconds": 2,
                "tries": 2,
            }
            answer = await server.request("POST", "/api/notices", body)
            assert answer.status_code == 202, answer.text
            notice = f"/api/notices/{answer.json()['id']}"
            confirmed = await one.incoming()
            await confirmed.answer()
            await confirmed.hears_sound()
            await confirmed.send_digits("1")
            await confirmed.ended()
            talking = await two.incoming()
            await talking.answer()
            await talking.hears_sound()
            ringing = await three.incoming()
            await restart(server)
            states = {r["number"]: r for r in (await server.get(notice))["ledger"]}
            assert states["2001"]["state"] == "confirmed"
            await talking.hears_sound()  # it is said again to the one who was on the line
            await talking.send_digits("1")
            await talking.ended()
            if ringing.state.name != "ENDED":
                await ringing.answer()
                last = ringing
            else:
                last = await three.incoming()
                await last.answer()
            await last.hears_sound()
            await last.send_digits("1")
            await last.ended()

            async def done() -> bool:
                return bool((await server.get(notice))["state"] == "done")

            await until(done, "the notification is over")
            ledger = {r["number"]: r for r in (await server.get(notice))["ledger"]}
            assert {r["state"] for r in ledger.values()} == {"confirmed"}
            assert ledger["2001"]["tries"] == ledger["2002"]["tries"] == 1
            assert not one.arrived
            assert not two.arrived
            assert not three.arrived


async def test_a_room_goes_on_with_all_who_were_in_it(tmp_path: Path) -> None:
    async with own_server(tmp_path) as server:
        await server.start()
        async with server.phone("1001", 450) as one, server.phone("2001", 650) as two:
            made = await server.request(
                "POST", "/api/rooms", {"number": "8123", "entry_tone": False}
            )
            room = f"/api/rooms/{made.json()['id']}"
            await server.request("POST", f"{room}/invite", {"numbers": ["1001"]})
            first = await one.incoming()
            await first.answer()
            second = await two.dial("*58123")
            await asyncio.gather(first.hears(650), second.hears(450))
            await server.request("POST", f"{room}/members/2001/mute", {})
            await first.stops_hearing(650)
            await restart(server)

            async def both() -> bool:
                return bool((await server.get(room))["present"] == 2)

            await until(both, "both are in the room again")
            await second.hears(450)
            await server.request("POST", f"{room}/members/2001/unmute", {})
            await first.hears(650)
            await server.request("DELETE", room)
            await asyncio.gather(first.ended(), second.ended())


async def test_a_roll_call_goes_on_where_it_was(tmp_path: Path) -> None:
    async with own_server(tmp_path) as server:
        await server.start()
        async with (
            server.phone("1001", 450) as desk,
            server.phone("2001", 650) as one,
            server.phone("2002", 850) as two,
            server.phone("2003", 1050) as three,
        ):
            body = {"numbers": ["2001", "2002", "2003"], "desk": "1001"}
            answer = await server.request("POST", "/api/roll-calls", body)
            assert answer.status_code == 202, answer.text
            chair = await desk.incoming()
            await chair.answered()
            first = await one.incoming()
            await first.answer()
            await asyncio.gather(chair.hears(650), first.hears(450))
            await talks(server, "2001")
            await restart(server)  # while one talks
            await asyncio.gather(chair.hears(650), first.hears(450))
            await first.hangup()
            second = await two.incoming()
            await second.ringing()
            await server.written()
            await restart(server)  # while one rings
            if second.end is not None:  # a phone that rang for the run before may be rung anew
                second = await two.incoming()
            await second.answer()
            await asyncio.gather(chair.hears(850), second.hears(450))
            await talks(server, "2002")
            await server.kill()  # and one leaves while nobody looks
            await second.hangup()
            await server.start()
            third = await three.incoming()
            await third.answer()
            await asyncio.gather(chair.hears(1050), third.hears(450))
            await third.hangup()

            async def done() -> bool:
                (roll,) = (await server.get("/api/roll-calls"))["roll_calls"]
                return bool(roll["state"] == "done")

            await until(done, "the roll call is over")
            (roll,) = (await server.get("/api/roll-calls"))["roll_calls"]
            states = [(entry["number"], entry["state"]) for entry in roll["entries"]]
            assert states == [("2001", "present"), ("2002", "present"), ("2003", "present")]
            for phone in (desk, one, two, three):
                assert not phone.arrived
            await chair.hangup()
