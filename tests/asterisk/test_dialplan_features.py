"""Feature codes, pickup and transfers in the dialplan, with and without dispatch."""

from __future__ import annotations

from dataclasses import replace

import pytest

from softswitch.asterisk.model import Lockout
from softswitch.asterisk.node import AsteriskNode
from softswitch.asterisk.plain import AmiSwitch
from softswitch.ports import (
    ChannelSeen,
    ChannelState,
    Entered,
    Leg,
    SwitchFact,
    TransferAsked,
)
from softswitch.testing.facts import FactLog
from softswitch.testing.node import LiveSwitch
from softswitch.testing.phone import RegistrationFailed
from tests.asterisk.dialplan_kit import citizen, connected, phone

pytestmark = pytest.mark.asterisk


@pytest.mark.parametrize(
    ("dialled", "args"),
    [
        ("*80", ("feature", "take")),
        ("*81003", ("feature", "pickup", "1003")),
        ("*881001", ("feature", "takeover", "1001")),
        ("700", ("feature", "park")),
        ("701", ("retrieve", "701")),
        ("799", ("retrieve", "799")),
    ],
)
async def test_feature_codes_come_to_dispatch(
    switch: LiveSwitch, dialled: str, args: tuple[str, ...]
) -> None:
    async with phone(switch.node, "1001") as caller:
        call = await caller.dial(dialled)
        fact = await switch.control_facts.wait_for(Entered)
        assert fact.args == args
        await switch.calls.hangup(fact.channel.id)
        await call.ended()


@pytest.mark.parametrize("dialled", ["*881001", "700", "701"])
async def test_without_dispatch_a_service_says_that_it_is_not_there(
    node: AsteriskNode, facts: FactLog[SwitchFact], dialled: str
) -> None:
    async with phone(node, "1001") as caller:
        end = await (await caller.dial(dialled)).ended()
        assert end.cause == 63


async def test_pickup_works_without_dispatch(
    node: AsteriskNode, facts: FactLog[SwitchFact]
) -> None:
    async with (
        phone(node, "1003") as caller,
        phone(node, "1004", 650) as callee,
        phone(node, "1005", 750) as third,
    ):
        call = await caller.dial("1004")
        ringing = await callee.incoming()
        picking = await third.dial("*81004")
        await picking.answered()
        assert (await ringing.ended()).by_remote
        await call.hears(750)
        await picking.hears(450)
        await call.hangup()


async def test_an_emergency_call_can_be_picked_up_without_dispatch(
    node: AsteriskNode, facts: FactLog[SwitchFact]
) -> None:
    async with (
        citizen(node) as caller,
        phone(node, "1001") as desk,
        phone(node, "1003", 650) as helper,
    ):
        call = await caller.dial("120")
        await desk.incoming()
        picking = await helper.dial("*80")
        await picking.answered()
        await call.hears(650)
        await picking.hears(850)
        await call.hangup()


async def test_a_phone_without_a_transfer_key_transfers_by_keys(
    node: AsteriskNode, facts: FactLog[SwitchFact]
) -> None:
    async with (
        phone(node, "1003") as caller,
        phone(node, "1004", 650) as callee,
        phone(node, "1005", 750) as target,
    ):
        call = await caller.dial("1004")
        incoming = await callee.incoming()
        await incoming.answer()
        await connected(call, incoming, 450, 650)
        await call.send_digits("##1005")
        moved = await target.incoming()
        await moved.answer()
        await moved.hears(650)
        await incoming.hears(750)
        assert (await call.ended()).by_remote


async def test_a_phone_transfers_a_plain_call_by_refer(
    node: AsteriskNode, facts: FactLog[SwitchFact]
) -> None:
    async with (
        phone(node, "1003") as caller,
        phone(node, "1004", 650) as callee,
        phone(node, "1005", 750) as target,
    ):
        call = await caller.dial("1004")
        incoming = await callee.incoming()
        await incoming.answer()
        await connected(call, incoming, 450, 650)
        await call.transfer("1005")
        moved = await target.incoming()
        await moved.answer()
        await incoming.hears(750)
        assert await call.transferred() == 200


async def test_absorbed_legs_keep_talking_without_dispatch(
    node: AsteriskNode, facts: FactLog[SwitchFact]
) -> None:
    plain = AmiSwitch(node.settings, node.secrets)
    acting = FactLog(plain.facts())
    await acting.first()
    async with phone(node, "1003") as caller, phone(node, "1004", 650) as callee:
        call = await caller.dial("1004")
        incoming = await callee.incoming()
        await incoming.answer()
        await connected(call, incoming, 450, 650)
        up = {c.name for c in (await plain.snapshot()).channels if c.state is ChannelState.UP}
        await plain.redirect(sorted(up), "softswitch-absorb", "1795364274.0")
        await acting.until(lambda: _in_conference(acting, up))
        await connected(call, incoming, 450, 650)
        await call.hangup()
    await acting.close()


def _in_conference(log: FactLog[SwitchFact], names: set[str]) -> bool:
    latest = {
        f.channel.name: f.channel
        for f in log.facts
        if isinstance(f, ChannelSeen) and f.channel.name in names
    }
    bridges = {c.bridge_id for c in latest.values() if c.context == "softswitch-absorb"}
    return len(bridges) == 1 and "" not in bridges and len(latest) == 2


async def test_an_attended_transfer_under_dispatch_names_the_other_call(
    switch: LiveSwitch,
) -> None:
    """REFER with Replaces: dispatch is asked, Asterisk does nothing by itself; NOTIFY tells the phone."""
    async with (
        citizen(switch.node) as caller,
        phone(switch.node, "1001") as desk,
        phone(switch.node, "1003", 650) as helper,
    ):
        call = await caller.dial("120")
        entered = await switch.control_facts.wait_for(Entered)
        await switch.calls.place(Leg("att-desk", "p1001", ("leg",), auto_answer=True))
        first = await desk.incoming()
        await switch.control_facts.wait_for(Entered, lambda f: f.channel.id == "att-desk")
        await switch.calls.answer(entered.channel.id)
        await switch.calls.open_bridge("att")
        await switch.calls.join("att", entered.channel.id, "att-desk")
        await connected(call, first, 850, 450)
        second = await desk.dial("1003")
        incoming = await helper.incoming()
        await incoming.answer()
        await second.hears(650)
        await first.transfer_to(second)
        asked = await switch.control_facts.wait_for(TransferAsked)
        assert asked.channel_id == "att-desk"
        other = await switch.switch_facts.wait_for(
            ChannelSeen, lambda f: f.channel.endpoint == "p1001" and f.channel.dialed == "1003"
        )
        assert asked.other_channel_id == other.channel.id
        await call.hears(450)
        await switch.calls.transfer_result("att-desk", True)
        assert await first.transferred() == 200
        await call.hangup()


async def test_a_locked_out_address_is_refused_until_the_lockout_ends(
    node: AsteriskNode, facts: FactLog[SwitchFact]
) -> None:
    before = node.directory
    try:
        for lockout in (Lockout("p1003", "127.0.0.1"), Lockout("", "127.0.0.1")):
            await node.apply(replace(before, lockouts=(lockout,)))
            with pytest.raises(RegistrationFailed):
                async with phone(node, "1003"):
                    pass
        await node.apply(replace(before, lockouts=(Lockout("p1003", "127.0.0.1"),)))
        async with phone(node, "1004"):
            pass
    finally:
        await node.apply(before)
    async with phone(node, "1003"):
        pass
