"""What operators do to circuits of a 2M line, as its far end sees it."""

from __future__ import annotations

import asyncio

from tests.trunk.rig.kit import BOTH, MARKS, PREFIX, SLOW, Site, hang_up
from trunk.causes import CIRCUIT_NOT_AVAILABLE
from trunk.lab.laboratory import Switch
from trunk.lab.wiring import Cable
from trunk.ports import CircuitState

pytestmark = MARKS
TOP = {Cable.PRI: "city-pri/1:31", Cable.SS7: "city-ss7/31"}
"""The exchange hunts from the top: its next call takes these."""


async def test_a_blocked_circuit_of_ss7_is_blocked_at_the_far_end(site: Site) -> None:
    circuit = TOP[Cable.SS7]
    await site.driver.block([circuit])
    assert (await site.told())[circuit] is CircuitState.BLOCKED_HERE
    assert "R:M" in (await site.far_cics())[31]
    call, incoming = await site.call_in(Cable.SS7)
    assert "Used" not in (await site.far_cics())[31]
    await hang_up(call)
    await incoming.ended(SLOW)
    await site.driver.unblock([circuit])
    assert "R:" not in (await site.far_cics())[31]


async def test_a_circuit_of_ss7_that_the_far_end_blocks_is_blocked_here(site: Site) -> None:
    circuit = TOP[Cable.SS7]
    await site.lab.cli(Switch.EXCHANGE, "ss7 block cic 2 2 31")
    await site.tells(lambda told: told[circuit] is CircuitState.BLOCKED_FAR, "it is blocked")
    await site.lab.cli(Switch.EXCHANGE, "ss7 unblock cic 2 2 31")
    await site.tells(lambda told: told[circuit] is CircuitState.IDLE, "it is idle")


async def test_a_blocked_channel_of_pri_is_refused_to_the_far_end(site: Site) -> None:
    """EuroISDN has no message that would tell it before."""
    circuit = TOP[Cable.PRI]
    await site.driver.block([circuit])
    assert (await site.told())[circuit] is CircuitState.BLOCKED_HERE
    refused = await site.subscriber.dial(PREFIX[Cable.PRI] + "110")
    assert (await refused.ended(SLOW)).cause == CIRCUIT_NOT_AVAILABLE
    await site.driver.unblock([circuit])
    call, incoming = await site.call_in(Cable.PRI)
    assert (await site.told())[circuit] is CircuitState.BUSY
    await hang_up(call)
    await incoming.ended(SLOW)


@BOTH
async def test_a_reset_clears_the_call_at_the_far_end_and_the_circuit_serves_again(
    site: Site, cable: Cable
) -> None:
    circuit = TOP[cable]
    for _ in range(2):
        call, incoming = await site.call_in(cable)
        await incoming.answer()
        await call.answered(SLOW)
        assert (await site.told())[circuit] is CircuitState.BUSY
        await site.driver.reset([circuit])
        await asyncio.gather(call.ended(SLOW), incoming.ended(SLOW))
        await site.tells(lambda told: told[circuit] is CircuitState.IDLE, "it is idle")
