"""Every command on calls, proven by who hears whom."""

from __future__ import annotations

import pytest

from softswitch.app import System
from softswitch.errors import Refusal
from softswitch.testing.system import shows, sip_phone, until

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


def calls_of(system: System, extension: str) -> list[str]:
    shown = system.live.entities()["extension"][extension]
    return [shown["call_id"]] if shown["call_id"] else []


async def call_of(system: System, extension: str, state: str = "talking") -> str:
    return await until(
        lambda: next(
            (
                call_id
                for call_id in calls_of(system, extension)
                if system.live.entities()["call"].get(call_id, {}).get("state") == state
            ),
            "",
        ),
        what=f"{extension} is in a call that is {state}",
    )


async def between(system: System, call_id: str, caller: str, called: str) -> None:
    """Wait until the board names both ends of a call."""

    def read() -> bool:
        view = system.live.entities()["call"][call_id]
        return (view["caller"]["number"], view["called"]["number"]) == (caller, called)

    await until(read, what=f"the call is between {caller} and {called}")


async def test_dial_from_a_desk_rings_the_own_phone_then_the_number(system: System) -> None:
    async with (
        sip_phone(system, "1001", tone=450, auto_answer=True) as desk,
        sip_phone(system, "2001", tone=650) as field,
    ):
        call_id = await system.center.commands.dial("1001", "2001")
        own = await desk.incoming()
        target = await field.incoming()
        assert target.caller_number == "1001"
        await target.answer()
        await own.hears(650)
        await target.hears(450)
        await between(system, call_id, "1001", "2001")
        await system.center.commands.hangup("1001", call_id)
        await target.ended()
        await own.ended()


async def test_dial_to_a_busy_phone_ends_with_its_cause(system: System) -> None:
    async with (
        sip_phone(system, "1001", auto_answer=True) as desk,
        sip_phone(system, "2001") as field,
    ):
        await system.center.commands.dial("1001", "2001")
        own = await desk.incoming()
        await (await field.incoming()).reject(486)
        assert (await own.ended()).cause == 17


async def test_dialling_what_cannot_be_reached_is_refused_at_once(system: System) -> None:
    async with sip_phone(system, "1001"):
        for number, code in (
            ("2002", "not_registered"),
            ("9999", "no_route"),
            ("1001", "own_number"),
        ):
            with pytest.raises(Refusal) as refused:
                await system.center.commands.dial("1001", number)
            assert refused.value.code == code


async def test_hold_and_resume_a_dispatched_call(system: System) -> None:
    commands = system.center.commands
    async with (
        sip_phone(system, "1001", tone=450, auto_answer=True) as desk,
        sip_phone(system, "2001", tone=650) as field,
    ):
        call_id = await commands.dial("1001", "2001")
        own = await desk.incoming()
        target = await field.incoming()
        await target.answer()
        await own.hears(650)
        await commands.hold("1001", call_id)
        await target.stops_hearing(450)
        await own.stops_hearing(650)
        await shows(system, "call", call_id, state="held")
        with pytest.raises(Refusal):
            await commands.hold("1001", call_id)
        await commands.resume("1001", call_id)
        await own.hears(650)
        await target.hears(450)
        await target.hangup()
        await own.ended()


async def test_a_plain_call_comes_under_dispatch_when_it_is_held(system: System) -> None:
    async with (
        sip_phone(system, "1001", tone=450) as desk,
        sip_phone(system, "2001", tone=650) as field,
    ):
        call = await desk.dial("2001")
        incoming = await field.incoming()
        await incoming.answer()
        await call.hears(650)
        call_id = await call_of(system, "1001")
        await system.center.commands.hold("1001", call_id)
        await incoming.stops_hearing(450)
        await system.center.commands.resume("1001", call_id)
        await call.hears(650)
        await incoming.hears(450)
        await between(system, call_id, "1001", "2001")
        await call.hangup()
        await incoming.ended()


async def test_park_and_retrieve_by_command_and_by_phone(system: System) -> None:
    commands = system.center.commands
    async with (
        sip_phone(system, "1001", tone=450) as desk,
        sip_phone(system, "2001", tone=650) as field,
        sip_phone(system, "1002", tone=850, auto_answer=True) as other,
    ):
        call = await field.dial("1001")
        await (await desk.incoming()).answer()
        await call.hears(450)
        call_id = await call_of(system, "1001")
        slot = await commands.park("1001", call_id)
        await call.stops_hearing(450)
        await call_of_parked(system, call_id, slot)
        await commands.retrieve("1002", call_id)
        taken = await other.incoming()
        await call.hears(850)
        await taken.hears(650)
        slot = await commands.park("1002", call_id)
        await taken.ended()
        back = await desk.dial(slot)
        await back.hears(650)
        await call.hears(450)
        await call.hangup()
        await back.ended()


async def call_of_parked(system: System, call_id: str, slot: str) -> None:
    await shows(system, "call", call_id, parked_at=slot, state="parked")


async def test_blind_transfer_and_its_way_back_when_nobody_answers(system: System) -> None:
    commands = system.center.commands
    async with (
        sip_phone(system, "2001", tone=650) as field,
        sip_phone(system, "1001", tone=450) as desk,
        sip_phone(system, "1002", tone=850) as second,
    ):
        call = await field.dial("1001")
        await (await desk.incoming()).answer()
        await call.hears(450)
        call_id = await call_of(system, "1001")
        await commands.transfer("1001", call_id, "1002", attended=False)
        to = await second.incoming()
        await to.reject(486)
        back = await desk.incoming()
        await back.answer()
        await call.hears(450)
        await commands.transfer("1001", call_id, "1002", attended=False)
        await back.ended()
        to = await second.incoming()
        await to.answer()
        await call.hears(850)
        await to.hears(650)
        await call.hangup()
        await to.ended()


async def test_attended_transfer_consults_cancels_and_completes(system: System) -> None:
    commands = system.center.commands
    async with (
        sip_phone(system, "2001", tone=650) as field,
        sip_phone(system, "1001", tone=450) as desk,
        sip_phone(system, "1002", tone=850) as second,
    ):
        call = await field.dial("1001")
        own = await desk.incoming()
        await own.answer()
        await call.hears(450)
        call_id = await call_of(system, "1001")
        await commands.transfer("1001", call_id, "1002", attended=True)
        asked = await second.incoming()
        await asked.answer()
        await own.hears(850)
        await asked.hears(450)
        await call.stops_hearing(450)
        await asked.hears_not(650)
        await commands.cancel_transfer("1001", call_id)
        await asked.ended()
        await call.hears(450)
        await own.hears(650)
        await commands.transfer("1001", call_id, "1002", attended=True)
        asked = await second.incoming()
        await asked.answer()
        await own.hears(850)
        await commands.complete_transfer("1001", call_id)
        await own.ended()
        await call.hears(850)
        await asked.hears(650)
        await call.hangup()
        await asked.ended()


async def test_pickup_of_a_plain_ringing_call(system: System) -> None:
    async with (
        sip_phone(system, "2001", tone=650) as field,
        sip_phone(system, "2002") as absent,
        sip_phone(system, "1002", tone=850, auto_answer=True) as helper,
    ):
        call = await field.dial("2002")
        ringing = await absent.incoming()
        call_id = await call_of(system, "2001", "ringing")
        await system.center.commands.pickup("1002", call_id)
        await ringing.ended()
        picked = await helper.incoming()
        await call.hears(850)
        await picked.hears(650)
        await call.hangup()
        await picked.ended()


async def test_takeover_of_a_plain_and_of_an_emergency_call(system: System) -> None:
    commands = system.center.commands
    async with (
        sip_phone(system, "2001", tone=650) as citizen,
        sip_phone(system, "1001", tone=450) as desk,
        sip_phone(system, "1002", tone=850, auto_answer=True) as second,
    ):
        for number in ("1001", "120"):
            call = await citizen.dial(number)
            own = await desk.incoming()
            await own.answer()
            await call.hears(450)
            call_id = await call_of(system, "1001")
            await commands.takeover("1002", call_id)
            taken = await second.incoming()
            await own.ended()
            await call.hears(850)
            await taken.hears(650)
            await until(lambda: system.center.engine.calls[call_id].owner == "1002")  # noqa: B023
            await call.hangup()
            await taken.ended()
            await until(lambda: not system.center.board.legs)


async def test_keys_reach_the_other_party(system: System) -> None:
    commands = system.center.commands
    async with (
        sip_phone(system, "1001", auto_answer=True) as desk,
        sip_phone(system, "2001", tone=650) as field,
    ):
        call_id = await commands.dial("1001", "2001")
        own = await desk.incoming()
        target = await field.incoming()
        await target.answer()
        await call_of(system, "1001")
        await own.hears(650)
        await commands.send_keys("1001", call_id, "12#")
        await target.receives("12#")
        await own.hangup()
        await target.ended()


async def test_hanging_up_a_whole_call_from_outside(system: System) -> None:
    async with sip_phone(system, "2001") as one, sip_phone(system, "2002") as two:
        call = await one.dial("2002")
        incoming = await two.incoming()
        await incoming.answer()
        call_id = await call_of(system, "2001")
        await system.center.commands.hangup("1001", call_id)
        await call.ended()
        await incoming.ended()


async def test_commands_on_calls_that_are_gone_are_refused(system: System) -> None:
    commands = system.center.commands
    for act in (commands.hold, commands.resume, commands.park, commands.retrieve,
                commands.takeover, commands.pickup, commands.answer):  # fmt: skip
        with pytest.raises(Refusal) as refused:
            await act("1001", "no-such-call")
        assert refused.value.code in ("call_not_found", "parked_call_not_found")
