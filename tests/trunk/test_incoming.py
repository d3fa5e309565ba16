"""Calls from a trunk reach emergency intake and extensions, and nothing else."""

from __future__ import annotations

import pytest

from softswitch.testing.system import sip_phone, until
from tests.trunk.kit import Rig

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


async def test_an_emergency_call_reaches_intake_with_its_number(rig: Rig) -> None:
    await rig.use()
    center = rig.system.center
    async with sip_phone(rig.system, "1001", tone=450) as desk:
        await rig.carrier.call("13900000001", "110")
        incoming = await desk.incoming()
        (call_id,) = center.intake.queue or [next(iter(center.engine.calls))]
        await incoming.answer()
        await incoming.hears(450)  # the caller echoes
        view = await until(lambda: rig.system.live.entities()["call"].get(call_id))
        assert view["kind"] == "emergency"
        assert view["caller"]["number"] == "13900000001"
        call = await rig.call("first", "110")
        assert (call.outgoing, call.caller) == (False, "13900000001")
        await rig.carrier.hang_up_all()
        await incoming.ended()
    (record,) = (await rig.records(1, "first"))[:1]
    assert (record["source"], record["outgoing"], record["cause"]) == ("far", False, 16)


async def test_a_number_is_translated_to_an_extension(rig: Rig) -> None:
    await rig.use(first='inward = [{ pattern = "0813220XXXX", strip = 7 }]')
    async with sip_phone(rig.system, "2001", tone=450) as phone:
        await rig.carrier.call("13900000002", "08132202001")
        incoming = await phone.incoming()
        assert incoming.caller_number == "13900000002"
        await incoming.answer()
        await incoming.hears(450)
        await incoming.hangup()


async def test_a_number_may_be_translated_into_an_emergency_call(rig: Rig) -> None:
    await rig.use(first='inward = [{ pattern = "0813110", strip = 4 }]')
    async with sip_phone(rig.system, "1001") as desk:
        await rig.carrier.call("13900000003", "0813110")
        incoming = await desk.incoming()
        await until(lambda: any(c.digits == "110" for c in rig.system.center.engine.calls.values()))
        await rig.carrier.hang_up_all()
        await incoming.ended()


async def test_what_is_no_number_of_ours_gets_nowhere(rig: Rig) -> None:
    """Nobody comes in on one trunk and goes out on another at our cost."""
    await rig.use()
    before = rig.system.trunks.books.ledger.counters["second"].attempts
    seen = rig.system.trunks.books.ledger.counters["first"].incoming
    for number in ("0200000", "2999", "*61001", "700"):
        await rig.carrier.call("13900000004", number)
    await until(lambda: not rig.system.center.board.legs)
    assert rig.system.trunks.books.ledger.counters["second"].attempts == before
    assert rig.system.trunks.books.ledger.counters["first"].incoming >= seen
    assert not rig.system.center.engine.calls


async def test_the_callers_category_and_place_reach_the_queue_and_the_board(rig: Rig) -> None:
    await rig.use()
    entities = rig.system.live.entities
    async with sip_phone(rig.system, "1001", tone=450) as desk:
        await rig.carrier.tell(
            asserted="<tel:13900000005\\;cpc=payphone>", place="<geo:29.5,104.75\\;u=35>"
        )
        try:
            await rig.carrier.call("13900000005", "110")
            incoming = await desk.incoming()
            (entry,) = await until(lambda: list(entities()["waiting"].values()))
            assert (entry["number"], entry["category"]) == ("13900000005", "payphone")
            await incoming.answer()
            await incoming.hears(450)
            view = await until(lambda: entities()["call"][entry["call_id"]])
            assert view["category"] == "payphone"
            place = await until(lambda: entities()["location"][entry["call_id"]])
            assert (place["lat"], place["lon"], place["uncertainty"]) == (29.5, 104.75, 35)
            assert place["source"] == "value"
        finally:
            await rig.carrier.tell()
        await rig.carrier.hang_up_all()
        await incoming.ended()


async def test_what_no_category_is_shows_none(rig: Rig) -> None:
    await rig.use()
    async with sip_phone(rig.system, "1001") as desk:
        await rig.carrier.tell(asserted="<tel:13900000006\\;cpc=../../x\\;y=cpc>", place="<geo:1>")
        try:
            await rig.carrier.call("13900000006", "119")
            incoming = await desk.incoming()
            (entry,) = await until(lambda: list(rig.system.live.entities()["waiting"].values()))
            assert (entry["number"], entry["category"]) == ("13900000006", None)
        finally:
            await rig.carrier.tell()
        await rig.carrier.hang_up_all()
        await incoming.ended()
