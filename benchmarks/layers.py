"""(m) Emergency calls with all layers on, against none: calls a second, set-up, and processor time for each call.

Two systems stand side by side on one machine and are called in turns, so that a slow minute of the machine meets
both: at a rate that both carry well, and at one that neither does, where the calls that get through in a second are
what it carries.  One is called when both have nothing left to do: what layers and recordings do after a call would
else be done while the other one is called.  Promise: no measurable difference.

    python -m benchmarks.layers [--seconds 6] [--rate 20] [--rounds 6] [--offered 90]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.intake import TALK_MS, quiet
from benchmarks.load import Load, loaded
from benchmarks.report import median, table
from softswitch.settings import LAYERS

_TICKS = os.sysconf("SC_CLK_TCK")
_IDLE_MS = 60
"""A system that takes less of the processor in a second has nothing left to do."""

ON, OFF = "layers on", "layers off"


@dataclass
class Side:
    """One of the two systems, and what its rounds came to: milliseconds, and calls a second."""

    load: Load
    setup: list[float] = field(default_factory=list)
    server: list[float] = field(default_factory=list)
    switch: list[float] = field(default_factory=list)
    carried: list[float] = field(default_factory=list)

    async def round(self, rate: float, seconds: int) -> None:
        """Place calls for some seconds; note set-up and processor time of each call."""
        before = self.spent()
        outcome = await self.load.calls(["120"], rate, int(rate * seconds), TALK_MS)
        await quiet(self.load)
        # What the layers and the recordings do after a call belongs to it.
        await at_rest([self])
        python, asterisk = (
            later - earlier for later, earlier in zip(self.spent(), before, strict=True)
        )
        self.setup.append(outcome.setup_ms)
        self.server.append(python / outcome.done)
        self.switch.append(asterisk / outcome.done)

    async def flood(self, rate: float, seconds: int) -> None:
        """Offer more than it can carry; note how much it does."""
        outcome = await self.load.calls(["120"], rate, int(rate * seconds), TALK_MS)
        self.carried.append(outcome.rate)
        print(f"  {outcome}", flush=True)
        await quiet(self.load)

    def spent(self) -> tuple[float, float]:
        """Milliseconds of the processor that the server and Asterisk took so far."""
        process, switch = self.load.server.process, self.load.server.asterisk
        assert process is not None
        assert switch is not None
        family = [pid for pid in _family(process.pid) if pid != switch]
        return sum(map(_processor_ms, family)), _processor_ms(switch)


async def at_rest(sides: Iterable[Side]) -> None:
    """Wait until nobody has anything to do."""
    async with asyncio.timeout(120):
        for side in sides:
            before, now = 0.0, sum(side.spent())
            while now - before > _IDLE_MS:
                await asyncio.sleep(1)
                before, now = now, sum(side.spent())


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _processor_ms(pid: int) -> float:
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) * 1000 / _TICKS if fields else 0.0


def _family(pid: int) -> list[int]:
    parents = {
        int(entry.name): int(fields[1])
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and (fields := _stat(int(entry.name)))
    }
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


async def main() -> None:
    """Measure both in turns and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=6)
    parser.add_argument("--rate", type=float, default=20)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--offered", type=float, default=90)
    given = parser.parse_args()
    async with contextlib.AsyncExitStack() as stack:
        sides = {
            ON: Side(await stack.enter_async_context(loaded(layers=LAYERS, phones=1))),
            OFF: Side(await stack.enter_async_context(loaded(layers=(), phones=1))),
        }
        for side in sides.values():  # the first calls of a process are dearer
            await side.load.calls(["120"], given.rate, int(given.rate * 2), TALK_MS)
            await quiet(side.load)
        for turn in range(given.rounds):
            for name in (ON, OFF) if turn % 2 else (OFF, ON):
                await at_rest(sides.values())
                await sides[name].round(given.rate, given.seconds)
        for turn in range(given.rounds):
            for name in (OFF, ON) if turn % 2 else (ON, OFF):
                await at_rest(sides.values())
                print(name, flush=True)
                await sides[name].flood(given.offered, given.seconds)
    reference = _row(sides[OFF])
    table(
        f"(m) Layers on against off, medians of {given.rounds} rounds at {given.rate:g} calls/s and "
        f"with {given.offered:g} calls/s offered (promise: no measurable difference)",
        ["system", "ms INVITE to 200", "ms processor of the server a call", "ms of Asterisk a call",
         "calls/s carried"],
        [
            *([name, *_row(side)] for name, side in sides.items()),
            ["on / off", *(one / other if other else 0.0
                           for one, other in zip(_row(sides[ON]), reference, strict=True))],
        ],
    )  # fmt: skip


def _row(side: Side) -> list[float]:
    return [
        median(values or [0.0]) for values in (side.setup, side.server, side.switch, side.carried)
    ]


if __name__ == "__main__":
    asyncio.run(main())
