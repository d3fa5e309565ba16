"""Two supervisors, or a supervisor and a party, act in the same moment: whoever is left talks to somebody."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest
import pytest_asyncio

from intercept.model import Act
from softswitch.app import System
from softswitch.errors import Refusal
from softswitch.testing.phone import Call, Phone
from softswitch.testing.system import sip_phone, until
from tests.intercept.kit import (
    BOSS,
    GUEST,
    SECOND,
    Talk,
    everybody_hears_everybody,
    requester,
    talk,
)

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]
CONNECT = "connect"
WAYS = (Act.MONITOR, Act.INSERT, Act.TAKEOVER, Act.RELEASE, CONNECT)
SECOND_DESK = "1003"


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def alone(system: System) -> None:
    await system.intercept.config.change("test", {"two_person": ()})


async def ask(system: System, call: Talk, way: str, desk: str) -> Any:
    """Ask for an act; ``connect`` is the release that connects with 2001."""
    act = Act.RELEASE if way == CONNECT else Act(way)
    who = requester(system, BOSS if desk == GUEST else SECOND, desk)
    target = call.leg("2001") if way == CONNECT else None
    return await system.intercept.service.begin(
        who, act, call.call_id, reason="drill", target=target
    )


async def settled(system: System) -> None:
    """No work is under way, no tone sounds, and who was to be cleared is gone."""
    center, sessions = system.center, system.intercept.books.sessions

    def read() -> bool:
        waits = any(session.stage.value in ("ringing", "warning") for session in sessions.values())
        beside = any(not leg.channel.bridge_id for leg in center.board.legs.values())
        return not (waits or beside or center.engine._tasks or center.engine.rings)

    await until(read, what="all is settled")


def still_there(call: Talk, *own: Phone) -> dict[str, Call]:
    legs = {**call.calls}
    for phone in own:
        for leg in phone.calls:
            legs[phone.user] = leg
    return {name: leg for name, leg in legs.items() if leg.end is None}


async def nobody_is_alone(system: System, there: dict[str, Call], silent: set[str]) -> None:
    """Those left hear each other; one who monitors hears all and is heard by none."""
    speaking = {name: leg for name, leg in there.items() if name not in silent}
    assert len(speaking) != 1, f"{set(speaking)} is left in silence"
    if speaking:
        await everybody_hears_everybody(speaking)
    else:
        assert not there


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations_with_replacement(WAYS, 2)))
async def test_two_supervisors_at_once(system: System, one: str, other: str) -> None:
    async with (
        talk(system) as call,
        sip_phone(system, GUEST, tone=850, auto_answer=True) as first,
        sip_phone(system, SECOND_DESK, tone=1450, auto_answer=True) as second,
    ):
        results = await asyncio.gather(
            ask(system, call, one, GUEST),
            ask(system, call, other, SECOND_DESK),
            return_exceptions=True,
        )
        for result in results:
            assert not isinstance(result, BaseException) or isinstance(result, Refusal), result
        await settled(system)
        silent = {
            session.requester.desk
            for session in system.intercept.books.sessions.values()
            if session.act is Act.MONITOR
        }
        there = still_there(call, first, second)
        await nobody_is_alone(system, there, silent)
        if Act.RELEASE in (one, other) and CONNECT not in (one, other):
            assert not set(there) & set(call.calls), "the parties were cleared"
        for leg in there.values():
            await leg.hangup()


@pytest.mark.parametrize("who", ["1001", "2001"])
@pytest.mark.parametrize("dispatch", [False, True])
async def test_a_party_hangs_up_while_the_other_is_being_connected(
    system: System, who: str, dispatch: bool
) -> None:
    """2001 is to be kept: when it goes, the call is over; when 1001 goes, the two talk."""
    async with (
        talk(system, dispatch=dispatch) as call,
        sip_phone(system, GUEST, tone=850, auto_answer=True) as own,
    ):
        results = await asyncio.gather(
            ask(system, call, CONNECT, GUEST), call.calls[who].hangup(), return_exceptions=True
        )
        result = results[0]
        assert not isinstance(result, BaseException) or isinstance(result, Refusal), result
        await settled(system)
        there = still_there(call, own)
        await nobody_is_alone(system, there, set())
        for leg in there.values():
            await leg.hangup()
