"""A million recipients: the file comes in, a polygon and a campaign choose from it, and the progress view is asked.

    python -m benchmarks.sms_recipients [--people 1000000] [--postgres [URL]]

The reference of the import is Python's own csv with a bare executemany into the same kind of table; that of the
progress view is counting the rows by state.  Memory is the growth of this process at its highest.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import io
import resource
import sqlite3
import statistics
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select

from benchmarks.report import table
from benchmarks.sms_database import add_option, empty_queue, server
from smsgateway.build import MassSms
from smsgateway.campaigns.model import Plan, Rules
from smsgateway.queue import repository
from smsgateway.queue.tables import messages
from smsgateway.recipients.model import Audience
from softswitch.store.database import Database

SIZES = (10_000, 100_000, 1_000_000)
TRIES = 200
SQUARE = [[104.7, 29.3], [104.75, 29.3], [104.75, 29.4], [104.7, 29.4], [104.7, 29.3]]


class Nothing:
    """Stands for the telephone, the tasks, the lines and the screens."""

    def put(self, entity: str, id: str, value: object) -> None: ...  # noqa: A002
    def drop(self, entity: str, id: str) -> None: ...  # noqa: A002
    def talking(self) -> dict[str, str]:
        return {}

    def is_running(self, notice_id: str) -> bool:
        return False

    async def notify(self, *_: Any) -> str:
        return ""

    async def call_back(self, key: str, number: str) -> str:
        return key


def rows(count: int) -> Iterator[bytes]:
    yield b"number,name,area,longitude,latitude\n"
    for first in range(0, count, 2_000):
        yield b"".join(
            b"1%010d,Li Ming,Area %d,104.%03d,29.%03d\n"
            % (3_000_000_000 + n, n % 20, 700 + n % 100, 300 + n // 100 % 100)
            for n in range(first, min(first + 2_000, count))
        )


async def stream(count: int) -> AsyncIterator[bytes]:
    for piece in rows(count):
        yield piece


async def no_groups(_keys: object) -> list[Any]:
    return []


def peak() -> float:
    """Return the most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000


async def timed(work: Any) -> tuple[float, Any]:
    before = time.perf_counter()
    result = await work
    return time.perf_counter() - before, result


def bare_import(folder: Path, count: int) -> float:
    """Return the seconds that csv and executemany take, with a commit each 2,000 rows as ours."""
    path = folder / "people.csv"
    path.write_bytes(b"".join(rows(count)))
    before = time.perf_counter()
    with sqlite3.connect(folder / "bare.db") as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("CREATE TABLE p (number TEXT PRIMARY KEY, name, area, x, y) WITHOUT ROWID")
        db.execute("CREATE INDEX i ON p (y)")
        reader = csv.reader(io.TextIOWrapper(path.open("rb"), "utf-8", newline=""))
        next(reader)
        some: list[list[str]] = []
        for row in reader:
            some.append(row)
            if len(some) == 2_000:
                _put(db, some)
        _put(db, some)
    return time.perf_counter() - before


def _put(db: sqlite3.Connection, some: list[list[str]]) -> None:
    db.executemany("INSERT INTO p VALUES (?, ?, ?, ?, ?)", some)
    db.commit()
    some.clear()


async def one_size(url: str, folder: Path, count: int) -> list[list[str]]:
    async with Database.at(folder / "main.db") as db:
        work: list[asyncio.Task[Any]] = []
        nothing: Any = Nothing()
        sms = MassSms(
            db, url, folder / "sms", nothing, no_groups, nothing, nothing, nothing,
            lambda one: work.append(asyncio.create_task(one)),
        )  # fmt: skip
        await sms.start()
        try:
            return await measured(sms, folder, count, work)
        finally:
            await sms.close()


async def measured(
    sms: MassSms, folder: Path, count: int, work: list[asyncio.Task[Any]]
) -> list[list[str]]:
    before = peak()
    seconds, report = await timed(sms.lists.import_csv("bench", "p", stream(count)))
    assert report["people"] == count, report
    bare = await asyncio.to_thread(bare_import, folder, count)
    shape = {"type": "Polygon", "coordinates": [SQUARE]}
    inside, tally = await timed(
        sms.campaigns.count(Plan("-", "", Audience(lists=("p",), shape=shape)))
    )
    await sms.campaigns.set_rules("bench", Rules(approval_size=10_000_000))
    campaign = await sms.campaigns.create("bench", Plan("b", "请注意", Audience(lists=("p",))))
    await sms.campaigns.submit("bench", campaign.id)
    fill, _ = await timed(work.pop())
    batch = await sms.queue.read(repository.batch_id, campaign.id)
    assert batch is not None
    ours = await median(sms.queue, repository.progress, batch, TRIES)
    counted = await median(sms.queue, count_rows, batch, 3)
    size = f"{count:,}"
    return [
        [size, "import, s (reference: csv + executemany)", f"{seconds:.2f}", f"{bare:.2f}"],
        [size, f"who is in the polygon ({tally.people:,}), s", f"{inside:.2f}", ""],
        [size, "campaign into the queue, s", f"{fill:.2f}", ""],
        [size, "progress view, ms (reference: counting)", f"{ours:.2f}", f"{counted:.2f}"],
        [size, "memory, MB more than before", f"{peak() - before:.0f}", ""],
    ]


async def median(
    db: Database, fn: Callable[[Connection, int], object], batch: int, tries: int
) -> float:
    """Return the median of some reads, in milliseconds."""
    found = [(await timed(db.read(fn, batch)))[0] * 1_000 for _ in range(tries)]
    return statistics.median(found)


def count_rows(conn: Connection, batch: int) -> object:
    query = select(messages.c.state, func.count()).where(messages.c.batch_id == batch)
    return conn.execute(query.group_by(messages.c.state)).all()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=SIZES[-1])
    add_option(parser)
    given = parser.parse_args()
    found: list[list[str]] = []
    with server(given.postgres) as database:
        for size in (*[one for one in SIZES if one < given.people], given.people):
            with empty_queue(database) as (url, folder):
                found += asyncio.run(one_size(url, folder, size))
    where = "PostgreSQL" if given.postgres else "SQLite"
    table(
        f"(h) Recipients up to a million, {where}", ("people", "what", "ours", "reference"), found
    )


if __name__ == "__main__":
    main()
