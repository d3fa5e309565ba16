"""Calls over real E1 spans, PRI and SS7, between the exchange of the laboratory and our 2M node."""

from __future__ import annotations

import asyncio

import pytest

from softswitch.testing.phone import Uri
from tests.trunk.rig.kit import SLOW, SUBSCRIBER, Site, hang_up, press
from trunk.causes import FINAL, OVERFLOW
from trunk.lab.wiring import Cable
from trunk.ports import CircuitState

# Two cores that are busy with other tests take a minute and more to boot the guest.
pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.asterisk,
]
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
        call = await site.call_out(cable, f"90{cause:03}")
        found[cause] = (await call.ended(SLOW)).cause
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
