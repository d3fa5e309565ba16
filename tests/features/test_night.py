"""Night service with real phones: emergency calls go to the night targets and are never lost."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from softswitch.app import System
from softswitch.errors import Refusal
from softswitch.features.night_model import Mode, Period
from softswitch.testing.phone import Phone
from softswitch.testing.system import LOCAL, secret, shows, sip_phone, until

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]
WHO = "chief"


async def night(system: System, *targets: str) -> None:
    nights = system.features.nights
    await nights.set(WHO, targets=targets)
    await nights.switch(WHO, Mode.ON)


async def test_an_emergency_call_goes_to_the_night_target_and_not_to_the_desks(
    system: System,
) -> None:
    async with (
        sip_phone(system, "1001", tone=450) as desk,
        sip_phone(system, "2001", tone=650) as target,
        sip_phone(system, "2002", tone=850) as citizen,
    ):
        await night(system, "2001")
        await shows(system, "night", "night", on=True)
        call = await citizen.dial("120")
        answer = await target.incoming()
        assert not desk.arrived
        await answer.answer()
        await asyncio.gather(call.hears(650), answer.hears(850))
        await call.hangup()


async def test_who_does_not_answer_is_followed_by_the_next_and_by_the_desks(
    system: System,
) -> None:
    async with (
        sip_phone(system, "1001", tone=450) as desk,
        sip_phone(system, "2001", tone=650) as first,
        sip_phone(system, "2003", tone=1050) as second,
        sip_phone(system, "2002", tone=850) as citizen,
    ):
        await night(system, "2001", "2003")
        call = await citizen.dial("120")
        await (await first.incoming()).reject()
        await (await second.incoming()).reject()
        answer = await desk.incoming()  # nobody of the night took it: whoever is there
        await answer.answer()
        await asyncio.gather(call.hears(450), answer.hears(850))
        await call.hangup()


async def test_a_call_is_never_lost_while_nobody_is_there(system: System) -> None:
    async with sip_phone(system, "2002", tone=850) as citizen:
        await night(system, "2001")  # has no phone at all
        call = await citizen.dial("120")
        await until(lambda: system.center.intake.queue, what="he waits")
        async with sip_phone(system, "2001", tone=650) as late:
            answer = await late.incoming()
            await answer.answer()
            await asyncio.gather(call.hears(650), answer.hears(850))
            await call.hangup()


async def test_a_call_that_waits_when_the_night_begins_goes_to_the_night_target(
    system: System,
) -> None:
    async with (
        sip_phone(system, "2001", tone=650) as target,
        sip_phone(system, "2002", tone=850) as citizen,
    ):
        call = await citizen.dial("120")
        await until(lambda: system.center.intake.queue, what="he waits")
        await night(system, "2001")
        answer = await target.incoming()
        await answer.answer()
        await asyncio.gather(call.hears(650), answer.hears(850))
        await call.hangup()


async def test_a_night_target_outside_is_rung_through_the_line(system: System) -> None:
    server = (LOCAL, system.settings.sip.port)
    async with (
        sip_phone(system, "line", tone=1050) as line,
        Phone.open(
            "13800138000", server=server, username="line", password=secret("line"), tone=850
        ) as citizen,
    ):
        await night(system, "13900139000")
        call = await citizen.dial("120")
        mobile = await line.incoming()
        await mobile.answer()
        await asyncio.gather(call.hears(1050), mobile.hears(850))
        await call.hangup()


async def test_named_lines_are_sent_on_at_night_only(system: System) -> None:
    nights = system.features.nights
    async with (
        sip_phone(system, "1002", tone=450) as office,
        sip_phone(system, "2001", tone=650) as guard,
        sip_phone(system, "2002", tone=850) as caller,
    ):
        await nights.set(WHO, targets=["2001"], lines={"1002": "2001"})
        by_day = await caller.dial("1002")
        await office.incoming()
        await by_day.hangup()
        await nights.switch(WHO, Mode.ON)
        call = await caller.dial("1002")
        answer = await guard.incoming()
        await answer.answer()
        await asyncio.gather(call.hears(650), answer.hears(850))
        assert not office.arrived
        await call.hangup()
        await nights.switch(WHO, Mode.OFF)
        again = await caller.dial("1002")
        await office.incoming()
        await again.hangup()


async def test_the_timetable_switches_by_itself(system: System) -> None:
    nights = system.features.nights
    real = nights.clock, nights.zone
    nights.zone = UTC

    async def at(hour: int) -> bool:
        instant = datetime(2026, 11, 23, hour, tzinfo=UTC)
        nights.clock = lambda: int(instant.timestamp() * 1000)
        await nights.look()
        return bool(system.live.entities()["night"]["night"]["on"])

    try:
        nights.clock = lambda: int(datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp() * 1000)
        await nights.set(WHO, targets=["2001"], periods=[Period((1,), 18 * 60, 8 * 60)])
        assert [await at(hour) for hour in (12, 18, 23)] == [False, True, True]
        assert system.center.intake.night_targets() == ("2001",)
        await nights.switch(WHO, Mode.OFF)
        assert not nights.on
    finally:
        await nights.set(WHO, periods=[])
        nights.clock, nights.zone = real


async def test_a_desk_switches_by_code_and_another_phone_may_not(system: System) -> None:
    nights = system.features.nights
    await nights.set(WHO, targets=["2001"])
    async with sip_phone(system, "1001") as desk, sip_phone(system, "2002") as other:
        for expected in (True, False):
            call = await desk.dial("*20")
            await call.hears_sound()
            await call.ended()
            assert nights.on is expected
        call = await other.dial("*20")
        await call.ended()
        assert not nights.on


async def test_a_night_without_anybody_and_circles_are_refused(system: System) -> None:
    nights = system.features.nights
    whole = Period((1,), 0, 0)
    with pytest.raises(Refusal) as refused:
        await nights.switch(WHO, Mode.ON)
    assert refused.value.code == "no_night_target"
    for given, code in (
        ({"periods": [whole]}, "no_night_target"),
        ({"targets": ["110"]}, "emergency_number"),
        ({"targets": ["9999"]}, "extension_not_found"),
        ({"targets": ["2001"], "periods": [Period((8,), 0, 0)]}, "bad_period"),
        ({"lines": {"1001": "1002", "1002": "2001"}}, "night_loop"),
        ({"lines": {"1001": "1001"}}, "night_loop"),
        ({"lines": {"9999": "2001"}}, "extension_not_found"),
    ):
        with pytest.raises(Refusal) as refused:
            await nights.set(WHO, **given)
        assert refused.value.code == code, given
    await nights.set(WHO, targets=["2001"])
    await nights.switch(WHO, Mode.ON)
    with pytest.raises(Refusal) as refused:
        await nights.set(WHO, targets=[])
    assert refused.value.code == "night_is_on"
