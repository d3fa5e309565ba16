"""Intercom with real phones: the called one sounds, answers by itself, and only where that is allowed."""

from __future__ import annotations

import asyncio

import pytest

from softswitch.app import System
from softswitch.errors import Refusal
from softswitch.testing.system import sip_phone, until

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]
WHO = "chief"


async def test_the_called_phone_sounds_first_and_answers_by_itself(system: System) -> None:
    intercom = system.features.intercom
    await intercom.allow(WHO, "2001", True)
    async with (
        sip_phone(system, "1001", tone=450) as own,
        sip_phone(system, "2001", tone=650) as far,
    ):
        call_id = await intercom.call("1001", "2001")
        assert call_id in system.center.engine.calls
        mine = await own.incoming()
        there = await far.incoming()  # nobody presses anything
        await there.answered()
        await asyncio.gather(mine.hears(650), there.hears(450))
        warned, spoken = there.first_heard(1000), there.first_heard(450)
        assert warned is not None
        assert spoken is not None
        assert warned < spoken
        await mine.hangup()
        await there.ended()


async def test_by_code_from_a_phone(system: System) -> None:
    await system.features.intercom.allow(WHO, "2001", True)
    async with (
        sip_phone(system, "1001", tone=450) as own,
        sip_phone(system, "2001", tone=650) as far,
    ):
        mine = await own.dial("*42001")
        there = await far.incoming()
        await there.answered()
        await asyncio.gather(mine.hears(650), there.hears(450))
        await there.hangup()
        await mine.ended()


async def test_where_it_is_not_allowed_nothing_rings(system: System) -> None:
    intercom = system.features.intercom
    await intercom.allow(WHO, "2001", False)
    async with sip_phone(system, "1001") as own, sip_phone(system, "2001") as far:
        with pytest.raises(Refusal) as refused:
            await intercom.call("1001", "2001")
        assert refused.value.code == "intercom_not_allowed"
        call = await own.dial("*42001")
        await call.ended()
        assert not far.arrived
        assert not far.calls


async def test_a_busy_phone_is_left_alone(system: System) -> None:
    intercom = system.features.intercom
    await intercom.allow(WHO, "2001", True)
    async with (
        sip_phone(system, "1001", tone=450),
        sip_phone(system, "2001", tone=650) as far,
        sip_phone(system, "2002", tone=850) as friend,
    ):
        talking = await friend.dial("2001")
        await (await far.incoming()).answer()
        await talking.hears(650)
        await until(lambda: system.center.board.legs_of(["2001"]), what="the board shows the call")
        with pytest.raises(Refusal) as refused:
            await intercom.call("1001", "2001")
        assert refused.value.code == "busy"
        await talking.hangup()
