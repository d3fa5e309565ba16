"""What phones do by themselves: codes, keys during a call, and the transfer button (REFER)."""

from __future__ import annotations

import pytest

from softswitch.app import System
from softswitch.testing.phone import Call, Phone
from softswitch.testing.system import shows, sip_phone, until

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


async def waiting_call(system: System) -> str:
    return await until(lambda: next(iter(system.center.intake.queue), ""), what="a call waits")


async def emergency(system: System, citizen: Phone, desk: Phone) -> tuple[Call, Call, str]:
    """A citizen in a call with a desk; return both calls and the call id."""
    call = await citizen.dial("120")
    offered = await desk.incoming()
    call_id = await waiting_call(system)
    await offered.answer()
    await call.answered()
    await until(lambda: not system.center.intake.queue)
    return call, offered, call_id


async def test_star_1_takes_the_longest_waiting_call(system: System) -> None:
    async with (
        sip_phone(system, "2001", tone=650) as citizen,
        sip_phone(system, "2002", tone=450) as station,
    ):
        call = await citizen.dial("120")
        call_id = await waiting_call(system)
        taking = await station.dial("*1")
        await call.hears(450)
        await taking.hears(650)
        await until(lambda: system.center.engine.calls[call_id].owner == "2002")
        await call.hangup()
        await taking.ended()


async def test_star_1_with_an_empty_queue_is_refused(system: System) -> None:
    async with sip_phone(system, "1001") as desk:
        ended = await (await desk.dial("*1")).ended()
        assert ended.cause in (21, None)


async def test_star_8_picks_up_a_plain_and_an_offered_call(system: System) -> None:
    async with (
        sip_phone(system, "2001", tone=650) as caller,
        sip_phone(system, "1001") as desk,
        sip_phone(system, "2003", tone=850) as helper,
    ):
        for number in ("1001", "120"):
            call = await caller.dial(number)
            ringing = await desk.incoming()
            await until(lambda: system.live.entities()["extension"]["1001"]["state"] == "ringing")
            picked = await helper.dial("*81001")
            await ringing.ended()
            await call.hears(850)
            await picked.hears(650)
            await call.hangup()
            await picked.ended()
            await until(lambda: not system.center.board.legs)


async def test_star_7_takes_over_a_connected_call(system: System) -> None:
    async with (
        sip_phone(system, "2001", tone=650) as citizen,
        sip_phone(system, "1001", tone=450) as desk,
        sip_phone(system, "1002", tone=850) as second,
    ):
        call, own, call_id = await emergency(system, citizen, desk)
        await call.hears(450)
        taking = await second.dial("*71001")
        await own.ended()
        await call.hears(850)
        await taking.hears(650)
        await until(lambda: system.center.engine.calls[call_id].owner == "1002")
        await taking.hangup()
        await call.ended()


async def test_the_transfer_button_blind_in_an_emergency_call(system: System) -> None:
    async with (
        sip_phone(system, "2001", tone=650) as citizen,
        sip_phone(system, "1001", tone=450) as desk,
        sip_phone(system, "1002", tone=850) as second,
    ):
        call, own, call_id = await emergency(system, citizen, desk)
        incident = await until(lambda: system.center.screens.incident_of(call_id))
        await own.transfer("1002")
        to = await second.incoming()
        await to.answer()
        await call.hears(850)
        await to.hears(650)
        await own.ended()
        await shows(system, "call", call_id, incident_id=incident, owner="1002")
        await call.hangup()
        await to.ended()


async def test_the_transfer_button_to_700_parks(system: System) -> None:
    async with (
        sip_phone(system, "2001", tone=650) as citizen,
        sip_phone(system, "1001", tone=450) as desk,
    ):
        call, own, call_id = await emergency(system, citizen, desk)
        await call.hears(450)
        await own.transfer("700")
        await own.ended()
        await call.stops_hearing(450)
        slot = await until(lambda: system.live.entities()["call"][call_id]["parked_at"])
        back = await desk.dial(slot)
        await call.hears(450)
        await back.hears(650)
        await call.hangup()
        await back.ended()


async def test_the_transfer_button_attended_in_an_emergency_call(system: System) -> None:
    async with (
        sip_phone(system, "2001", tone=650) as citizen,
        sip_phone(system, "1001", tone=450) as desk,
        sip_phone(system, "1002", tone=850) as second,
    ):
        call, own, call_id = await emergency(system, citizen, desk)
        await call.hears(450)
        await own.hold()
        consult = await desk.dial("1002")
        asked = await second.incoming()
        await asked.answer()
        await consult.hears(850)
        await own.transfer_to(consult)
        await call.hears(850)
        await asked.hears(650)
        await own.ended()
        await consult.ended()
        await until(lambda: system.live.entities()["call"][call_id]["owner"] == "1002")
        await call.hangup()
        await asked.ended()


async def test_the_transfer_button_in_a_plain_call(system: System) -> None:
    async with (
        sip_phone(system, "2001", tone=650) as caller,
        sip_phone(system, "1001", tone=450) as desk,
        sip_phone(system, "1002", tone=850) as second,
    ):
        call = await caller.dial("1001")
        own = await desk.incoming()
        await own.answer()
        await call.hears(450)
        await own.transfer("1002")
        to = await second.incoming()
        await to.answer()
        await call.hears(850)
        await to.hears(650)
        assert await own.transferred() == 200
        await own.hangup()
        await call.hangup()
        await to.ended()


async def test_keys_transfer_hold_and_park_for_a_phone_without_buttons(system: System) -> None:
    async with (
        sip_phone(system, "2001", tone=650) as citizen,
        sip_phone(system, "1001", tone=450) as desk,
        sip_phone(system, "1002", tone=850) as second,
    ):
        call, own, call_id = await emergency(system, citizen, desk)
        await call.hears(450)
        await own.send_digits("*3#")
        await call.stops_hearing(450)
        await own.send_digits("*3#")
        await call.hears(450)
        await own.send_digits("*21002#")
        asked = await second.incoming()
        await asked.answer()
        await own.hears(850)
        await own.send_digits("*0#")
        await asked.ended()
        await call.hears(450)
        await own.send_digits("##1002#")
        to = await second.incoming()
        await own.ended()
        await to.answer()
        await call.hears(850)
        await to.send_digits("#72")
        await to.ended()
        slot = await until(lambda: system.live.entities()["call"][call_id]["parked_at"])
        back = await second.dial(slot)
        await back.hears(650)
        await call.hangup()
        await back.ended()


async def test_hold_on_the_phone_itself_shows_on_the_board(system: System) -> None:
    def state(number: str) -> str:
        return str(system.live.entities()["extension"][number]["state"])

    async with sip_phone(system, "2001") as one, sip_phone(system, "2002") as two:
        call = await one.dial("2002")
        incoming = await two.incoming()
        await until(lambda: (state("2001"), state("2002")) == ("dialing", "ringing"))
        await incoming.answer()
        await until(lambda: state("2001") == state("2002") == "talking")
        await call.hold()
        await until(lambda: state("2001") == "held")
        await call.resume()
        await until(lambda: state("2001") == "talking")
        await call.hangup()
        await until(lambda: state("2001") == state("2002") == "idle")
    await until(lambda: state("2001") == "unregistered")
