"""Both ends seize the same circuit in one moment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from softswitch.testing.phone import OutgoingCall
from tests.trunk.rig.kit import MARKS, PREFIX, SLOW, Site, hang_up, quiet, until_async
from trunk.causes import CIRCUIT_NOT_AVAILABLE, Next, after
from trunk.lab.laboratory import Switch
from trunk.lab.wiring import Cable
from trunk.ports import CircuitState

pytestmark = MARKS
SILENT = "9105"
"""A number of the exchange that answers at once."""
CROSSING = 400
"""Milliseconds that a word takes over the line: each end has seized before it hears of the other."""
HUNTS = {Cable.PRI: ("PRI", "1"), Cable.SS7: ("SS7", "2")}


@asynccontextmanager
async def collision(site: Site, cable: Cable) -> AsyncIterator[tuple[OutgoingCall, OutgoingCall]]:
    """Our call and the subscriber's, placed in one moment at two ends that both hunt from the bottom."""
    lab, (name, number) = site.lab, HUNTS[cable]
    await lab.cli(Switch.EXCHANGE, f"dialplan set global {name} DAHDI/g{number}")
    await lab.delay(cable, CROSSING)
    try:
        await lab.freeze(*Switch)
        try:
            ours = await site.call_out(cable, SILENT)
            far = await site.subscriber.dial(PREFIX[cable] + "110")
            # Once the guest has answered a command, it has taken in what was sent before.
            await lab.agent.run("true")
        finally:
            await lab.thaw(*Switch)
        yield ours, far
        await hang_up(ours, far)
        await quiet(site)
    finally:
        await lab.delay(cable, 0)
        await lab.cli(Switch.EXCHANGE, f"dialplan set global {name} DAHDI/G{number}")


async def _is_empty(site: Site) -> bool:
    return "0 active channels" in await site.lab.cli(Switch.NODE, "core show channels count")


async def test_on_pri_the_call_of_the_user_side_wins(site: Site) -> None:
    async with collision(site, Cable.PRI) as (ours, far):
        await ours.answered(SLOW)
        assert (await far.ended(SLOW)).cause == CIRCUIT_NOT_AVAILABLE


async def test_on_ss7_the_loser_takes_the_next_trunk_and_the_line_goes_on(site: Site) -> None:
    """The exchange, whose point code is the lower one, keeps an odd circuit (ITU-T Q.764, 2.9.1.4)."""
    async with collision(site, Cable.SS7) as (ours, _):
        lost = await ours.ended(SLOW)
        assert after(lost.cause or 0, rang=ours.times.ringing is not None) is Next.NEXT_TRUNK
        await until_async(lambda: _is_empty(site), what="nothing of it hangs at our end")
    call, incoming = await site.call_in(Cable.SS7)
    assert list((await site.told()).values()).count(CircuitState.BUSY) == 1
    await hang_up(call)
    await incoming.ended(SLOW)
