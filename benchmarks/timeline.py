"""(k) From a fact of a call to its line on the timeline and the screens, at 20 calls a second.

Each call begins, is answered, gets a recording and ends.  The time is that from the end of the write that told
the fact until the layer has written its line and shown the incident.  Promise: p99 below 50 ms.
Reference: a subscriber of the same log that does nothing.

    python -m benchmarks.timeline [--rate 20] [--calls 400]
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.report import median, percentile, table
from softswitch.clock import now
from softswitch.events import CallAnswered, CallEnded, CallStarted, Fact, RecordingArchived
from softswitch.layers.incidents.build import Incidents
from softswitch.layers.incidents.consume import kinds_followed
from softswitch.layers.incidents.model import incident_id
from softswitch.store.database import Database
from softswitch.store.event_log import EventLog, Stored, append


class Screen:
    """Notes when the screens showed an incident with how many lines in its timeline."""

    def __init__(self) -> None:
        self.seen: dict[tuple[str, int], float] = {}

    def put(self, entity: str, id: str, value: dict[str, Any]) -> None:  # noqa: A002
        for lines in range(value["activity"], 0, -1):
            if (id, lines) in self.seen:
                break
            self.seen[id, lines] = time.perf_counter()

    def drop(self, entity: str, id: str) -> None:  # noqa: A002
        pass


class Bench:
    """The layer and an idle subscriber on one log."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.log = EventLog(db)
        self.screen = Screen()
        self.layer = Incidents(
            db, self.screen, class_name=lambda digits: (digits, digits), look_up=self._look_up,
            calls_changed=lambda calls: None,
        )  # fmt: skip
        self.heard: dict[Fact, float] = {}
        self.told: list[tuple[str, int, float, Fact]] = []

    async def _look_up(self, number: str) -> tuple[str, str] | None:
        return None

    async def idle(self, facts: Sequence[Stored]) -> None:
        """Only note the time."""
        for stored in facts:
            self.heard[stored.event] = time.perf_counter()

    async def call(self, n: int) -> None:
        """One call, from its begin to its end."""
        call_id, at = f"{n}.1", now()
        facts: list[Fact] = [
            CallStarted(call_id, at, "emergency", f"139{n:08d}", "120", "120"),
            CallAnswered(call_id, at, "1001", ""),
            RecordingArchived(f"r{n}", call_id, call_id, at, "x.wav", 1_000),
            CallEnded(call_id, at, 16, answered=True),
        ]
        for line, fact in enumerate(facts, 1):
            await self.db.write(append, fact)
            self.told.append((incident_id(call_id), line, time.perf_counter(), fact))
            await asyncio.sleep(0.05)


async def main() -> None:
    """Run the calls and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=20)
    parser.add_argument("--calls", type=int, default=400)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        async with Database.at(Path(folder) / "softswitch.db") as db:
            bench = Bench(db)
            await bench.layer.start(bench.log)
            bench.log.subscribe("idle", kinds_followed(), bench.idle)
            await bench.log.start()
            calls = []
            for n in range(given.calls):
                calls.append(asyncio.create_task(bench.call(n)))
                await asyncio.sleep(1 / given.rate)
            await asyncio.gather(*calls)
            await bench.log.drained()
            await bench.log.close()
    ours = [(bench.screen.seen[i, line] - at) * 1000 for i, line, at, _ in bench.told]
    idle = [(bench.heard[fact] - at) * 1000 for _, _, at, fact in bench.told]
    table(
        f"(k) Fact of a call to timeline and screens, ms, at {given.rate:g} calls/s "
        "(promise: p99 below 50)",
        ["path", "facts", "median", "p99"],
        [
            ["ours: written, indexed, shown", len(ours), median(ours), percentile(ours, 99)],
            ["a subscriber that does nothing", len(idle), median(idle), percentile(idle, 99)],
        ],
    )


if __name__ == "__main__":
    asyncio.run(main())
