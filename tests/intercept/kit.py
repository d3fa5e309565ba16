"""Calls of two to five legs, each with a tone of its own, and who hears whom."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from intercept.model import Act
from intercept.session import Session, Stage
from softswitch.access.model import Actor, Role
from softswitch.app import System
from softswitch.calls.dispatch_call import Purpose
from softswitch.testing.phone import Call, Phone
from softswitch.testing.system import sip_phone, until

TONES = {"1001": 450, "2001": 650, "2002": 1050, "2003": 1250, "1003": 1450, "1002": 850}
"""Multiples of 50 Hz do not disturb each other; 1002 is the one who comes in."""
ORDER = ("1001", "2001", "2002", "2003", "1003")
GUEST = "1002"
BOSS = Actor("boss", "班长", Role.SUPERVISOR)
SECOND = Actor("second", "副班长", Role.SUPERVISOR)
CLERK = Actor("clerk", "调度员", Role.DISPATCHER)


@dataclass
class Talk:
    """A call that is up: who is in it, by extension."""

    system: System
    call_id: str
    calls: dict[str, Call]

    def leg(self, extension: str) -> str:
        """The channel of an extension in it."""
        return leg_of(self.system, extension)

    async def end(self) -> None:
        """All hang up."""
        for call in self.calls.values():
            await call.hangup()


def leg_of(system: System, extension: str) -> str:
    legs = system.center.board.legs_of([extension])
    assert legs, f"{extension} is in no call"
    return legs[0].channel.id


async def connected(system: System, caller: str, count: int) -> str:
    """Wait until so many legs of the caller's call share a bridge."""

    def read() -> str:
        legs = system.center.board.legs_of([caller])
        if not legs or not legs[0].channel.bridge_id:
            return ""
        together = len(system.center.board.peers(legs[0])) + 1
        return legs[0].channel.linked_id if together == count else ""

    return await until(read, what=f"{count} legs talk")


@asynccontextmanager
async def talk(system: System, count: int = 2, *, dispatch: bool = False) -> AsyncIterator[Talk]:
    """A call of the first ``count`` phones: plain, or under dispatch; three and more always are."""
    async with AsyncExitStack() as stack:
        phones: dict[str, Phone] = {}
        for extension in ORDER[:count]:
            phones[extension] = await stack.enter_async_context(
                sip_phone(system, extension, tone=TONES[extension])
            )
        calls: dict[str, Call] = {ORDER[0]: await phones[ORDER[0]].dial(ORDER[1])}
        incoming = await phones[ORDER[1]].incoming()
        await incoming.answer()
        calls[ORDER[1]] = incoming
        call_id = await connected(system, ORDER[0], 2)
        call = None
        if dispatch or count > 2:
            async with system.center.engine.locked(call_id):
                call = await system.center.engine.take_in(call_id)
        for extension in ORDER[2:count]:
            assert call is not None
            async with system.center.engine.locked(call_id):
                await system.center.engine.ring(call, Purpose.RETRIEVE, extension)
            joining = await phones[extension].incoming()
            await joining.answer()
            calls[extension] = joining
        await connected(system, ORDER[0], count)
        if call is not None and count > 2:
            async with system.center.engine.locked(call_id):  # the last to join owns it until then
                call.owner = ORDER[0]
        yield Talk(system, call_id, calls)


def tones_of(calls: Mapping[str, Call], without: str = "") -> list[int]:
    return [TONES[extension] for extension in calls if extension != without]


async def hears_all(call: Call, tones: list[int]) -> None:
    """At once: the tones of all others are in the same frames."""
    await call.hears(*tones)


async def everybody_hears_everybody(calls: Mapping[str, Call]) -> None:
    await asyncio.gather(
        *(hears_all(call, tones_of(calls, without=name)) for name, call in calls.items())
    )


def requester(system: System, actor: Actor = BOSS, desk: str = GUEST) -> Any:
    return system.intercept.look.actor(actor, desk)


async def begin(system: System, act: Act, talk_: Talk, actor: Actor = BOSS, **more: Any) -> Session:
    """Ask for an act from desk 1002."""
    given = {"reason": "drill", **more}
    return await system.intercept.service.begin(
        requester(system, actor), act, talk_.call_id, **given
    )


async def up(session: Session, stage: Stage = Stage.UP) -> None:
    await until(lambda: session.stage is stage, what=f"{session.act} is {stage}")
