"""The whole core over real E1 spans: emergency calls, intercept, overflow, pulled cables and a dead exchange."""

from __future__ import annotations

import asyncio
import functools

from intercept.model import Act
from softswitch.calls.category import Category
from softswitch.testing.phone import Phone
from softswitch.testing.system import LOCAL, sip_phone, until
from tests.intercept.kit import Talk, begin, connected
from tests.trunk.rig.kit import BOTH, MARKS, PREFIX, SLOW, SUBSCRIBER, hear
from tests.trunk.rig.whole import FIRST, LAST, Whole, confirmed, view
from trunk import operate
from trunk.categories import ISUP_CODES
from trunk.causes import NO_CIRCUIT, PREEMPTED
from trunk.lab.files import PAYPHONE
from trunk.lab.laboratory import Switch
from trunk.lab.site import NAMES
from trunk.lab.wiring import Cable

pytestmark = MARKS
FOUND = 30
"""Seconds within which a dead far end is out of service."""


@BOTH
async def test_an_emergency_call_over_a_line_is_answered_at_a_desk(
    whole: Whole, cable: Cable
) -> None:
    center = whole.system.center
    async with sip_phone(whole.system, "1001", tone=450) as desk:
        call = await whole.site.subscriber.dial(PREFIX[cable] + "110")
        incoming = await desk.incoming(SLOW)
        (call_id,) = center.engine.calls
        await incoming.answer()
        await call.answered(SLOW)
        await hear((call, (450,)), (incoming, (650,)))
        shown = await until(lambda: view(whole, call_id))
        assert (shown["kind"], shown["caller"]["number"]) == ("emergency", SUBSCRIBER)
        (taken,) = whole.calls(NAMES[cable])
        assert (taken.outgoing, taken.number) == (False, "110")
        await call.hangup()
        await incoming.ended(SLOW)


async def test_categories_go_over_ss7_both_ways(whole: Whole) -> None:
    """Of a route of ours to the exchange, and of a payphone there to the queue."""
    lab = whole.site.lab
    async with sip_phone(whole.system, "2001") as phone:
        ours = await phone.dial("87" + "9102")
        await until(lambda: [c for c in whole.calls(NAMES[Cable.SS7]) if c.rang_at], seconds=SLOW)
        assert await whole.site.far_category() == str(ISUP_CODES["test"])
        await ours.hangup(timeout=SLOW)
    await whole.quiet()
    async with (
        sip_phone(whole.system, "1001") as desk,
        Phone.register((LOCAL, lab.ports.exchange_sip), PAYPHONE, lab.orders.secret) as payphone,
    ):
        call = await payphone.dial(PREFIX[Cable.SS7] + "110")
        incoming = await desk.incoming(SLOW)
        (entry,) = whole.system.live.entities()["waiting"].values()
        assert (entry["number"], entry["category"]) == (PAYPHONE, Category.PAYPHONE)
        await incoming.answer()
        await call.answered(SLOW)
        await call.hangup()
        await incoming.ended(SLOW)


@BOTH
async def test_a_call_over_a_line_is_broken_into_and_cleared(whole: Whole, cable: Cable) -> None:
    async with (
        sip_phone(whole.system, "2001", tone=450) as phone,
        sip_phone(whole.system, "1002", tone=850, auto_answer=True) as boss,
    ):
        ours, far = await whole.talk(cable, phone)
        call_id = await connected(whole.system, "2001", 2)
        assert len(whole.calls(NAMES[cable])) == 1
        talk = Talk(whole.system, call_id, {"2001": ours, SUBSCRIBER: far})
        await confirmed(whole, await begin(whole.system, Act.INSERT, talk))
        guest = await boss.incoming(SLOW)
        await hear((guest, (450, 650)), (ours, (650, 850)), (far, (450, 850)))
        await guest.hangup()
        await confirmed(whole, await begin(whole.system, Act.RELEASE, talk))
        ends = await asyncio.gather(ours.ended(SLOW), far.ended(SLOW))
        assert [end.cause for end in ends] == [PREEMPTED, PREEMPTED]


async def test_a_call_overflows_from_pri_over_ss7_to_sip_and_is_answered(whole: Whole) -> None:
    """The exchange clears this number with 34 on both lines."""
    async with sip_phone(whole.system, "2001", tone=450) as phone:
        call = await phone.dial("090034")
        await call.answered(SLOW)
        await hear((call, (450,)))
        (taken,) = whole.calls(LAST)
        assert (taken.number, taken.user) == ("290034", "2001")
        await call.hangup()
    records = await whole.system.trunks.calls(None, NO_CIRCUIT, None, 2)
    assert {record["trunk"] for record in records} == set(NAMES.values())


async def test_what_an_operator_blocks_is_blocked_at_the_far_end(whole: Whole) -> None:
    operator, circuit = whole.system.trunks.operate, "city-ss7/31"
    await operator.act("test", operate.Act.BLOCK, "city-ss7", [circuit])
    assert "R:M" in (await whole.site.far_cics())[31]
    await operator.act("test", operate.Act.UNBLOCK, "city-ss7", [circuit])
    assert "R:" not in (await whole.site.far_cics())[31]


@BOTH
async def test_calls_leave_a_pulled_cable_and_come_back_to_it(whole: Whole, cable: Cable) -> None:
    (other,) = set(Cable) - {cable}
    await whole.site.lab.cut(cable)
    try:
        await whole.becomes(cable, "down", SLOW)
        await whole.call_takes(FIRST[cable], other)
    finally:
        await whole.site.lab.mend(cable)
    await whole.becomes(cable, "up", 60)
    await whole.call_takes(FIRST[cable], cable)


async def test_a_dead_exchange_is_found_and_used_again_when_it_is_back(whole: Whole) -> None:
    """Its cables stay in, and DAHDI goes on to answer MTP 2 for it."""
    lab = whole.site.lab
    await lab.kill(Switch.EXCHANGE)
    try:
        for cable in Cable:
            await until(
                functools.partial(whole.is_out, cable), seconds=FOUND, what=f"{cable} is out"
            )
    finally:
        await lab.revive(Switch.EXCHANGE)
        await lab.links_up()
    for cable in Cable:
        await whole.becomes(cable, "up", 90)
