"""Emergency digits in the dialplan: under dispatch, and without it."""

from __future__ import annotations

import pytest

from softswitch.asterisk.node import AsteriskNode
from softswitch.asterisk.render import ENTRIES
from softswitch.ports import (
    ChannelGone,
    ChannelSeen,
    Entered,
    SwitchFact,
)
from softswitch.testing.facts import FactLog, eventually
from softswitch.testing.node import LiveSwitch
from tests.asterisk.dialplan_kit import (
    STANDARD,
    citizen,
    connected,
    journal_of,
    past_call,
    phone,
    seconds_of,
)

pytestmark = pytest.mark.asterisk


@pytest.mark.parametrize("digits", STANDARD)
@pytest.mark.parametrize("entry", ENTRIES)
async def test_asterisk_itself_finds_the_intake_first(
    node: AsteriskNode, digits: str, entry: str
) -> None:
    shown = await node.command(f"dialplan show {digits}@{entry}")
    own = shown.split("[ Included context")[0]
    assert f"[ Context '{entry}'" in own
    assert f"'{digits}' =>" in own
    assert f"Goto(emergency,{digits},1)" in own


async def test_a_phone_reaches_the_intake_under_dispatch(switch: LiveSwitch) -> None:
    async with phone(switch.node, "1003") as caller:
        for digits in STANDARD:
            after = len(switch.control_facts.facts)
            call = await caller.dial(digits)
            fact = await switch.control_facts.wait_for(Entered, after=after)
            assert fact.args == ("emergency", digits)
            assert fact.channel.caller_number == "1003"
            await call.ringing()
            await call.hangup()


async def test_without_dispatch_all_desks_ring_and_one_answers(
    node: AsteriskNode, facts: FactLog[SwitchFact]
) -> None:
    async with citizen(node) as caller, phone(node, "1001") as one, phone(node, "1002", 650) as two:
        call = await caller.dial("120")
        first, second = await one.incoming(), await two.incoming()
        assert first.caller_number == second.caller_number == "13800138000"
        await second.answer()
        await connected(call, second, 850, 650)
        assert (await first.ended()).by_remote
        await call.hangup()
        assert (await second.ended()).by_remote
        began = await facts.wait_for(ChannelSeen, lambda f: f.channel.endpoint == "citizens")
        await facts.wait_for(ChannelGone, lambda f: f.channel_id == began.channel.id)
    await eventually(lambda: seconds_of(node, began.channel.id) > 0)
    assert journal_of(node, began.channel.id)[1].event == "EMERGENCY"
    told = past_call(node, began.channel.id)
    assert told.answered_by == "p1002"
    assert told.answered_at is not None
    assert told.answered_at >= told.started_at


async def test_without_dispatch_nobody_there_rings_on_and_the_caller_is_abandoned(
    node: AsteriskNode, facts: FactLog[SwitchFact]
) -> None:
    async with citizen(node, "13700137000") as caller:
        call = await caller.dial("119")
        await call.ringing()
        seen = await facts.wait_for(ChannelSeen, lambda f: f.channel.endpoint == "citizens")
        await call.hangup()
        await facts.wait_for(ChannelGone, lambda f: f.channel_id == seen.channel.id)
    await eventually(lambda: past_call(node, seen.channel.id).ended_at is not None)
    missed = past_call(node, seen.channel.id)
    assert (missed.number, missed.digits) == ("13700137000", "119")
    assert missed.answered_at is None


async def test_the_second_round_rings_the_duty_number(
    node: AsteriskNode, facts: FactLog[SwitchFact]
) -> None:
    async with citizen(node) as caller, phone(node, "1006") as duty:
        call = await caller.dial("120")
        incoming = await duty.incoming()
        await incoming.answer()
        await connected(call, incoming, 850, 450)
        await call.hangup()


async def test_dispatch_that_comes_back_takes_the_call_of_the_next_round(
    node: AsteriskNode, facts: FactLog[SwitchFact]
) -> None:
    from softswitch.testing.node import live

    async with citizen(node) as caller:
        call = await caller.dial("110")
        await facts.wait_for(ChannelSeen, lambda f: f.channel.endpoint == "citizens")
        async with live(node) as switch:
            fact = await switch.control_facts.wait_for(Entered)
            assert fact.args == ("emergency", "110")
            await call.hangup()
