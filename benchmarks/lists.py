"""(q) A page at any place of a list of 100,000 rows: resources, incidents, call records, recordings.

A fling asks for pages all over the list.  Each is asked of the capability as the route asks it, with the whole list,
one kind of row, and a text or number that is searched.  The first question, which goes through the list, stands
apart, and so does that after a change, which looks at what changed.  Reference: the database's own ``OFFSET``.

    python -m benchmarks.lists [--rows 100000] [--pages 1000]
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select

from benchmarks import incident_search
from benchmarks.report import median, percentile, table
from softswitch.calls import history
from softswitch.calls import store as call_store
from softswitch.clock import now
from softswitch.layers.incidents import search_store
from softswitch.layers.incidents import store as incident_store
from softswitch.layers.incidents.build import Incidents
from softswitch.layers.resources import store as resource_store
from softswitch.layers.resources.model import resource
from softswitch.layers.resources.service import NoMap, ResourceService
from softswitch.recordings import store as recording_store
from softswitch.recordings.files import Folder
from softswitch.recordings.library import Library
from softswitch.recordings.model import CallId, Recording, RecordingId, State
from softswitch.store.database import Database

PAGE = 100
CHANGES = 20
BEGIN = 1_700_000_000_000
Part = Callable[[Any, int, int], Awaitable[tuple[list[Any], int]]]


@dataclass(frozen=True)
class Measured:
    """A list: how a part of it is asked for, what is asked for, a change of a row, and the same by ``OFFSET``."""

    name: str
    part: Part
    asked: dict[str, Any]
    change: Callable[[Connection, int], object]
    by_offset: Any


class _NoScreen:
    def put(self, entity: str, id: str, value: dict[str, Any]) -> None:  # noqa: A002
        """Show nothing."""

    def drop(self, entity: str, id: str) -> None:  # noqa: A002
        """Show nothing."""


# ---- what there is


def resources(db: Database) -> Measured:
    """Contacts and resources, in order of code."""
    columns = resource_store.resources.c

    def change(conn: Connection, n: int) -> None:
        [value] = resource_store.by_codes(conn, [f"r{n:07d}"]).values()
        resource_store.change(conn, value, value.version)

    asked = {
        "all": resource_store.Wanted(),
        "one state": resource_store.Wanted(status="resting"),
        "a text": resource_store.Wanted(query="消防车"),
    }
    plainly = select(resource_store.resources).order_by(columns.code)
    return Measured("resources", ResourceService(db, NoMap()).part, asked, change, plainly)


def incidents(db: Database) -> Measured:
    """Incidents, newest first."""

    async def look_up(_number: str) -> None:
        return None

    layer = Incidents(
        db, _NoScreen(), class_name=lambda digits: (digits, digits), look_up=look_up,
        calls_changed=lambda _ids: None,
    )  # fmt: skip
    seq = incident_store.incidents.c.seq

    def change(conn: Connection, n: int) -> None:
        search_store.reindex(conn, [f"{n:x}"])

    asked = {
        "all": search_store.Wanted(),
        "one state": search_store.Wanted(statuses=("reviewed",)),
        "a text": search_store.Wanted(text="起火"),
    }
    plainly = select(incident_store.incidents).order_by(seq.desc())
    return Measured("incidents", layer.service.part, asked, change, plainly)


def calls(db: Database) -> Measured:
    """Call records, newest first."""

    def change(conn: Connection, n: int) -> None:
        call_store.put_calls(conn, [_call(n)])

    asked = {
        "all": history.Wanted(),
        "one kind": history.Wanted(kind="emergency"),
        "a number": history.Wanted(number="13900000007"),
    }
    plainly = select(call_store.calls).order_by(call_store.calls.c.started_at.desc())
    return Measured("call records", history.History(db).part, asked, change, plainly)


def recordings(db: Database, folder: Path) -> Measured:
    """Recordings, newest first."""

    def change(conn: Connection, n: int) -> None:
        recording_store.describe(conn, RecordingId(f"leg-{n}"), {"number": "2001"})

    asked = {
        "all": recording_store.Filter(),
        "one desk": recording_store.Filter(extension="1001"),
        "a day": recording_store.Filter(since=BEGIN, until=BEGIN + 86_400_000),
    }
    rows = recording_store.recordings
    plainly = select(rows).order_by(rows.c.began_at.desc())
    return Measured("recordings", Library(db, Folder(folder), now).part, asked, change, plainly)


# ---- filling


def _resource(n: int) -> Any:
    names = ("消防车", "救护车", "油库", "学校", "水泵")
    states = ("free", "assigned", "resting", "out")
    return resource({
        "code": f"r{n:07d}", "kind": "unit", "name": f"{names[n % 5]}{n}",
        "numbers": [f"139{n:08d}"], "address": f"汇东路{n}号", "status": states[n % 4],
    })  # fmt: skip


def _call(n: int) -> dict[str, Any]:
    row = dict.fromkeys(column.name for column in call_store.calls.columns)
    return {
        **row, "id": f"call-{n}", "kind": ("emergency", "internal", "incoming")[n % 3],
        "caller_number": f"139{n % 5000:08d}", "caller_name": "", "called_number": "119",
        "called_name": "", "started_at": BEGIN + n * 10_000, "ended_at": BEGIN + n * 10_000 + 60_000,
        "cause": 16,
    }  # fmt: skip


def _recording(n: int) -> Recording:
    name = RecordingId(f"leg-{n}")
    return Recording(
        name, name, CallId(f"call-{n // 2}"), State.KEPT, BEGIN + n * 5_000, BEGIN + n * 5_000,
        f"{1001 + n % 20}", "2001", f"2026/{n}.wav", 960_000, 60_000, "0" * 64,
    )  # fmt: skip


def _fill(conn: Connection, numbers: Sequence[int]) -> None:
    resource_store.add(conn, [_resource(n) for n in numbers])
    chance = random.Random(numbers[0])
    incident_search.fill(conn, incident_search.rows(numbers[0] + 1, len(numbers), chance))
    conn.execute(insert(call_store.calls), [_call(n) for n in numbers])
    names = [column.name for column in recording_store.recordings.c if column.name != "waveform"]
    made = [{name: getattr(_recording(n), name) for name in names} for n in numbers]
    conn.execute(insert(recording_store.recordings), made)


# ---- measuring


async def _timed(work: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await work()
    return (time.perf_counter() - began) * 1000


def _by_offset(conn: Connection, query: Any, offset: int) -> int:
    return len(conn.execute(query.limit(PAGE).offset(offset)).all())


async def _measure(db: Database, each: Measured, pages: int, rows: int) -> list[list[object]]:
    dice = random.Random(1)
    shown: list[list[object]] = []
    for name, wanted in each.asked.items():
        first = await _timed(partial(each.part, wanted, 0, PAGE))
        _, count = await each.part(wanted, 0, PAGE)
        places = [dice.randrange(count) for _ in range(pages)]
        took = [await _timed(partial(each.part, wanted, at, PAGE)) for at in places]
        changed = []
        for _ in range(CHANGES):
            await db.write(each.change, dice.randrange(1, rows))
            changed.append(await _timed(partial(each.part, wanted, dice.randrange(count), PAGE)))
        row = [first, median(changed), median(took), percentile(took, 99)]
        shown.append([f"{each.name}, {name}", count, *row])
    took = [
        await _timed(partial(db.read, _by_offset, each.by_offset, dice.randrange(rows)))
        for _ in range(pages)
    ]
    times = [median(took), percentile(took, 99)]
    shown.append([f"{each.name}, all, by OFFSET", rows, took[0], "", *times])
    return shown


async def main() -> None:
    """Fill the tables, ask at random places and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--pages", type=int, default=1_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        async with Database.at(Path(folder) / "softswitch.db") as db:
            await db.write(search_store.make)
            for start in range(0, given.rows, 5_000):
                await db.write(_fill, range(start, min(start + 5_000, given.rows)))
            shown: list[list[object]] = []
            for each in (resources(db), incidents(db), calls(db), recordings(db, Path(folder))):
                shown += await _measure(db, each, given.pages, given.rows)
    table(
        f"(q) {PAGE} rows at any place of a list, ms (promise: p99 below 50)",
        ["list", "rows", "first time", "after a change", "median", "p99"],
        shown,
    )


if __name__ == "__main__":
    asyncio.run(main())
