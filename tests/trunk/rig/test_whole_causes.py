"""Every cause of the far end, through a real line, the node and IAX2 to the core."""

from __future__ import annotations

from softswitch.ports import Leg
from softswitch.testing.system import sip_phone, until
from tests.trunk.rig.kit import BOTH, MARKS, SLOW, until_async
from tests.trunk.rig.whole import ALONE, Whole
from trunk.causes import FINAL, OVERFLOW
from trunk.lab.site import NAMES
from trunk.lab.wiring import Cable

pytestmark = MARKS
CAUSES = sorted(OVERFLOW | FINAL)
DISPATCHED = sorted(OVERFLOW)
"""Of dispatch's own legs, those of the way: the others are no different there."""


def well(whole: Whole, cable: Cable) -> None:
    """Take the trunk back into service: so many failures in a row are not usual."""
    books = whole.system.trunks.books
    books.breakers[NAMES[cable]].release(books.clock())


@BOTH
async def test_every_cause_reaches_a_phone_that_dialled(whole: Whole, cable: Cable) -> None:
    found = {}
    async with sip_phone(whole.system, "2001") as phone:
        for cause in CAUSES:
            well(whole, cable)
            call = await phone.dial(f"{ALONE[cable]}90{cause:03}")
            found[cause] = (await call.ended(SLOW)).cause
    assert found == {cause: cause for cause in CAUSES}


@BOTH
async def test_every_cause_of_the_way_reaches_dispatch(whole: Whole, cable: Cable) -> None:
    """It is on record what each leg that dispatch placed has ended with."""
    trips = whole.system.trunk_acts.trips
    for cause in DISPATCHED:
        well(whole, cable)
        number = f"{ALONE[cable]}90{cause:03}"
        leg = Leg(f"{cable}-{cause}", "", ("probe", NAMES[cable]), number, caller_number="1")
        await whole.system.trunk_acts.place(leg)
        await until(lambda: not trips, seconds=SLOW, what=f"the leg with {cause} is over")
        await until(lambda: not whole.calls(NAMES[cable]), seconds=SLOW, what=f"{cause} is over")

    async def told() -> bool:
        records = await whole.system.trunks.calls(NAMES[cable], None, None, 100)
        found.update(
            {
                int(r["number"][2:]): r["cause"]
                for r in records
                if r["number"].startswith("90") and not r["user"]
            }
        )
        return len(found) == len(DISPATCHED)

    found: dict[int, int] = {}
    await until_async(told, what="all are on record")
    assert found == {cause: cause for cause in DISPATCHED}
