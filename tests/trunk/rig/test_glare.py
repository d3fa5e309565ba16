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
LOST = 256
"""What Asterisk says of a call whose circuit of SS7 both ends have seized, or whose circuit was reset."""
LOG = "seized"
HUNTS = {Cable.PRI: ("PRI", "1"), Cable.SS7: ("SS7", "2")}


@asynccontextmanager
async def collision(
    site: Site, cable: Cable, repeats: int
) -> AsyncIterator[tuple[OutgoingCall, OutgoingCall]]:
    """Our call and the subscriber's, placed in one moment at two ends that both hunt from the bottom.

    The exchange repeats a call that it lost with the cause `repeats`, as exchanges do.
    """
    lab, (name, number) = site.lab, HUNTS[cable]
    for command in (f"{name} DAHDI/g{number}", f"REPEAT {repeats}"):
        await lab.cli(Switch.EXCHANGE, f"dialplan set global {command}")
    await lab.cli(Switch.NODE, f"logger add channel {LOG} verbose")
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
        await lab.cli(Switch.NODE, f"logger remove channel {LOG}")
        for command in (f"{name} DAHDI/G{number}", f"REPEAT {LOST}"):
            await lab.cli(Switch.EXCHANGE, f"dialplan set global {command}")


async def test_on_pri_the_call_of_the_user_side_wins(site: Site) -> None:
    async with collision(site, Cable.PRI, CIRCUIT_NOT_AVAILABLE) as (ours, far):
        await ours.answered(SLOW)
        await gets_through(site, far)


async def gets_through(site: Site, far: OutgoingCall) -> None:
    """The call of the exchange reaches the core, which answers it."""
    incoming = await site.core.incoming(SLOW)
    await incoming.answer()
    await far.answered(SLOW)


async def test_on_ss7_we_give_way_on_an_odd_circuit_and_both_calls_go_on(site: Site) -> None:
    """The higher point code keeps the even circuits (ITU-T Q.764, 2.9.1.4), and that is ours."""
    async with collision(site, Cable.SS7, LOST) as (ours, far):
        lost = await ours.ended(SLOW)
        assert after(lost.cause or 0, rang=ours.times.ringing is not None) is Next.NEXT_TRUNK
        assert "Dual seizure on CIC 1 DPC 1 they are the controlling" in await said(site)
        # libss7 has dropped the IAM that goes on: a look resets the circuit, and the exchange repeats its call.
        await until_async(lambda: _comes(site), what="the exchange's call comes")
        await gets_through(site, far)


async def test_on_ss7_we_keep_an_even_circuit_and_the_exchange_takes_another(site: Site) -> None:
    """Its end has given way too, and dropped our IAM as ours drops its: so our call is not answered here."""
    await site.driver.block(["city-ss7/1"])
    async with collision(site, Cable.SS7, LOST) as (ours, far):
        try:
            await gets_through(site, far)
            assert "Dual seizure on CIC 2 DPC 1 we are the controlling" in await said(site)
            assert ours.end is None
            assert (await site.told())["city-ss7/2"] is CircuitState.BUSY
            assert (await site.far_cics())[2].startswith("Pending")
        finally:
            await site.driver.unblock(["city-ss7/1"])


async def _comes(site: Site) -> bool:
    await site.driver.look()
    return bool(site.core.arrived)


async def said(site: Site) -> str:
    """Return what libss7 has said at our end during the collision."""
    return (await site.lab.agent.read(f"/run/{Switch.NODE}/log/{LOG}")).decode(errors="replace")
