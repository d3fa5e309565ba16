"""Calls over real E1 spans, PRI and SS7, between the exchange of the laboratory and our 2M node."""

from __future__ import annotations

import pytest

from softswitch.testing.phone import Uri
from tests.trunk.rig.kit import BOTH, MARKS, SLOW, SUBSCRIBER, Site, hear, press
from trunk.causes import (
    BUSY,
    NO_CIRCUIT,
    NORMAL,
    PREEMPTED,
    SWITCH_CONGESTION,
    TEMPORARY_FAILURE,
)
from trunk.lab.wiring import Cable

pytestmark = MARKS


@BOTH
async def test_a_call_to_us_brings_numbers_audio_and_keys(site: Site, cable: Cable) -> None:
    call, incoming = await site.call_in(cable, "083220110")
    assert incoming.caller_number == SUBSCRIBER
    assert incoming.invite is not None
    assert Uri.parse(incoming.invite.uri).user == "083220110"
    await incoming.answer()
    await call.answered(SLOW)
    await hear((call, (450,)), (incoming, (650,)))
    await press(call, incoming, "159#")
    await press(incoming, call, "*08D")
    await incoming.hangup()
    assert (await call.ended(SLOW)).cause == NORMAL


@BOTH
async def test_a_call_of_ours_brings_numbers_and_audio(site: Site, cable: Cable) -> None:
    call = await site.call_out(cable, caller="08322005")
    incoming = await site.subscriber.incoming(SLOW)
    assert incoming.caller_number == "08322005"
    await incoming.answer()
    await call.answered(SLOW)
    await hear((call, (650,)), (incoming, (850,)))
    await incoming.hangup()
    assert (await call.ended(SLOW)).cause == NORMAL


@pytest.mark.parametrize(
    ("word", "code"), [("", 10), ("priority", 11), ("operator", 9), ("mobile-hplmn", 10)]
)
async def test_the_callers_category_goes_over_ss7(site: Site, word: str, code: int) -> None:
    """ITU-T Q.763, 3.11: 10 is the ordinary subscriber."""
    said = {"P-Asserted-Identity": f"<tel:08322005;cpc={word}>"} if word else {}
    call = await site.through[Cable.SS7].dial("9102", caller="08322005", headers=said)
    await call.ringing(SLOW)
    assert await site.far_category() == str(code)
    await call.hangup(timeout=SLOW)


@BOTH
async def test_a_cause_is_told_over_sip_too(site: Site, cable: Cable) -> None:
    """In the header Reason, which these phones read; what the core's Asterisk makes of it is another matter."""
    found = {}
    for cause in (BUSY, NO_CIRCUIT, TEMPORARY_FAILURE, SWITCH_CONGESTION):
        call = await site.call_out(cable, f"90{cause:03}")
        found[cause] = (await call.ended(SLOW)).cause
    assert found == {cause: cause for cause in found}


@BOTH
async def test_a_call_that_is_cleared_for_a_more_urgent_one_says_so_at_both_ends(
    site: Site, cable: Cable
) -> None:
    ours = await site.call_out(cable)
    far = await site.subscriber.incoming(SLOW)
    await far.answer()
    await ours.answered(SLOW)
    await ours.hangup(f"Q.850;cause={PREEMPTED}", timeout=SLOW)
    assert (await far.ended(SLOW)).cause == PREEMPTED
    far_caller, our_desk = await site.call_in(cable)
    await our_desk.answer()
    await far_caller.answered(SLOW)
    await our_desk.hangup(f"Q.850;cause={PREEMPTED}", timeout=SLOW)
    assert (await far_caller.ended(SLOW)).cause == PREEMPTED
