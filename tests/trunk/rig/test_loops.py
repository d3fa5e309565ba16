"""Circuits of a 2M line looped back to the far end: what that sends on a timeslot comes back to it, bit by bit."""

from __future__ import annotations

from pathlib import Path

import pytest

from softswitch.ports import ActFailed
from tests.trunk.rig.kit import BOTH, MARKS, SLOW, Site, until_async
from trunk.lab.laboratory import Switch
from trunk.lab.site import NAMES
from trunk.lab.wiring import EXCHANGE, SLOTS, Cable

pytestmark = MARKS
SCRIPT = Path(__file__).with_name("timeslot.pl")
CIRCUIT = {Cable.PRI: "city-pri/1:31", Cable.SS7: "city-ss7/31"}
LOOPED, NOT_LOOPED = 3, 1
"""How many bursts of 60 ms are sent, at most; each is another, so none is taken for one before it."""


@BOTH
async def test_what_the_far_end_sends_on_a_looped_circuit_comes_back(
    site: Site, cable: Cable
) -> None:
    await site.lab.agent.write("/run/timeslot.pl", SCRIPT.read_bytes())
    circuit, driver = CIRCUIT[cable], site.driver
    await driver.block([circuit])
    assert not await comes_back(site, cable, SLOTS, NOT_LOOPED)
    await driver.loop(NAMES[cable], True, [circuit])

    async def looped() -> bool:
        await (
            driver.look()
        )  # it makes sure of the loop, which ends when Asterisk closes the channel
        return await comes_back(site, cable, SLOTS, LOOPED)

    await until_async(looped, what="what is sent comes back")
    assert not await comes_back(site, cable, SLOTS - 1, NOT_LOOPED), "its neighbour is not looped"
    await driver.loop(NAMES[cable], False, [circuit])
    assert not await comes_back(site, cable, SLOTS, NOT_LOOPED)
    await driver.unblock([circuit])


async def comes_back(site: Site, cable: Cable, slot: int, bursts: int) -> bool:
    """Let the exchange send on a timeslot; tell whether it gets a burst back bit by bit."""
    channel = EXCHANGE[cable].channel(slot)
    command = f"perl /run/timeslot.pl $(cat /run/{Switch.EXCHANGE}/pid) {channel} {bursts}"
    said = (await site.lab.agent.run(command, seconds=SLOW)).strip()
    assert said in ("yes", "no")
    return said == "yes"


@BOTH
async def test_a_line_whose_driver_cannot_loop_it_says_so(site: Site, cable: Cable) -> None:
    with pytest.raises(ActFailed):
        await site.driver.loop(NAMES[cable], True)
    said = await site.lab.agent.run("dahdi_maint --span 1 --loopback networkline || true")
    assert "not supported by the driver" in " ".join(said.split())
