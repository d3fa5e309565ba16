"""A citizen dials 120: who rings, who hears whom, what is on record."""

from __future__ import annotations

import pytest

from softswitch.app import System
from softswitch.testing.system import sip_phone, until

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


async def test_a_citizen_dials_120_and_a_desk_answers(system: System) -> None:
    center = system.center
    async with (
        sip_phone(system, "2001", tone=450) as citizen,
        sip_phone(system, "1001", tone=650) as desk,
    ):
        call = await citizen.dial("120")
        offered = await desk.incoming()
        await call.ringing()
        waiting = await until(lambda: list(center.intake.queue.values()))
        assert waiting[0].digits == "120"
        assert offered.caller_number == "2001"
        await offered.answer()
        await call.answered()
        await call.hears(650)
        await offered.hears(450)
        await call.hangup()
        await offered.ended()
