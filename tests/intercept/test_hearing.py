"""Who hears whom: each act, plain and dispatch calls, two to five legs."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from intercept.model import Act
from intercept.session import Stage
from softswitch.app import System
from softswitch.testing.system import shows, sip_phone, until
from tests.intercept.kit import (
    GUEST,
    ORDER,
    TONES,
    begin,
    everybody_hears_everybody,
    requester,
    talk,
    tones_of,
    up,
)

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

KINDS = [(2, False), (2, True), (3, True), (4, True), (5, True)]


def kinds() -> list[Any]:
    return [
        pytest.param(count, dispatch, id=f"{count}-{'dispatch' if dispatch else 'plain'}")
        for count, dispatch in KINDS
    ]


@pytest.mark.parametrize(("count", "dispatch"), kinds())
async def test_a_monitor_hears_all_and_is_heard_by_none(
    system: System, count: int, dispatch: bool
) -> None:
    async with (
        talk(system, count, dispatch=dispatch) as call,
        sip_phone(system, GUEST, tone=TONES[GUEST], auto_answer=True) as phone,
    ):
        session = await begin(system, Act.MONITOR, call)
        guest = await phone.incoming()
        await guest.hears(*tones_of(call.calls))
        await asyncio.gather(*(each.hears_not(TONES[GUEST]) for each in call.calls.values()))
        await everybody_hears_everybody(call.calls)
        await up(session)
        # Nobody's view tells of it.
        shown = system.live.entities()["call"][call.call_id]
        assert {leg["extension"] for leg in shown["legs"]} == set(ORDER[:count])
        await system.intercept.service.leave(requester(system), session.id)
        await guest.ended()
        await everybody_hears_everybody(call.calls)
        for name, each in call.calls.items():
            assert each.first_heard(TONES[GUEST]) is None, name
        await call.end()


@pytest.mark.parametrize(("count", "dispatch"), kinds())
async def test_an_insert_is_warned_of_and_then_all_hear_all(
    system: System, count: int, dispatch: bool
) -> None:
    async with (
        talk(system, count, dispatch=dispatch) as call,
        sip_phone(system, GUEST, tone=TONES[GUEST], auto_answer=True) as phone,
    ):
        began = asyncio.get_running_loop().time()
        session = await begin(system, Act.INSERT, call)
        guest = await phone.incoming()
        warned = await asyncio.gather(
            *(each.hears(950, since=began) for each in call.calls.values())
        )
        await up(session)
        together = {**call.calls, GUEST: guest}
        await everybody_hears_everybody(together)
        heard = [each.first_heard(TONES[GUEST], began) for each in call.calls.values()]
        assert all(at is not None and at > max(warned) + 0.5 for at in heard)
        await until(lambda: len(system.live.entities()["call"][call.call_id]["legs"]) == count + 1)
        await shows(system, "call", call.call_id, state="talking")
        await asyncio.gather(*(each.stops_hearing(950) for each in call.calls.values()))
        left = asyncio.get_running_loop().time()
        await guest.hangup()
        await everybody_hears_everybody(call.calls)
        await asyncio.gather(*(each.hears_not(TONES[GUEST]) for each in call.calls.values()))
        for name, each in call.calls.items():
            for tone in tones_of(call.calls, without=name):
                assert each.gaps(tone, longer_than=2.0, since=began) == []  # how long: benchmarks
            assert each.end is None
        assert left > began
        await call.end()


@pytest.mark.parametrize(("count", "dispatch"), kinds())
async def test_a_whisper_is_heard_by_one_alone(system: System, count: int, dispatch: bool) -> None:
    async with (
        talk(system, count, dispatch=dispatch) as call,
        sip_phone(system, GUEST, tone=TONES[GUEST], auto_answer=True) as phone,
    ):
        targets = ORDER[:count]
        session = await begin(system, Act.WHISPER, call, target=call.leg(targets[0]))
        guest = await phone.incoming()
        for target in targets:
            if target != targets[0]:
                await system.intercept.service.switch(
                    requester(system), session.id, Act.WHISPER, target=call.leg(target)
                )
            await call.calls[target].hears(TONES[GUEST])
            await guest.hears(*tones_of(call.calls))
            others = [each for name, each in call.calls.items() if name != target]
            await asyncio.gather(*(each.stops_hearing(TONES[GUEST]) for each in others))
            await asyncio.gather(*(each.hears_not(TONES[GUEST]) for each in others))
            await everybody_hears_everybody(call.calls)
        await guest.hangup()
        await asyncio.gather(*(each.stops_hearing(TONES[GUEST]) for each in call.calls.values()))
        await everybody_hears_everybody(call.calls)
        await call.end()


@pytest.mark.parametrize(("count", "dispatch"), kinds())
async def test_a_takeover_replaces_one_leg(system: System, count: int, dispatch: bool) -> None:
    async with (
        talk(system, count, dispatch=dispatch) as call,
        sip_phone(system, GUEST, tone=TONES[GUEST], auto_answer=True) as phone,
    ):
        await begin(system, Act.TAKEOVER, call)
        guest = await phone.incoming()
        left = await until(
            lambda: next((n for n, each in call.calls.items() if each.end is not None), ""),
            what="one is replaced",
        )
        assert left == "1001"  # the desk
        del call.calls[left]
        together = {**call.calls, GUEST: guest}
        await everybody_hears_everybody(together)
        under = system.center.engine.calls[call.call_id]
        await until(lambda: under.owner == GUEST)
        await guest.send_digits("3")
        if count == 2:  # his keys are for the others again
            await call.calls["2001"].receives("3")
        await guest.hangup()
        await call.end()


@pytest.mark.parametrize(("count", "dispatch"), kinds())
async def test_release_tells_cause_8_to_all(system: System, count: int, dispatch: bool) -> None:
    async with talk(system, count, dispatch=dispatch) as call:
        session = await begin(system, Act.RELEASE, call)
        ends = await asyncio.gather(*(each.ended() for each in call.calls.values()))
        assert [str(end.reasons[0]) for end in ends] == ["Q.850;cause=8"] * count
        await until(lambda: session.stage is Stage.ENDED)


@pytest.mark.parametrize(("count", "dispatch"), kinds())
async def test_release_with_connect_me(system: System, count: int, dispatch: bool) -> None:
    async with (
        talk(system, count, dispatch=dispatch) as call,
        sip_phone(system, GUEST, tone=TONES[GUEST], auto_answer=True) as phone,
    ):
        kept = call.calls.pop("2001")
        await begin(system, Act.RELEASE, call, target=call.leg("2001"))
        guest = await phone.incoming()
        await asyncio.gather(guest.hears(650), kept.hears(TONES[GUEST]))
        # The others hear why, and then the BYE says it too; the two never hear them again.
        await asyncio.gather(*(each.hears_sound() for each in call.calls.values()))
        await kept.stops_hearing(*tones_of(call.calls))
        ends = await asyncio.gather(*(each.ended() for each in call.calls.values()))
        assert [str(end.reasons[0]) for end in ends] == ["Q.850;cause=8"] * (count - 1)
        await guest.hears(650)
        await kept.hears(TONES[GUEST])
        await guest.hangup()
        await kept.ended()


@pytest.mark.parametrize("dispatch", [False, True])
async def test_switching_live_through_every_act(system: System, dispatch: bool) -> None:
    service = system.intercept.service
    async with (
        talk(system, 3 if dispatch else 2, dispatch=dispatch) as call,
        sip_phone(system, GUEST, tone=TONES[GUEST], auto_answer=True) as phone,
    ):
        a, b = call.calls["1001"], call.calls["2001"]
        session = await begin(system, Act.MONITOR, call)
        guest = await phone.incoming()
        await guest.hears(450, 650)
        me = requester(system)
        for _ in range(2):
            await service.switch(me, session.id, Act.WHISPER, target=call.leg("1001"))
            await a.hears(850)
            await b.hears_not(850)
            await service.switch(me, session.id, Act.INSERT)
            await b.hears(950)
            await up(session)
            await asyncio.gather(a.hears(850), b.hears(850), guest.hears(450, 650))
            await service.switch(me, session.id, Act.MONITOR)
            await asyncio.gather(a.stops_hearing(850), b.stops_hearing(850))
            await asyncio.gather(a.hears_not(850), b.hears_not(850), guest.hears(450, 650))
            await service.switch(me, session.id, Act.INSERT)
            await up(session)
            await asyncio.gather(a.hears(850), b.hears(850))
            await service.switch(me, session.id, Act.WHISPER, target=call.leg("2001"))
            await a.stops_hearing(850)
            await asyncio.gather(b.hears(850), a.hears_not(850), guest.hears(450, 650))
        await service.switch(me, session.id, Act.TAKEOVER)
        await a.ended()
        await asyncio.gather(b.hears(850), guest.hears(650))
        assert a.received_digits == b.received_digits == ""
        await guest.hangup()
        for each in call.calls.values():
            await each.hangup()


async def test_keys_switch_and_are_heard_by_nobody(system: System) -> None:
    async with (
        talk(system) as call,
        sip_phone(system, GUEST, tone=TONES[GUEST], auto_answer=True) as phone,
    ):
        a, b = call.calls["1001"], call.calls["2001"]
        session = await begin(system, Act.MONITOR, call)
        guest = await phone.incoming()
        await guest.hears(450, 650)
        await guest.send_digits("5")  # to the dispatcher
        await a.hears(850)
        await b.hears_not(850)
        await guest.send_digits("8")  # to the next
        await b.hears(850)
        await a.stops_hearing(850)
        await guest.send_digits("6")
        await up(session)
        await until(lambda: session.act is Act.INSERT)
        await up(session)
        await asyncio.gather(a.hears(850), b.hears(850))
        await guest.send_digits("4")
        await asyncio.gather(a.stops_hearing(850), b.stops_hearing(850))
        await guest.send_digits("9*#0")
        await guest.send_digits("7")
        await a.ended()
        await asyncio.gather(b.hears(850), guest.hears(650))
        assert a.received_digits == b.received_digits == ""
        await guest.hangup()
        await b.ended()
