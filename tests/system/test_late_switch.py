"""A switch that is too busy to do what it is told: nobody is left alone on a line, and no caller is forgotten."""

from __future__ import annotations

from typing import Any

import pytest

from softswitch.app import System
from softswitch.calls import core
from softswitch.ports import ActFailed
from softswitch.testing.system import sip_phone

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

SOON = 10.0
"""Seconds; an offer that nobody stops rings for 20."""


class Late:
    """An act that fails the first time, as one does that is not done in time; ``first`` happens before."""

    def __init__(self, act: Any) -> None:
        self._act = act
        self.asked = 0
        self.first: Any = None

    async def __call__(self, *args: Any) -> None:
        self.asked += 1
        if self.asked > 1:
            await self._act(*args)
            return
        if self.first is not None:
            await self.first(*args)
        raise ActFailed("not done in 5 s, unknown outcome")


async def test_a_desk_that_could_not_be_joined_is_let_go_and_the_caller_is_offered_again(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = Late(system.control.join)
    monkeypatch.setattr(system.control, "join", late)
    async with (
        sip_phone(system, "2001", tone=450) as citizen,
        sip_phone(system, "1001", tone=650) as first,
    ):
        call = await citizen.dial("120")
        offered = await first.incoming()
        async with sip_phone(system, "1002", tone=850) as second:
            await offered.answer()
            await offered.ended()
            again = await second.incoming()
            await again.answer()
            await call.hears(850)
            await call.hangup()
            await again.ended()
    assert late.asked >= 2


async def test_a_desk_that_answers_while_the_caller_gives_up_is_let_go(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = Late(system.control.join)
    monkeypatch.setattr(system.control, "join", late)
    async with sip_phone(system, "2001") as citizen, sip_phone(system, "1001") as desk:
        call = await citizen.dial("120")
        offered = await desk.incoming()
        late.first = lambda *_args: call.hangup()
        await offered.answer()
        await offered.ended()
    assert late.asked == 1


async def test_a_phone_that_did_not_stop_ringing_is_told_again(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core, "SURE_SECONDS", 0.05)
    late = Late(system.control.hangup)
    monkeypatch.setattr(system.control, "hangup", late)
    async with sip_phone(system, "2001") as citizen, sip_phone(system, "1001") as desk:
        call = await citizen.dial("120")
        offered = await desk.incoming()
        await call.hangup()
        await offered.ended()
    assert late.asked >= 2


async def test_a_phone_that_rings_although_nobody_knows_it_is_stopped(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = Late(system.control.place)
    late.first = system.control.place
    monkeypatch.setattr(system.control, "place", late)
    async with (
        sip_phone(system, "2001", tone=450) as citizen,
        sip_phone(system, "1001", tone=650) as desk,
    ):
        call = await citizen.dial("120")
        unknown = await desk.incoming()
        await unknown.ended(SOON)
        known = await desk.incoming()
        await known.answer()
        await call.hears(650)
        await call.hangup()
        await known.ended()
