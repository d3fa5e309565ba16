"""Plain calls in the dialplan: recording, causes, lines; secure phones and the journal."""

from __future__ import annotations

from pathlib import Path

import pytest

from softswitch.asterisk.node import AsteriskNode
from softswitch.ports import (
    ChannelGone,
    RecordingBegan,
    SwitchFact,
)
from softswitch.testing.facts import FactLog, eventually
from softswitch.testing.phone import Phone
from tests.asterisk.dialplan_kit import citizen, connected, journal_lines, phone, seconds_of

pytestmark = pytest.mark.asterisk


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
