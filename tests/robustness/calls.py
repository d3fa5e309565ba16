"""A call with audio that must outlive whatever a test does, and the next call for help."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from softswitch.app import System
from softswitch.testing.system import sip_phone, until

CALLER, CALLED = "2001", "2002"
CITIZEN, DESK = "2003", "1001"


@asynccontextmanager
async def call_up(system: System) -> AsyncIterator[str]:
    """A plain call between two phones; at the end both still hear each other. Yields its id."""
    async with (
        sip_phone(system, CALLER, tone=450) as one,
        sip_phone(system, CALLED, tone=650) as two,
    ):
        call = await one.dial(CALLED)
        other = await two.incoming()
        await other.answer()
        await call.hears(650)
        await other.hears(450)
        entities = system.live.entities()
        yield await until(lambda: next(iter(entities["call"]), ""), what="the call is on the board")
        await call.hears(650)
        await other.hears(450)
        assert call.end is None
        await call.hangup()
        await other.ended()


async def help_comes(system: System, digits: str = "120") -> None:
    """Place an emergency call and let a desk answer it: both hear each other."""
    async with (
        sip_phone(system, CITIZEN, tone=850) as citizen,
        sip_phone(system, DESK, tone=1050) as desk,
    ):
        call = await citizen.dial(digits)
        offered = await desk.incoming()
        waiting = system.center.intake.queue
        await until(lambda: [entry.digits for entry in waiting.values()] == [digits])
        await offered.answer()
        await call.hears(1050)
        await offered.hears(850)
        await call.hangup()
        await offered.ended()
