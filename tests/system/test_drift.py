"""A board that has lost events is mended from the switch."""

from __future__ import annotations

import pytest

from softswitch.app import System
from softswitch.calls.drift import DriftCheck
from softswitch.ports import ChannelSeen
from softswitch.testing.system import sip_phone, until

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


async def test_a_lost_leg_and_a_ghost_are_mended(system: System) -> None:
    board = system.center.board
    check = DriftCheck(system.center, system.switch, settle=0.0)
    async with sip_phone(system, "2001") as one, sip_phone(system, "2002") as two:
        call = await one.dial("2002")
        incoming = await two.incoming()
        await incoming.answer()
        await until(lambda: len([leg for leg in board.legs.values() if leg.channel.bridge_id]) == 2)
        assert await check.check() == []
        leg = next(iter(board.legs.values()))
        ghost = board.legs.pop(leg.channel.id)
        del board.calls[ghost.channel.linked_id].legs[leg.channel.id]
        assert await check.check() == [f"{leg.channel.id} is in the switch only"]
        assert leg.channel.id in board.legs
        assert check.mended == 1
        await call.hangup()
        await incoming.ended()


async def test_a_leg_that_was_to_end_and_that_the_switch_does_not_know_is_gone_at_once(
    system: System,
) -> None:
    center = system.center
    async with sip_phone(system, "2001") as one, sip_phone(system, "2002") as two:
        call = await one.dial("2002")
        await (await two.incoming()).answer()
        channel = await until(
            lambda: next(
                (c for leg in center.board.legs.values() if (c := leg.channel).bridge_id), None
            ),
            what="they talk",
        )
        await call.hangup()
        await until(lambda: not center.board.legs, what="both are gone")
        center.on_switch(ChannelSeen(channel))  # the switch went on to tell of it
        assert channel.id in center.board.legs
        await center.engine.drop(channel.id)
        await until(lambda: not center.board.legs, what="it is no longer shown", seconds=20)
