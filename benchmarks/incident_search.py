"""(l) Search over 1,000,000 incidents, against the plain way: LIKE on the same table.

Both through the one store, warm, the first page of 100 with calls.  Promise: below 100 ms.

    python -m benchmarks.incident_search [--incidents 1000000] [--rounds 15]
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, or_, select, text

from benchmarks.report import median, percentile, table
from softswitch.layers.incidents import search_store, store
from softswitch.layers.incidents.search_store import Wanted
from softswitch.layers.incidents.words import words_of
from softswitch.store.database import Database

BEGIN = 1_700_000_000_000
STREETS = ["光大街", "解放路", "滨江路", "五星街", "同兴路", "檀木林大街", "汇兴路", "丹桂大街"]
AREAS = ["自流井区", "大安区", "贡井区", "沿滩区", "荣县", "富顺县"]
WHAT = [
    "居民楼起火",
    "两车相撞",
    "有人落水",
    "燃气泄漏",
    "老人走失",
    "邻里纠纷",
    "胸痛急救",
    "电梯困人",
]
TYPES = ["20701", "20899", "30703", "21402", "40802", "40801", "30701", "21301"]
STATES = ["closed"] * 40 + ["reviewed"] * 9 + ["draft"]
RARE = "檀木林大街7777号"
BATCH = 20_000


def rows(first: int, count: int, chance: random.Random) -> list[dict[str, Any]]:
    """Return so many incidents as a centre has them."""
    made = []
    for seq in range(first, first + count):
        kind = chance.randrange(len(WHAT))
        at = BEGIN + seq * 30_000
        made.append({
            **store.EMPTY, "id": f"{seq:x}", "root": f"{seq:x}", "seq": seq, "title": WHAT[kind],
            "status": chance.choice(STATES), "owner": chance.choice(["li", "wang", "chen"]),
            "number": f"1{chance.randrange(10**10):010d}", "type": TYPES[kind],
            "grade": chance.choice([0, 4, 4, 4, 3, 2]), "created_at": at, "updated_at": at,
            "status_at": at,
            "address": f"{chance.choice(AREAS)}{chance.choice(STREETS)}{chance.randrange(2000)}号",
            "note": f"报警人称{chance.choice(AREAS)}附近{WHAT[kind]}，现场约{chance.randrange(9)}人",
        })  # fmt: skip
    return made


def fill(conn: Connection, made: list[dict[str, Any]]) -> None:
    """Write incidents with their words, as the service does for one."""
    conn.execute(store.incidents.insert(), made)
    words = [
        {
            "seq": row["seq"], "tags": search_store.tags_of(row), "numbers": row["number"],
            "said": words_of(f"{row['title']} {row['address']} {row['note']}"),
        }
        for row in made
    ]  # fmt: skip
    conn.execute(
        text("INSERT INTO incident_words(rowid, said, tags, numbers)"
             " VALUES (:seq, :said, :tags, :numbers)"), words,
    )  # fmt: skip


def plainly(conn: Connection, wanted: Wanted) -> list[Any]:
    """The same question by LIKE, newest first."""
    table_ = store.incidents
    query = select(table_)
    for word in wanted.text.split():
        columns = (table_.c.title, table_.c.address, table_.c.note)
        query = query.where(or_(*(column.like(f"%{word}%") for column in columns)))
    if wanted.number:
        query = query.where(table_.c.number.like(f"%{wanted.number}%"))
    if wanted.type:
        query = query.where(table_.c.type == wanted.type)
    if wanted.statuses:
        query = query.where(table_.c.status.in_(wanted.statuses))
    if wanted.since:
        query = query.where(table_.c.created_at >= wanted.since)
    if wanted.until:
        query = query.where(table_.c.created_at <= wanted.until)
    return list(conn.execute(query.order_by(table_.c.seq.desc()).limit(wanted.limit)).mappings())


def questions(count: int) -> dict[str, Wanted]:
    """Return what people ask, from the usual to the worst."""
    middle = BEGIN + count // 2 * 30_000
    return {
        "the newest": Wanted(),
        "起火": Wanted(text="起火"),
        "光大街 起火": Wanted(text="光大街 起火"),
        "rare place": Wanted(text=RARE),
        "one character 火": Wanted(text="火"),
        "nothing fits": Wanted(text="不存在的地方"),
        "number": Wanted(number="13800138000"),
        "last 4 digits": Wanted(number="8000"),
        "起火, drafts": Wanted(text="起火", statuses=("draft",)),
        "type and state": Wanted(type="20701", statuses=("draft",)),
        "起火, an old month": Wanted(text="起火", since=middle, until=middle + 30 * 86_400_000),
    }


async def timed(db: Database, fn: Callable[..., Any], wanted: Wanted, rounds: int) -> list[float]:
    """Return the milliseconds of so many questions; the first, cold one is left out."""
    times = []
    for _ in range(rounds + 1):
        began = time.perf_counter()
        await db.read(fn, wanted)
        times.append((time.perf_counter() - began) * 1000)
    return times[1:]


async def main() -> None:
    """Fill a database, ask, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--incidents", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    chance = random.Random(1)
    shown = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        async with Database.at(Path(folder) / "softswitch.db") as db:
            for first in range(1, given.incidents + 1, BATCH):
                count = min(BATCH, given.incidents - first + 1)
                await db.write(fill, rows(first, count, chance))
            rare = {**rows(given.incidents + 1, 1, chance)[0], "address": RARE}
            await db.write(fill, [rare])
            for name, wanted in questions(given.incidents).items():
                ours = await timed(db, search_store.find, wanted, given.rounds)
                plain = await timed(db, plainly, wanted, 2)
                shown.append([name, median(ours), percentile(ours, 99), median(plain)])
    table(
        f"(l) Search over {given.incidents:,} incidents, first page, ms (promise: below 100)",
        ["question", "median", "p99", "LIKE, median"],
        shown,
    )


if __name__ == "__main__":
    asyncio.run(main())
