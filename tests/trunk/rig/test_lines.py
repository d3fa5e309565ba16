"""Calls over real E1 spans, PRI and SS7, between the exchange of the laboratory and our 2M node."""

from __future__ import annotations

import asyncio
import functools

import pytest

from intercept.model import Act
from softswitch.testing.phone import Uri
from softswitch.testing.system import sip_phone, until
from tests.intercept.kit import Talk, begin, connected
from tests.trunk.rig.kit import PREFIX, SLOW, SUBSCRIBER, Site, hang_up, idle, press
from tests.trunk.rig.whole import LAST, Whole, confirmed, view
from trunk import operate
from trunk.causes import FINAL, NO_CIRCUIT, NORMAL, OVERFLOW, PREEMPTED, TEMPORARY_FAILURE
from trunk.lab.laboratory import Switch
from trunk.lab.site import NAMES
from trunk.lab.wiring import Cable
from trunk.ports import CircuitState

# Two cores that are busy with other tests take a minute and more to boot the guest.
pytestmark = [
    pytest.mark.rig,
    pytest.mark.timeout(300),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.asterisk,
]
LINE_LOST = frozenset({NO_CIRCUIT, TEMPORARY_FAILURE})
"""What our own end says of a line that is down."""
FOUND = 30
"""Seconds within which a dead far end is out of service."""
BOTH = pytest.mark.parametrize("cable", list(Cable))


@BOTH
async def test_a_call_to_us_brings_numbers_audio_and_keys(site: Site, cable: Cable) -> None:
    call, incoming = await site.call_in(cable, "083220110")
    assert incoming.caller_number == SUBSCRIBER
    assert incoming.invite is not None
    assert Uri.parse(incoming.invite.uri).user == "083220110"
    await incoming.answer()
    await call.answered(SLOW)
    await asyncio.gather(call.hears(450), incoming.hears(650))
    await press(call, incoming, "159#")
    await press(incoming, call, "*08D")
    await incoming.hangup()
    assert (await call.ended(SLOW)).cause == 16


@BOTH
async def test_a_call_of_ours_brings_numbers_and_audio(site: Site, cable: Cable) -> None:
    call = await site.call_out(cable, caller="08322005")
    incoming = await site.subscriber.incoming(SLOW)
    assert incoming.caller_number == "08322005"
    await incoming.answer()
    await call.answered(SLOW)
    await asyncio.gather(call.hears(650), incoming.hears(850))
    await incoming.hangup()
    assert (await call.ended(SLOW)).cause == 16


@BOTH
async def test_every_cause_of_the_far_end_arrives_as_it_was_given(site: Site, cable: Cable) -> None:
    found = {}
    for cause in sorted(OVERFLOW | FINAL):
        for _ in range(3):
            call = await site.call_out(cable, f"90{cause:03}")
            found[cause] = (await call.ended(SLOW)).cause
            if found[cause] == cause or found[cause] not in LINE_LOST:
                break
            # The emulated line itself was gone for a moment: a busy machine lets MTP 2 time out.
            await idle(site)
    assert found == {cause: cause for cause in found}


async def test_a_blocked_circuit_of_ss7_is_blocked_at_the_far_end(site: Site) -> None:
    circuit = "city-ss7/31"
    await site.driver.block([circuit])
    assert (await site.told())[circuit] is CircuitState.BLOCKED_HERE
    assert "R:M" in (await site.far_cics())[31]
    call, incoming = await site.call_in(Cable.SS7)
    assert "Used" not in (await site.far_cics())[31]
    await hang_up(call)
    await incoming.ended(SLOW)
    await site.driver.unblock([circuit])
    assert "R:" not in (await site.far_cics())[31]


# ---- with the whole core


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
        await asyncio.gather(call.hears(450, timeout=SLOW), incoming.hears(650, timeout=SLOW))
        shown = await until(lambda: view(whole, call_id))
        assert (shown["kind"], shown["caller"]["number"]) == ("emergency", SUBSCRIBER)
        (taken,) = whole.calls(NAMES[cable])
        assert (taken.outgoing, taken.number) == (False, "110")
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
        await asyncio.gather(
            guest.hears(450, 650, timeout=SLOW),
            ours.hears(650, 850, timeout=SLOW),
            far.hears(450, 850, timeout=SLOW),
        )
        await guest.hangup()
        await confirmed(whole, await begin(whole.system, Act.RELEASE, talk))
        ends = await asyncio.gather(ours.ended(SLOW), far.ended(SLOW))
        # Asterisk gives the cause of one leg to no other once they have talked: behind the node it is 16.
        assert [end.cause for end in ends] == [PREEMPTED, NORMAL]


async def test_a_call_overflows_from_pri_over_ss7_to_sip_and_is_answered(whole: Whole) -> None:
    """The exchange clears this number with 34 on both lines."""
    async with sip_phone(whole.system, "2001", tone=450) as phone:
        call = await phone.dial("090034")
        await call.answered(SLOW)
        await call.hears(450)
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


async def test_calls_leave_a_pulled_cable_and_come_back_to_it(whole: Whole) -> None:
    await whole.site.lab.cut(Cable.PRI)
    try:
        await whole.becomes(Cable.PRI, "down", SLOW)
        async with sip_phone(whole.system, "2001") as phone:
            call = await phone.dial("09101")
            await call.answered(SLOW)
            assert whole.calls(NAMES[Cable.SS7])
            await call.hangup()
    finally:
        await whole.site.lab.mend(Cable.PRI)
    await whole.becomes(Cable.PRI, "up", 60)


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
