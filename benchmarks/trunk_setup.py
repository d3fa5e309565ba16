"""(u) Call set-up over a real E1 span, against bare `Dial()` on the same span; failover; thirty calls at once.

In the trunk laboratory (an emulated processor: only the ratios say something). Ours is a phone of the
core: the routes choose, the core's switch calls the node, the node the exchange, which answers at once.
The reference calls the node itself, whose dialplan is one `Dial()` on the same span. Calls of both are
placed in turn. The thirty calls are placed by the node: thirty over SIP would time its processor.

    python -m benchmarks.trunk_setup [--calls 30]
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import itertools
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmarks.report import median, percentile, table
from softswitch.setup.cache import cache_folder
from softswitch.setup.lab.build import find_lab
from softswitch.testing.phone import CallEndedEarly, OutgoingCall, Phone
from softswitch.testing.system import sip_phone, until
from tests.trunk.rig.kit import SLOW, Site, idle, site_of, until_async
from tests.trunk.rig.whole import DIAL, ECHO, LAST, Whole, whole_at
from trunk.lab.laboratory import Switch, laboratory
from trunk.lab.site import NAMES
from trunk.lab.wiring import Cable

PROBE, SILENT = "9100", "9105"
"""Numbers of the exchange that answer at once."""
TRUNKS = (*NAMES.values(), LAST)
CLEARED_WITH_34 = "090034"


async def set_up(call: OutgoingCall) -> float:
    """Return the milliseconds from INVITE to 200, and end the call."""
    await call.answered(SLOW)
    assert call.times.invited is not None
    assert call.times.answered is not None
    took = (call.times.answered - call.times.invited) * 1000
    await call.hangup(timeout=SLOW)
    return took


async def set_ups(whole: Whole, phone: Phone, cable: Cable, calls: int) -> list[list[object]]:
    """Measure both ways over one line."""
    ours: list[float] = []
    bare: list[float] = []
    lost: list[str] = []
    for _ in range(calls):
        try:
            bare.append(await set_up(await whole.site.call_out(cable, ECHO)))
            ours.append(await set_up(await phone.dial(DIAL[cable] + ECHO)))
        except CallEndedEarly as error:
            lost.append(str(error))
        await whole.quiet()
    if lost:
        print(
            f"{cable}: {len(lost)} calls were lost by the emulated line and count nowhere: {lost[0]}"
        )
    ratio = median(ours) / median(bare)
    return [
        [f"{cable}, ours", len(ours), median(ours), percentile(ours, 99), ratio],
        [f"{cable}, bare Dial()", len(bare), median(bare), percentile(bare, 99), 1.0],
    ]


async def failover(whole: Whole, phone: Phone, calls: int) -> list[list[object]]:
    """Measure a call that both lines clear with 34 and a SIP carrier answers."""
    took: list[float] = []
    gaps: list[float] = []
    for _ in range(calls):
        before = {row["id"] for row in await records(whole)}
        call = await phone.dial(CLEARED_WITH_34)
        await call.answered(SLOW)
        await until(functools.partial(whole.calls, LAST), what="the third trunk has the call")
        took.append(await set_up(call))
        await whole.quiet()
        gaps += await gaps_of(whole, before)
    return [
        ["INVITE to 200 of the third trunk", len(took), median(took), max(took)],
        ["refusal to next attempt", len(gaps), median(gaps), max(gaps)],
    ]


async def records(whole: Whole) -> list[dict[str, Any]]:
    """Return the latest records of calls, without those of probes."""
    return [
        row
        for row in await whole.system.trunks.calls(None, None, None, 20)
        if row["number"] != PROBE
    ]


async def gaps_of(whole: Whole, before: set[int]) -> list[float]:
    """Return the milliseconds between the end of each attempt of a call and the start of the next."""
    made: list[dict[str, Any]] = []

    async def are_written() -> bool:
        made[:] = [row for row in await records(whole) if row["id"] not in before]
        return len(made) == len(TRUNKS)

    await until_async(are_written, what="the records of all attempts")
    made.sort(key=lambda row: row["started_at"])
    return [float(after["started_at"] - row["ended_at"]) for row, after in itertools.pairwise(made)]


async def at_once(site: Site, cable: Cable) -> list[object]:
    """Measure how long it takes until all circuits of a line are talking, all seized in one moment."""
    began = time.monotonic()
    placed = len(site.plan.circuits(site.trunk(cable)))
    await asyncio.gather(*(site.seize(cable, SILENT) for _ in range(placed)))
    answered = 0

    async def all_are() -> bool:
        nonlocal answered
        answered = (await site.lab.cli(Switch.NODE, "core show channels concise")).count(
            "!Up!Wait!"
        )
        return answered == placed

    with suppress(AssertionError):
        await until_async(all_are, what="all are answered", seconds=120)
    seconds = time.monotonic() - began
    await site.lab.clear()
    await idle(site)
    return [cable, placed, answered, seconds]


async def run(calls: int) -> None:
    """Print the tables."""
    lab = find_lab(cache_folder())
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        async with (
            Phone.open("core") as core,
            laboratory(lab, Path(folder), core.address[1]) as guest,
            site_of(guest, core) as site,
            whole_at(site, Path(folder)) as whole,
            sip_phone(whole.system, "2001") as phone,
        ):
            rows = [row for cable in Cable for row in await set_ups(whole, phone, cable, calls)]
            table("Call set-up", ["path", "calls", "median ms", "p99 ms", "ratio"], rows)
            rows = await failover(whole, phone, max(1, calls // 2))
            table("PRI → SS7 → SIP", ["time", "count", "median ms", "max ms"], rows)
            rows = [await at_once(site, cable) for cable in Cable]
            table("At once", ["line", "calls", "answered", "seconds until all are"], rows)


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=30)
    asyncio.run(run(parser.parse_args().calls))


if __name__ == "__main__":
    main()
