"""The dialplan on a real Asterisk: what phones dial, and what happens with no dispatch connected."""

from __future__ import annotations

import contextlib
import wave
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from softswitch.asterisk.journal import Cursor, JournalLine, JournalReader, past_calls
from softswitch.asterisk.model import Lockout
from softswitch.asterisk.node import AsteriskNode
from softswitch.asterisk.plain import AmiSwitch
from softswitch.asterisk.render import ENTRIES
from softswitch.ports import (
    ChannelGone,
    ChannelSeen,
    ChannelState,
    Entered,
    Leg,
    PastCall,
    RecordingBegan,
    SwitchFact,
    TransferAsked,
)
from softswitch.testing.facts import FactLog, eventually
from softswitch.testing.node import LiveSwitch
from softswitch.testing.phone import Call, IncomingCall, Phone, RegistrationFailed

pytestmark = pytest.mark.asterisk

STANDARD = ("110", "119", "120", "122")


def phone(
    node: AsteriskNode, number: str, tone: int = 450
) -> contextlib.AbstractAsyncContextManager[Phone]:
    server = node.settings.bind, node.settings.sip_port
    return Phone.register(server, f"p{number}", f"secret{number}", tone=tone)


def citizen(
    node: AsteriskNode, number: str = "13800138000"
) -> contextlib.AbstractAsyncContextManager[Phone]:
    server = node.settings.bind, node.settings.sip_port
    return Phone.open(
        number, server=server, username="citizens", password="secretcitizens", tone=850
    )


@pytest.fixture
async def facts(node: AsteriskNode) -> AsyncIterator[FactLog[SwitchFact]]:
    """AMI only: no dispatch is connected."""
    plain = AmiSwitch(node.settings, node.secrets)
    log = FactLog(plain.facts())
    await log.first()
    yield log
    for channel in (await plain.snapshot()).channels:
        await plain.hangup(channel.name)
    await log.close()
    await plain.close()


async def connected(caller: Call, callee: IncomingCall, caller_tone: int, callee_tone: int) -> None:
    await caller.hears(callee_tone)
    await callee.hears(caller_tone)


# ---- emergency --------------------------------------------------------------------------------------


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


# ---- plain calls ------------------------------------------------------------------------------------


async def test_a_plain_call_of_a_desk_is_recorded_on_both_legs(
    node: AsteriskNode, facts: FactLog[SwitchFact]
) -> None:
    async with phone(node, "1003") as caller, phone(node, "1001", 650) as desk:
        call = await caller.dial("1001")
        incoming = await desk.incoming()
        assert incoming.caller_number == "1003"
        await incoming.answer()
        await connected(call, incoming, 450, 650)
        await call.hangup()
        await facts.until(lambda: sum(isinstance(f, ChannelGone) for f in facts.facts) == 2)
    began = {f.channel_id for f in facts.facts if isinstance(f, RecordingBegan)}
    assert began == {f.channel_id for f in facts.facts if isinstance(f, ChannelGone)}
    await eventually(lambda: all(seconds_of(node, channel_id) > 0 for channel_id in began))


async def test_a_plain_call_of_others_is_not_recorded(
    node: AsteriskNode, facts: FactLog[SwitchFact]
) -> None:
    before = set(node.settings.spool.iterdir())
    async with phone(node, "1003") as caller, phone(node, "1004", 650) as callee:
        call = await caller.dial("1004")
        incoming = await callee.incoming()
        await incoming.answer()
        await connected(call, incoming, 450, 650)
        await call.hangup()
        await incoming.ended()
    assert set(node.settings.spool.iterdir()) == before


@pytest.mark.parametrize(
    ("dialled", "status", "cause"), [("1005", 480, 20), ("9999", 404, 1), ("*99#", 404, 1)]
)
async def test_a_number_that_nobody_answers_gets_its_cause(
    node: AsteriskNode, facts: FactLog[SwitchFact], dialled: str, status: int, cause: int
) -> None:
    async with phone(node, "1003") as caller:
        end = await (await caller.dial(dialled)).ended()
        assert end.status == status
        gone = await facts.wait_for(ChannelGone)
        assert gone.cause == cause


async def test_busy_is_busy(node: AsteriskNode, facts: FactLog[SwitchFact]) -> None:
    async with phone(node, "1003") as caller, phone(node, "1004") as callee:
        call = await caller.dial("1004")
        await (await callee.incoming()).reject(486)
        assert (await call.ended()).status == 486


async def test_a_trunk_reaches_extensions_and_no_features(
    node: AsteriskNode, facts: FactLog[SwitchFact]
) -> None:
    async with citizen(node) as caller, phone(node, "1003") as callee:
        call = await caller.dial("1003")
        incoming = await callee.incoming()
        assert incoming.caller_number == "13800138000"
        await incoming.reject(486)
        await call.ended()
        for dialled in ("*80", "*81003", "701", "13900139000"):
            assert (await (await caller.dial(dialled)).ended()).status == 404


# ---- features ---------------------------------------------------------------------------------------


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


# ---- secure phones ----------------------------------------------------------------------------------


async def test_a_secure_phone_speaks_srtp_over_tls(tmp_path: Path) -> None:
    from softswitch.asterisk.model import Transport
    from softswitch.setup.asterisk import find_asterisk
    from softswitch.setup.cache import cache_folder
    from softswitch.testing.node import directory, line, node_settings

    plan = directory(lines=(line("1001"), line("1002", transport=Transport.TLS)), desks=())
    own = AsteriskNode(node_settings(tmp_path), find_asterisk(cache_folder()), plan)
    await own.start()
    try:
        certificate = str(own.settings.tls / "certificate.pem")
        secure = Phone.register(
            (own.settings.bind, own.settings.sips_port),
            "p1002",
            "secret1002",
            transport="tls",
            ca_file=certificate,
            tone=650,
        )
        async with secure as bob, phone(own, "1001") as alice:
            call = await alice.dial("1002")
            incoming = await bob.incoming()
            await incoming.answer()
            await connected(call, incoming, 450, 650)
            await call.hangup()
    finally:
        await own.stop()


def seconds_of(node: AsteriskNode, channel_id: str) -> float:
    """How long a finished recording is; 0 while it is being written."""
    try:
        with wave.open(str(node.settings.spool / f"{channel_id}.wav")) as file:
            return file.getnframes() / file.getframerate()
    except (OSError, EOFError, wave.Error):
        return 0.0


# ---- the journal ------------------------------------------------------------------------------------


def journal_lines(node: AsteriskNode) -> list[JournalLine]:
    return JournalReader(node.settings.journal).read(Cursor())[0]


def past_call(node: AsteriskNode, call_id: str) -> PastCall:
    return next(call for call in past_calls(journal_lines(node)) if call.call_id == call_id)


def journal_of(node: AsteriskNode, channel_id: str) -> list[JournalLine]:
    return [line for line in journal_lines(node) if line.channel_id == channel_id]


async def test_the_journal_is_opened_for_each_event(
    node: AsteriskNode, facts: FactLog[SwitchFact]
) -> None:
    """So it may be renamed at any time, and what was written survives a kill."""
    node.settings.journal.touch()
    old = node.settings.journal.rename(node.settings.journal.with_suffix(".moved"))
    size = old.stat().st_size
    async with citizen(node, "13600136000") as caller:
        call = await caller.dial("122")
        await call.ringing()
        await call.hangup()
        await facts.wait_for(ChannelGone)
    await eventually(lambda: any(e.event == "LINKEDID_END" for e in journal_lines(node)))
    events = [line.event for line in journal_lines(node)]
    assert events[:2] == ["CHAN_START", "EMERGENCY"]
    assert {"HANGUP", "CHAN_END", "LINKEDID_END"} <= set(events)
    assert old.stat().st_size == size
