"""Long lists at any place: what is kept of them is, after any change, what reading all of them would give."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, delete, select, update

from softswitch.calls import history
from softswitch.calls import store as calls
from softswitch.errors import Refusal
from softswitch.layers.resources import store as resources
from softswitch.layers.resources.model import resource
from softswitch.recordings import store as recordings
from softswitch.recordings.model import CallId, Recording, RecordingId, State
from softswitch.store import lists
from softswitch.store.database import Database
from softswitch.store.failures import busy
from softswitch.store.lists import Lists
from softswitch.store.notes import note_more
from tests.store.conftest import add, notes_table

NOTES = "test notes"
Ids = list[int]


class Small:
    """A list of the small table: those whose text begins with what is wanted; it tells what was asked."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.asked: list[Ids | None] = []
        self.refusal: Refusal | None = None
        self.lists: Lists[str, int] = Lists(db, NOTES, self._read)

    def _read(self, conn: Connection, wanted: str, among: Collection[int] | None) -> Ids:
        self.asked.append(None if among is None else list(among))
        if self.refusal:
            raise self.refusal
        query = select(notes_table.c.id).where(notes_table.c.text.startswith(wanted))
        if among is not None:
            query = query.where(notes_table.c.id.in_(among))
        return [row[0] for row in lists.raw(conn, query.order_by(notes_table.c.id))]

    async def fill(self, count: int) -> None:
        def write(conn: Connection) -> None:
            for n in range(count):
                add(conn, f"{'ab'[n % 2]}{n}")

        await self.db.write(write)

    async def change(self, text: str | None, *ids: int) -> None:
        """Give rows a text that begins so, or remove them."""

        def write(conn: Connection) -> None:
            for each in ids:
                row = notes_table.c.id == each
                if text is None:
                    conn.execute(delete(notes_table).where(row))
                else:
                    conn.execute(update(notes_table).where(row).values(text=f"{text}{each} anew"))
            note_more(conn, NOTES, ids)

        await self.db.write(write)


@pytest.fixture
async def small(db: Database) -> Small:
    made = Small(db)
    await made.fill(100)
    return made


async def test_a_list_is_gone_through_once_and_then_only_what_changed(small: Small) -> None:
    part = small.lists.part
    assert await part("a", 10, 3) == ([21, 23, 25], 50)
    assert await part("a", 49, 3) == ([99], 50)
    assert await part("a", 50, 3) == ([], 50)
    assert small.asked == [None]
    await small.change("b", 23)
    await small.change(None, 1, 2)
    await small.change("a", 24)
    assert await part("a", 9, 4) == ([21, 24, 25, 27], 49)
    assert await part("b", 0, 2) == ([4, 6], 49)
    assert small.asked[1:] == [[1, 2, 23, 24], None]


async def test_the_newest_stand_first_where_they_should(small: Small) -> None:
    newest = Lists(small.db, NOTES, small._read, newest_first=True)
    assert await newest.part("a", 0, 3) == ([99, 97, 95], 50)
    assert await newest.part("a", 48, 3) == ([3, 1], 50)
    assert await newest.part("a", 50, 3) == ([], 50)


async def test_after_many_changes_or_a_failure_it_is_gone_through_anew(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "MOST_CHANGES", 3)
    await small.lists.part("a", 0, 1)
    await small.change(None, 1, 3, 5, 7)
    assert await small.lists.part("a", 0, 1) == ([9], 46)
    await small.change(None, 9)
    small.refusal = busy()
    with pytest.raises(Refusal):
        await small.lists.part("a", 0, 1)
    small.refusal = None
    assert await small.lists.part("a", 0, 1) == ([11], 45)
    assert small.asked == [None, None, [9], None]


async def test_who_asks_together_gets_the_same_list_read_once(small: Small) -> None:
    both = await asyncio.gather(small.lists.part("a", 0, 1), small.lists.part("a", 1, 1))
    assert list(both) == [([1], 50), ([3], 50)]
    assert small.asked == [None]


async def test_few_lists_are_kept(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "MOST_LISTS", 2)
    for wanted in ("a", "b", "c", "b"):
        await small.lists.part(wanted, 0, 1)
    assert list(small.lists._kept) == ["c", "b"]
    monkeypatch.setattr(lists, "MOST_KEYS", 60)
    await small.lists.part("a", 0, 1)
    assert list(small.lists._kept) == ["a"]


# ---- the lists there are, by their stores: kept ones against those read as a whole

STEPS = 60


async def agree(
    part: Callable[[Any, int, int], Awaitable[tuple[list[Any], int]]],
    whole: Callable[[Any], Awaitable[list[Any]]],
    wanted: Any,
    chance: random.Random,
) -> None:
    """A part at a chance place is that of the whole list, as is the length."""
    expected = await whole(wanted)
    offset, limit = chance.randrange(len(expected) + 3), chance.randint(1, 20)
    assert await part(wanted, offset, limit) == (
        expected[offset : offset + limit],
        len(expected),
    ), wanted


def call_row(n: int, at: int, chance: random.Random) -> dict[str, Any]:
    row = dict.fromkeys(column.name for column in calls.calls.columns)
    return {
        **row, "id": f"call-{n}", "kind": chance.choice(["emergency", "internal"]),
        "caller_number": chance.choice(["2001", "2002"]), "caller_name": "", "called_name": "",
        "called_number": chance.choice(["2001", "120"]), "started_at": at,
    }  # fmt: skip


async def test_the_history_of_calls(db: Database) -> None:
    chance = random.Random(1)
    book = history.History(db)
    rows: list[dict[str, Any]] = []
    for step in range(STEPS):
        if rows and chance.random() < 0.4:
            row = chance.choice(rows)
            row |= {"kind": "outgoing", "merged_into": chance.choice([None, "another"])}
        else:
            row = call_row(step, chance.randrange(20), chance)
            rows.append(row)
        writes = (calls.put_calls, [row]) if chance.random() < 0.8 else (calls.add_call, row)
        await db.write(*writes)
        wanted = history.Wanted(
            chance.choice(["", "2001"]), chance.choice([None, "emergency", "outgoing"]),
            chance.choice([None, 5]), chance.choice([None, 15]),
        )  # fmt: skip
        await agree(book.part, lambda asked: book.page(asked, limit=1_000), wanted, chance)


async def test_the_recordings(db: Database) -> None:
    chance = random.Random(2)
    kept = Lists(db, recordings.RECORDINGS, recordings.keys, newest_first=True)

    async def part(wanted: recordings.Filter, offset: int, limit: int) -> tuple[list[Any], int]:
        found, count = await kept.part(wanted, offset, limit)
        by_id = await db.read(recordings.by_ids, [name for _, name in found])
        return [by_id[name] for _, name in found], count

    async def whole(wanted: recordings.Filter) -> list[Any]:
        return await db.read(recordings.find, replace(wanted, limit=1_000))

    for step in range(STEPS):
        name = RecordingId(f"leg-{chance.randrange(max(1, step))}")
        act = chance.random()
        if act < 0.6:
            first = Recording(
                RecordingId(f"leg-{step}"), RecordingId(f"leg-{step}"), CallId(f"call-{step % 3}"),
                State.RUNNING, chance.randrange(20), extension=chance.choice(["1001", "1002"]),
            )  # fmt: skip
            await db.write(recordings.begin, first)
        elif act < 0.8:
            await db.write(
                recordings.describe, name, {"extension": chance.choice(["1001", "1002"])}
            )
        else:
            calls_of = CallId(f"call-{step % 3}"), CallId("call-0")
            await db.write(recordings.merge_call, *calls_of)
        wanted = recordings.Filter(
            chance.choice([None, "call-0", "call-1"]), chance.choice([None, "1001"]),
            chance.choice([None, 5]), chance.choice([None, 15]),
        )  # fmt: skip
        await agree(part, whole, wanted, chance)


async def test_the_resources(db: Database) -> None:
    chance = random.Random(3)
    kept = Lists(db, resources.RESOURCES, resources.codes)

    async def whole(wanted: resources.Wanted) -> list[str]:
        return [row.code for row in await db.read(resources.page, wanted, "", 1_000)]

    for step in range(STEPS):
        code = f"r{chance.randrange(30):02}"
        value = resource({
            "code": code, "kind": chance.choice(["unit", "hazard"]), "name": f"消防{step}",
            "status": chance.choice(["free", "out"]),
        })  # fmt: skip
        known = (await db.read(resources.by_codes, [code])).get(code)
        if known is None:
            await db.write(resources.add, [value])
        elif chance.random() < 0.3:
            await db.write(resources.drop, code)
        else:
            await db.write(resources.change, value, known.version)
        wanted = resources.Wanted(
            kind=chance.choice([None, "unit"]), status=chance.choice([None, "free"]),
            query=chance.choice(["", "消防1"]),
        )  # fmt: skip
        await agree(kept.part, whole, wanted, chance)
