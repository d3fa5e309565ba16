"""Calls to numbers outside: which trunk takes them, and what happens when it does not."""

from __future__ import annotations

import pytest

from softswitch.errors import Refusal
from softswitch.testing.phone import IncomingCall, OutgoingCall, Phone
from softswitch.testing.system import sip_phone, until
from tests.trunk.kit import Rig

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


async def dial(rig: Rig, desk: Phone, number: str) -> str:
    return await rig.system.center.commands.dial("1001", number)


async def test_a_dispatch_call_goes_out_on_the_first_trunk(rig: Rig) -> None:
    await rig.use()
    async with sip_phone(rig.system, "1001", tone=650, auto_answer=True) as desk:
        call_id = await dial(rig, desk, "0200000")
        own = await desk.incoming()
        await own.hears(650)  # the carrier's echo
        call = await rig.call("first", "200000")
        assert (call.user, call.outgoing) == ("1001", True)
        await until(lambda: rig.trunk("first")["busy"] == 1)
        await rig.system.center.commands.hangup("1001", call_id)
        await own.ended()
    (record,) = await rig.records(1, "first")
    assert (record["cause"], record["source"], record["number"]) == (16, "near", "200000")
    assert record["answered_at"] is not None


@pytest.mark.parametrize("cause", [34, 38, 41, 42, 44, 47])
async def test_a_cause_of_the_way_leads_to_the_next_trunk(rig: Rig, cause: int) -> None:
    await rig.use()
    gaps = rig.system.trunks.service.gaps  # how long they are: benchmarks/trunk_failover.py
    known = len(gaps)
    async with sip_phone(rig.system, "1001", tone=650, auto_answer=True) as desk:
        call_id = await dial(rig, desk, f"01{cause:03}0")
        own = await desk.incoming()
        await own.hears(650)
        await rig.call("second", f"21{cause:03}0")
        assert len(gaps) == known + 1
        await rig.system.center.commands.hangup("1001", call_id)
        await own.ended()


@pytest.mark.parametrize("cause", [1, 17, 19, 21, 28])
async def test_a_cause_of_the_number_is_final(rig: Rig, cause: int) -> None:
    await rig.use()
    before = rig.system.trunks.books.ledger.counters["second"].attempts
    async with sip_phone(rig.system, "1001", tone=650, auto_answer=True) as desk:
        await dial(rig, desk, f"01{cause:03}0")
        own = await desk.incoming()
        assert (await own.ended()).cause == cause
    assert rig.system.trunks.books.ledger.counters["second"].attempts == before


async def test_a_plain_call_overflows_too(rig: Rig) -> None:
    await rig.use()
    async with sip_phone(rig.system, "2001", tone=650) as phone:
        call = await phone.dial("010340")
        await call.answered()
        await call.hears(650)
        assert (await rig.call("second", "210340")).user == "2001"
        await call.hangup()


async def test_a_plain_call_to_a_busy_number_is_told_so(rig: Rig) -> None:
    await rig.use()
    async with sip_phone(rig.system, "2001") as phone:
        call = await phone.dial("010170")
        assert (await call.ended()).cause == 17


async def test_when_all_are_busy_a_routine_call_is_refused(rig: Rig) -> None:
    await rig.use(first="reserved = 1")
    async with (
        sip_phone(rig.system, "2001", tone=650) as one,
        sip_phone(rig.system, "2002") as two,
        sip_phone(rig.system, "2003") as three,
        sip_phone(rig.system, "1002") as four,
    ):
        calls = [await each.dial("0200000") for each in (one, two, three)]
        for call in calls:
            await call.answered()
        # One circuit of the first is reserved: one call there, two on the second.
        await until(lambda: (len(rig.calls("first")), len(rig.calls("second"))) == (1, 2))
        refused = await four.dial("0200000")
        assert (await refused.ended()).cause == 34
        for call in calls:
            await call.hangup()


@pytest.mark.parametrize("plain", [True, False])
async def test_what_was_free_and_is_taken_meanwhile_is_not_taken_from_the_reserve(
    rig: Rig, plain: bool
) -> None:
    """While the first trunk thinks about it, another call takes the last circuit of the second that is not reserved."""
    await rig.use(second="reserved = 1")
    ledger = rig.system.trunks.books.ledger
    before = ledger.counters["first"].overflows
    async with (
        sip_phone(rig.system, "2001", tone=450) as late,
        sip_phone(rig.system, "1001", tone=450, auto_answer=True) as desk,
    ):
        leg: OutgoingCall | IncomingCall
        if plain:
            leg = await late.dial("0400000")  # 100 Trying and nothing else
        else:
            await dial(rig, desk, "0400000")
            leg = await desk.incoming()
        (waiting,) = await until(lambda: rig.calls("first"))
        ledger.claim("somebody else", "second")
        try:
            waiting.started_at -= 60_000
            await rig.system.trunks.watch.look()
            ended = await leg.ended()
        finally:
            ledger.forget("somebody else")
        assert ended.cause == 41
        assert not rig.calls("second")
    assert ledger.counters["first"].overflows == before + 1


async def test_who_may_not_call_a_number_does_not(rig: Rig) -> None:
    await rig.use(
        more="""
[[class]]
name = "field"
members = ["200X"]
allow = ["02."]
[class.limits]
calls = 1
"""
    )
    async with sip_phone(rig.system, "2001", tone=650) as phone:
        refused = await phone.dial("0300000")
        assert (await refused.ended()).cause == 21
        first = await phone.dial("0200000")
        await first.answered()
        second = await phone.dial("0200000")
        assert (await second.ended()).cause == 21
        await first.hangup()
        await until(lambda: not rig.calls("first"))
        with pytest.raises(Refusal) as caught:
            rig.system.trunks.books.check("0300000", "2001")
        assert caught.value.code == "destination_forbidden"


@pytest.mark.parametrize("plain", [True, False])
async def test_the_category_of_the_caller_is_told_to_the_carrier(rig: Rig, plain: bool) -> None:
    await rig.use(first='category = "payphone"', more=ORDINARY)
    async with (
        sip_phone(rig.system, "2001") as phone,
        sip_phone(rig.system, "1001", auto_answer=True) as desk,
    ):
        for number, told in (("0700000", True), ("9700000", False)):
            leg: OutgoingCall | IncomingCall
            if plain:
                leg = await phone.dial(number)
            else:
                await dial(rig, desk, number)
                leg = await desk.incoming()
            await until(lambda: [c for c in rig.calls("first") if c.rang_at])
            name = (await rig.carrier.channels())[0].split("!")[0]
            shown = await rig.carrier.node.command(f"core show channel {name}")
            assert ("cpc=payphone" in shown) is told, shown
            await leg.hangup()
            await until(lambda: not rig.calls("first"))


ORDINARY = """
[[route]]
name = "ordinary"
patterns = ["9700000"]
to = ["first"]
strip = 1
category = "ordinary"
"""
