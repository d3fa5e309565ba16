"""(m) Emergency calls with all layers on, against none: calls a second, set-up, and processor time for each call.

Two systems stand side by side on one machine and are called in turns, so that a slow minute of the machine meets
both: first at a rate that both carry well, then at rising rates until each loses a call or keeps callers waiting for
half a second on average.  Promise: no measurable difference.

    python -m benchmarks.layers [--seconds 6] [--rate 20] [--rounds 6] [--rates 40,45,50,55,60] [--climbs 3]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.intake import TALK_MS, highest, quiet
from benchmarks.load import Load, loaded
from benchmarks.report import median, table
from softswitch.settings import LAYERS

_TICKS = os.sysconf("SC_CLK_TCK")
ON, OFF = "layers on", "layers off"


@dataclass
class Side:
    """One of the two systems, and what its rounds came to: milliseconds, and calls a second."""

    load: Load
    setup: list[float] = field(default_factory=list)
    server: list[float] = field(default_factory=list)
    switch: list[float] = field(default_factory=list)
    best: list[float] = field(default_factory=list)

    async def round(self, rate: float, seconds: int) -> None:
        """Place calls for some seconds; note set-up and processor time of each call."""
        before = self._spent()
        outcome = await self.load.calls(["120"], rate, int(rate * seconds), TALK_MS)
        await quiet(self.load)
        # What the layers and the recordings do after a call belongs to it.
        await asyncio.sleep(1)
        python, asterisk = (
            later - earlier for later, earlier in zip(self._spent(), before, strict=True)
        )
        self.setup.append(outcome.setup_ms)
        self.server.append(python / outcome.done)
        self.switch.append(asterisk / outcome.done)

    async def climb(self, rates: list[float], seconds: int) -> None:
        """Find the highest clean rate."""
        best, _ = await highest(self.load, ["120"], rates, seconds)
        self.best.append(best)
        await quiet(self.load)

    def _spent(self) -> tuple[float, float]:
        """Milliseconds of the processor that the server and Asterisk took so far."""
        process, switch = self.load.server.process, self.load.server.asterisk
        assert process is not None
        assert switch is not None
        family = [pid for pid in _family(process.pid) if pid != switch]
        return sum(map(_processor_ms, family)), _processor_ms(switch)


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
    parser.add_argument("--rates", default="40,45,50,55,60,65,70,75,80,85,90,95,100")
    parser.add_argument("--climbs", type=int, default=3)
    given = parser.parse_args()
    rates = [float(rate) for rate in given.rates.split(",")]
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
                await sides[name].round(given.rate, given.seconds)
        for turn in range(given.climbs):
            for name in (OFF, ON) if turn % 2 else (ON, OFF):
                print(name, flush=True)
                await sides[name].climb(rates, given.seconds)
    reference = _row(sides[OFF])
    table(
        f"(m) Layers on against off, medians of {given.rounds} rounds at {given.rate:g} calls/s and of "
        f"{given.climbs} climbs (promise: no measurable difference)",
        ["system", "ms INVITE to 200", "ms processor of the server a call", "ms of Asterisk a call",
         "highest clean calls/s"],
        [
            *([name, *_row(side)] for name, side in sides.items()),
            ["on / off", *(one / other if other else 0.0
                           for one, other in zip(_row(sides[ON]), reference, strict=True))],
        ],
    )  # fmt: skip


def _row(side: Side) -> list[float]:
    return [median(values or [0.0]) for values in (side.setup, side.server, side.switch, side.best)]


if __name__ == "__main__":
    asyncio.run(main())
