"""Intercept from a plain SIP phone, by feature code and key."""

from __future__ import annotations

import asyncio

import pytest
import pytest_asyncio

from intercept.levels import Holder
from intercept.model import Levels, Precedence
from softswitch.app import System
from softswitch.testing.system import sip_phone, until
from tests.intercept.kit import connected, talk

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]
FULL = Levels(3, 0, 3, 0, Precedence.FLASH_OVERRIDE)


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def allowed(system: System) -> None:
    """Whoever set these levels has given extension 2003 what its phone may do; 2002 has none."""
    await system.intercept.config.set_levels("test", Holder.EXTENSION, "2003", FULL)


@pytest.mark.parametrize("dispatch", [False, True])
async def test_monitor_whisper_and_insert_by_code(system: System, dispatch: bool) -> None:
    async with talk(system, dispatch=dispatch) as call, sip_phone(system, "2003", tone=850) as own:
        a, b = call.calls["1001"], call.calls["2001"]
        listening = await own.dial("*611001")
        await listening.hears(450, 650)
        await asyncio.gather(a.hears_not(850), b.hears_not(850))
        await listening.hangup()
        whispering = await own.dial("*622001")
        await b.hears(850)
        await asyncio.gather(whispering.hears(450, 650), a.hears_not(850))
        await whispering.hangup()
        await b.stops_hearing(850)
        inserted = await own.dial("*632001")
        await asyncio.gather(a.hears(950), b.hears(950))
        await asyncio.gather(a.hears(850), b.hears(850), inserted.hears(450, 650))
        await inserted.send_digits("4")
        await asyncio.gather(a.stops_hearing(850), b.stops_hearing(850), inserted.hears(450, 650))
        await inserted.hangup()
        await asyncio.gather(a.hears(650), b.hears(450))
        await call.end()


@pytest.mark.parametrize("dispatch", [False, True])
async def test_release_by_code(system: System, dispatch: bool) -> None:
    async with talk(system, dispatch=dispatch) as call, sip_phone(system, "2003", tone=850) as own:
        asked = await own.dial("*642001")
        ends = await asyncio.gather(*(each.ended() for each in call.calls.values()))
        assert [end.cause for end in ends] == [8, 8]
        assert (await asked.ended()).cause == 16


async def test_release_and_connect_by_code(system: System) -> None:
    async with talk(system) as call, sip_phone(system, "2003", tone=850) as own:
        asked = await own.dial("*652001")
        kept, other = call.calls["2001"], call.calls["1001"]
        await asyncio.gather(asked.hears(650), kept.hears(850), other.hears_sound())
        assert (await other.ended()).cause == 8
        await asked.hangup()
        await kept.ended()


@pytest.mark.parametrize("code", ["*61", "*62", "*63", "*64", "*65"])
async def test_a_phone_without_levels_is_refused_in_words(system: System, code: str) -> None:
    async with talk(system) as call, sip_phone(system, "2002", tone=850) as own:
        asked = await own.dial(f"{code}2001")
        await asked.hears_sound()
        assert (await asked.ended()).cause == 21
        await asyncio.gather(*(each.hears_not(850) for each in call.calls.values()))
        await call.end()


@pytest.mark.parametrize("target", ["2001", "1003", "9999"])
async def test_where_there_is_no_call_the_phone_hears_so(system: System, target: str) -> None:
    async with sip_phone(system, "2003") as own:
        asked = await own.dial(f"*61{target}")
        await asked.hears_sound()
        assert (await asked.ended()).cause == 21


async def test_a_ringing_call_is_not_entered(system: System) -> None:
    async with (
        sip_phone(system, "1001", tone=450) as caller,
        sip_phone(system, "2001", tone=650) as called,
        sip_phone(system, "2003", tone=850) as own,
    ):
        call = await caller.dial("2001")
        incoming = await called.incoming()
        await call.ringing()
        for code in ("*61", "*63", "*64"):
            asked = await own.dial(f"{code}2001")
            await asked.hears_sound()
            assert (await asked.ended()).cause == 21
        await incoming.answer()
        await connected(system, "1001", 2)
        await asyncio.gather(call.hears(650), incoming.hears(450))
        await call.hangup()
        await incoming.ended()


async def test_hanging_up_while_refused_leaves_nothing(system: System) -> None:
    async with sip_phone(system, "2002") as own:
        asked = await own.dial("*612001")
        await asked.hears_sound(frames=2)
        await asked.hangup()
    await until(lambda: not system.center.board.legs)
