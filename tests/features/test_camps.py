"""Camp-on with real phones: who met a busy extension is called when it is free, in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from softswitch.app import System
from softswitch.errors import Refusal
from softswitch.features import camp_store
from softswitch.testing.patience import PATIENCE
from softswitch.testing.phone import Call, Phone
from softswitch.testing.system import shows, sip_phone, until, until_told

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]
WHO = "chief"
TONES = {"1001": 450, "1002": 650, "2001": 850, "2002": 1050, "2003": 1250}


@asynccontextmanager
async def busy(system: System, target: str = "2001", other: str = "2003") -> AsyncIterator[Call]:
    """``target`` talks to ``other``; gives the leg of ``target``."""
    async with sip_phone(system, other, tone=TONES[other]) as far:
        board = system.center.board
        dialled = await far.dial(target)
        async with asyncio.timeout(PATIENCE):
            await dialled.ringing()
        yield dialled
        if dialled.end is None:
            await dialled.hangup()
        await until(lambda: not board.legs_of([other]), what=f"{other} is free")


async def talk(system: System, phone: Phone, dialled: Call) -> Call:
    own = await phone.incoming()
    await own.answer()
    await own.hears(TONES["2003"])
    await until(lambda: system.center.board.legs_of([phone.user]), what="the board shows the call")
    return own


async def called_back(caller: Phone, target: Phone, tones: tuple[int, int]) -> tuple[Call, Call]:
    """The caller's phone rings, he answers, then the other's."""
    back = await caller.incoming()
    assert not target.arrived
    await back.answer()
    there = await target.incoming()
    await there.answer()
    await asyncio.gather(back.hears(tones[1]), there.hears(tones[0]))
    return back, there


async def test_the_caller_is_rung_and_then_the_one_who_was_busy(system: System) -> None:
    camps = system.features.camps
    async with (
        sip_phone(system, "2001", tone=TONES["2001"]) as target,
        sip_phone(system, "1001", tone=TONES["1001"]) as caller,
        busy(system) as far,
    ):
        own = await talk(system, target, far)
        camp = await camps.add(WHO, "1001", "2001")
        assert (await camps.add(WHO, "1001", "2001")).id == camp.id  # a repeat is harmless
        await shows(system, "camp", camp.id, place=1, state="waiting")
        assert not caller.arrived
        await own.hangup()
        back, there = await called_back(caller, target, (TONES["1001"], TONES["2001"]))
        await until(lambda: not camps.camps, what="it is done")
        await back.hangup()
        await there.ended()


async def test_several_are_called_in_the_order_in_which_they_asked(system: System) -> None:
    camps = system.features.camps
    async with (
        sip_phone(system, "2001", tone=TONES["2001"]) as target,
        sip_phone(system, "1001", tone=TONES["1001"]) as first,
        sip_phone(system, "1002", tone=TONES["1002"]) as second,
        busy(system) as far,
    ):
        own = await talk(system, target, far)
        await camps.add(WHO, "1001", "2001")
        later = await camps.add(WHO, "1002", "2001")
        await shows(system, "camp", later.id, place=2)
        await own.hangup()
        back, there = await called_back(first, target, (TONES["1001"], TONES["2001"]))
        assert not second.arrived
        assert not second.calls
        await until(lambda: camps.view(later)["place"] == 1, what="he is first now")
        await back.hangup()
        await there.ended()
        back, there = await called_back(second, target, (TONES["1002"], TONES["2001"]))
        await there.hangup()
        await back.ended()


async def test_a_caller_who_is_busy_himself_lets_the_next_one_go_first(system: System) -> None:
    camps = system.features.camps
    async with (
        sip_phone(system, "2001", tone=TONES["2001"]) as target,
        sip_phone(system, "1001", tone=TONES["1001"]) as first,
        sip_phone(system, "1002", tone=TONES["1002"]) as second,
        sip_phone(system, "2002", tone=TONES["2002"]) as friend,
        busy(system) as far,
    ):
        own = await talk(system, target, far)
        await camps.add(WHO, "1001", "2001")
        await camps.add(WHO, "1002", "2001")
        talking = await first.dial("2002")
        await (await friend.incoming()).answer()
        await talking.hears(TONES["2002"])
        await own.hangup()
        back, there = await called_back(second, target, (TONES["1002"], TONES["2001"]))
        await talking.hangup()
        await back.hangup()
        await there.ended()
        back, _ = await called_back(first, target, (TONES["1001"], TONES["2001"]))
        await back.hangup()


async def test_by_code_and_by_key(system: System) -> None:
    camps = system.features.camps
    async with (
        sip_phone(system, "2001", tone=TONES["2001"]) as target,
        sip_phone(system, "1001", tone=TONES["1001"]) as coded,
        sip_phone(system, "1002", tone=TONES["1002"]) as keyed,
        busy(system) as far,
    ):
        own = await talk(system, target, far)
        code = await coded.dial("*372001")
        await code.hears_sound()
        await code.ended()
        meets = await keyed.dial("2001")
        await (await target.incoming()).reject()
        await meets.early()  # he hears what the key does, before any answer
        await meets.send_digits("5")
        assert (await meets.ended()).status == 486
        wanted = [("1001", 1), ("1002", 2)]
        await until(lambda: [(c["caller"], c["place"]) for c in camps.listed()] == wanted)
        off = await coded.dial("*38")
        await off.hears_sound()
        await off.ended()
        await until(lambda: [c["caller"] for c in camps.listed()] == ["1002"])
        await own.hangup()
        back, _ = await called_back(keyed, target, (TONES["1002"], TONES["2001"]))
        await back.hangup()


async def test_who_is_turned_away_by_hand_is_offered_nothing(system: System) -> None:
    async with sip_phone(system, "2001") as target, sip_phone(system, "1001") as caller:
        call = await caller.dial("2001")
        await (await target.incoming()).reject()
        assert (await call.ended()).status == 486
        await until(lambda: not system.features.phones.offers)


async def test_cancelling_stops_the_phone_that_rings(system: System) -> None:
    camps = system.features.camps
    async with (
        sip_phone(system, "2001", tone=TONES["2001"]) as target,
        sip_phone(system, "1001", tone=TONES["1001"]) as caller,
        busy(system) as far,
    ):
        own = await talk(system, target, far)
        camp = await camps.add(WHO, "1001", "2001")
        await own.hangup()
        back = await caller.incoming()
        await camps.cancel(WHO, camp.id)
        await back.ended()
        with pytest.raises(Refusal):
            await camps.cancel(WHO, camp.id)


async def test_a_call_back_that_nobody_answers_is_over_and_a_busy_one_stays(system: System) -> None:
    camps = system.features.camps
    async with (
        sip_phone(system, "2001", tone=TONES["2001"]) as target,
        sip_phone(system, "1001", tone=TONES["1001"]) as caller,
        busy(system) as far,
    ):
        own = await talk(system, target, far)
        camp = await camps.add(WHO, "1001", "2001")
        await own.hangup()
        back = await caller.incoming()
        await back.answer()
        await (await target.incoming()).reject()  # busy at that moment: he keeps his place
        await back.ended()
        again = await caller.incoming()
        assert camp.tries == 2
        await again.answer()
        await (await target.incoming()).reject(480)
        await again.ended()
        await until(lambda: not camps.camps, what="it is over")
        await until(lambda: (camp.state.value, camp.why) == ("failed", "no_answer"))


async def test_the_time_runs_out(system: System) -> None:
    camps = system.features.camps
    async with (
        sip_phone(system, "2001", tone=TONES["2001"]) as target,
        sip_phone(system, "1001", tone=TONES["1001"]),
        busy(system) as far,
    ):
        await talk(system, target, far)
        camp = await camps.add(WHO, "1001", "2001", life=60_000)
        real = camps.clock
        try:
            camps.clock = lambda: camp.expires_at
            await camps.look()
        finally:
            camps.clock = real
        await until(lambda: camp.state.value == "expired")

        async def none_is_open() -> bool:
            return not await system.db.read(camp_store.open_camps)

        await until_told(none_is_open, what="no camp is open in the books")


async def test_what_cannot_be_camped_on_is_refused(system: System) -> None:
    camps = system.features.camps
    async with sip_phone(system, "2001"):
        for caller, target, life, code in (
            ("1001", "2001", 60_000, "not_busy"),
            ("1001", "1001", 60_000, "own_number"),
            ("1001", "9999", 60_000, "extension_not_found"),
            ("1001", "2001", 1, "bad_life"),
        ):
            with pytest.raises(Refusal) as refused:
                await camps.add(WHO, caller, target, life=life)
            assert refused.value.code == code
