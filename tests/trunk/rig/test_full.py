"""A 2M line with all of its thirty circuits taken."""

from __future__ import annotations

import asyncio

from tests.trunk.rig.kit import BOTH, MARKS, PREFIX, SLOW, Site
from trunk.causes import NO_CIRCUIT
from trunk.lab.wiring import Cable

pytestmark = MARKS


@BOTH
async def test_when_all_thirty_are_busy_both_ends_say_34(site: Site, cable: Cable) -> None:
    await site.fill(cable, "9102")
    ours = await site.call_out(cable, "9102")
    far = await site.subscriber.dial(PREFIX[cable] + "110")
    ends = await asyncio.gather(ours.ended(SLOW), far.ended(SLOW))
    assert [end.cause for end in ends] == [NO_CIRCUIT, NO_CIRCUIT]
    await site.lab.clear()
