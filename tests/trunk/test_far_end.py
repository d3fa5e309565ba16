"""A far end that is gone is found and left alone; when it is back, it is used again by itself."""

from __future__ import annotations

import os
import signal

import pytest

from softswitch.testing.system import sip_phone, until, until_told
from tests.trunk.kit import Rig
from trunk.hanging import FORSAKEN_MILLIS

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


async def test_a_silent_far_end_is_found_within_30_seconds_and_comes_back(rig: Rig) -> None:
    """The process of the carrier is stopped: its port is open and says nothing."""
    await rig.use()
    pid = rig.carrier.node.pid
    assert pid is not None
    loop_time = rig.system.trunks.books.clock
    os.kill(pid, signal.SIGSTOP)
    began = loop_time()
    try:
        await until(lambda: rig.trunk("first")["state"] == "down")
        assert loop_time() - began < 30_000
        assert rig.trunk("first")["why"] == "the far end does not answer OPTIONS"
        await until(lambda: rig.trunk("second")["state"] == "down")
        async with sip_phone(rig.system, "2001") as phone:
            ended = await (await phone.dial("0200000")).ended()
            assert ended.cause is not None
        await until(lambda: "trunk first" in rig.system.live.entities().get("alarm", {}))
    finally:
        os.kill(pid, signal.SIGCONT)
    await until(lambda: rig.trunk("first")["state"] == "up")
    async with sip_phone(rig.system, "2001", tone=450) as phone:
        call = await phone.dial("0200000")
        await call.answered()
        await call.hangup()


async def test_failures_in_a_row_take_a_trunk_out_and_calls_go_around_it(rig: Rig) -> None:
    await rig.use()
    books = rig.system.trunks.books
    async with sip_phone(rig.system, "2001", tone=450) as phone:
        for _ in range(3):
            call = await phone.dial("010380")  # the first trunk fails with 38
            await call.answered()
            await until(lambda: rig.calls("second"))
            await call.hangup()
            await until(lambda: not rig.calls("second"))
        await until(lambda: rig.trunk("first")["state"] in ("open", "half_open"))
        before = books.ledger.counters["first"].attempts
        call = await phone.dial("0200000")
        await call.answered()
        await until(lambda: rig.calls("second"))
        await call.hangup()
        assert books.ledger.counters["first"].attempts == before
        await until(lambda: not rig.calls("second"))
        books.breakers["first"].since -= 60_000  # its pause is over
        call = await phone.dial("0200000")
        await call.answered()
        await until(lambda: rig.calls("first"))
        await until(lambda: rig.trunk("first")["state"] == "up")
        await call.hangup()


async def test_a_probe_call_finds_a_far_end_that_reads_up_and_takes_no_call(rig: Rig) -> None:
    """OPTIONS are answered and every call is turned away: only a call can tell."""
    await rig.use(first='probe = "10380"')
    books = rig.system.trunks.books
    began = books.clock()
    await until(lambda: rig.trunk("first")["state"] == "open")
    assert books.clock() - began < 30_000
    assert rig.trunk("first")["why"] == "cause 38"


async def test_a_set_up_without_an_answer_goes_to_the_next_trunk(rig: Rig) -> None:
    await rig.use()
    books = rig.system.trunks.books
    async with sip_phone(rig.system, "2001", tone=450) as phone:
        call = await phone.dial("0400000")  # 100 Trying and nothing else
        (waiting,) = await until(lambda: rig.calls("first"))
        waiting.started_at -= 60_000
        await rig.system.trunks.watch.look()
        await call.answered()
        await rig.call("second", "2400000")
        assert books.breakers["first"].failures == 1
        await call.hangup()


async def test_ringing_that_is_only_heard_is_not_taken_for_silence(rig: Rig) -> None:
    """Many carriers send 183 with the sound of ringing and never 180."""
    await rig.use()
    async with sip_phone(rig.system, "2001") as phone:
        call = await phone.dial("0600000")
        (ringing,) = await until(lambda: rig.calls("first"))
        await until(lambda: ringing.rang_at)
        ringing.started_at -= 60_000
        await rig.system.trunks.watch.look()
        assert rig.calls("first") == [ringing]
        assert not ringing.stalled
        await call.hangup()


async def test_a_channel_that_nobody_hears_is_found_and_cleared(rig: Rig) -> None:
    await rig.use()
    watch, node = rig.system.trunks.watch, rig.system.node
    await node.command("module load res_clioriginate.so")
    await node.command("channel originate PJSIP/200000@first application Wait 300")
    (lonely,) = await until(lambda: [c for c in rig.calls("first") if c.answered_at])
    cleared = watch.stuck_cleared
    await watch.look()
    assert rig.calls("first") == [lonely], "it has a minute"
    watch._alone[lonely.channel_id] -= 61_000
    await watch.look()
    await until(lambda: not rig.calls("first"))
    assert watch.stuck_cleared == cleared + 1


async def test_a_far_end_that_vanishes_during_a_call_is_noticed_by_its_silence(rig: Rig) -> None:
    """No BYE, no RTP, no RTCP: the process of the carrier stands still. 60 s are 2 s here."""
    await rig.use()
    node, pid = rig.system.node, rig.carrier.node.pid
    assert pid is not None
    before = len(await rig.records(0, "first"))
    accounts = node.settings.etc / "pjsip.conf"
    written = accounts.read_text()
    accounts.write_text(written.replace("rtp_timeout=60", "rtp_timeout=2"))
    await node.command("module reload res_pjsip.so")
    try:
        async with sip_phone(rig.system, "2001", tone=450) as phone:
            call = await phone.dial("0200000")
            await call.answered()
            await call.hears(450)
            os.kill(pid, signal.SIGSTOP)
            try:
                await call.ended()
            finally:
                os.kill(pid, signal.SIGCONT)
        (record,) = (await rig.records(before + 1, "first"))[:1]
        assert record["cause"] == 44
    finally:
        accounts.write_text(written)
        await node.command("module reload res_pjsip.so")
    await until(lambda: rig.trunk("first")["state"] == "up")
    await until_told(lambda: _nothing_up(rig), what="the carrier has let go too")


async def test_a_caller_who_waits_on_a_line_that_dies_becomes_a_call_back_task(rig: Rig) -> None:
    """Before an answer there is no RTP that could end."""
    await rig.use()
    pid, books = rig.carrier.node.pid, rig.system.trunks.books
    assert pid is not None
    await rig.carrier.call("13900000007", "120")
    (waiting,) = await until(lambda: list(rig.system.center.intake.queue.values()))
    os.kill(pid, signal.SIGSTOP)
    try:
        await until(lambda: rig.trunk("first")["state"] == "down")
        await rig.system.trunks.watch.look()
        assert waiting.call_id in rig.system.center.intake.queue, "it has two minutes"
        books.breakers["first"].down_since -= FORSAKEN_MILLIS
        books.ledger.calls[waiting.call_id].started_at -= FORSAKEN_MILLIS + 60_000
        await rig.system.trunks.watch.look()
        await until(lambda: not rig.system.center.intake.queue)
        open_tasks = rig.system.center.tasks.open
        await until(lambda: any(row["number"] == "13900000007" for row in open_tasks.values()))
    finally:
        os.kill(pid, signal.SIGCONT)
    await until(lambda: rig.trunk("first")["state"] == "up")
    await rig.carrier.hang_up_all()
    await until_told(lambda: _nothing_up(rig), what="the carrier has let go too")


async def _nothing_up(rig: Rig) -> bool:
    return not await rig.carrier.channels()
