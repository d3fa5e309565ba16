"""(q) A page at any place of a list of 100,000 resources.

A fling asks for pages all over the list.  Each is asked of the capability as the route asks it, with the whole list,
one state, and a text that is searched; the first question after a change, which goes through the list, stands apart.
Reference: the database's own ``OFFSET``.

    python -m benchmarks.lists [--rows 100000] [--pages 1000]
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, select

from benchmarks.report import median, percentile, table
from softswitch.layers.resources import store
from softswitch.layers.resources.model import resource
from softswitch.layers.resources.service import NoMap, ResourceService
from softswitch.layers.resources.store import Wanted
from softswitch.store.database import Database

PAGE = 100
LISTS = {
    "all": Wanted(),
    "one state": Wanted(status="resting"),
    "a text": Wanted(query="消防车"),
}


def _fill(conn: Connection, rows: int) -> None:
    names = ("消防车", "救护车", "油库", "学校", "水泵")
    states = ("free", "assigned", "resting", "out")
    for start in range(0, rows, 1_000):
        store.add(
            conn,
            [
                resource({
                    "code": f"r{n:07d}", "kind": "unit", "name": f"{names[n % 5]}{n}",
                    "numbers": [f"139{n:08d}"], "address": f"汇东路{n}号", "status": states[n % 4],
                })
                for n in range(start, min(start + 1_000, rows))
            ],
        )  # fmt: skip


def _by_offset(conn: Connection, offset: int) -> int:
    query = select(store.resources).order_by(store.resources.c.code).limit(PAGE).offset(offset)
    return len(conn.execute(query).all())


async def _timed(work: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await work()
    return (time.perf_counter() - began) * 1000


async def main() -> None:
    """Fill the table, ask at random places and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--pages", type=int, default=1_000)
    given = parser.parse_args()
    dice = random.Random(1)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        async with Database.at(Path(folder) / "softswitch.db") as db:
            await db.write(_fill, given.rows)
            service = ResourceService(db, NoMap())
            shown: list[list[object]] = []
            for name, wanted in LISTS.items():
                first = await _timed(partial(service.part, wanted, 0, PAGE))
                _, count = await service.part(wanted, 0, PAGE)
                places = [dice.randrange(count) for _ in range(given.pages)]
                took = [await _timed(partial(service.part, wanted, at, PAGE)) for at in places]
                shown.append([name, count, first, median(took), percentile(took, 99)])
            places = [dice.randrange(given.rows) for _ in range(given.pages)]
            took = [await _timed(partial(db.read, _by_offset, at)) for at in places]
            shown.append(
                ["all, by OFFSET", given.rows, took[0], median(took), percentile(took, 99)]
            )
    table(
        f"(q) {PAGE} resources at any place of the list, ms (promise: p99 below 50)",
        ["list", "rows", "first after a change", "median", "p99"],
        shown,
    )


if __name__ == "__main__":
    asyncio.run(main())
