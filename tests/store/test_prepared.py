"""Prepared statements do what the ordinary ones do, in the transaction of the connection."""

from __future__ import annotations

import sqlite3

import pytest
from sqlalchemy import Connection, bindparam, insert, select, update

from softswitch.errors import Refusal
from softswitch.store.database import Database
from softswitch.store.prepared import Prepared
from tests.store.conftest import add, notes_table, pragma, texts

ADD = Prepared(insert(notes_table), ("text",))
FIND = Prepared(select(notes_table.c.id).where(notes_table.c.text == bindparam("text")))
LONG = Prepared(select(notes_table.c.text).where(notes_table.c.id + 1 > bindparam("than")))
RENAME = Prepared(update(notes_table).where(notes_table.c.text == bindparam("old")), ("text",))


async def test_rows_go_in_change_and_come_out(db: Database) -> None:
    assert [await db.write(ADD.add, {"text": text}) for text in ("a", "b")] == [1, 2]
    assert await db.write(RENAME.change, {"old": "a", "text": "c"}) == 1
    assert await db.write(RENAME.change, {"old": "a", "text": "c"}) == 0
    assert await db.read(FIND.scalar, {"text": "c"}) == 1
    assert await db.read(FIND.first, {"text": "a"}) is None
    assert await db.read(LONG.rows, {"than": 2}) == [("b",)]


async def test_a_value_that_is_missing_is_a_mistake(db: Database) -> None:
    with pytest.raises(KeyError, match="text"):
        await db.read(FIND.scalar, {})


async def test_a_list_of_changing_length_is_refused(db: Database) -> None:
    some = Prepared(select(notes_table.c.id).where(notes_table.c.text.in_(["a", "b"])))
    with pytest.raises(ValueError, match="changing length"):
        await db.read(some.rows, {})


async def test_it_is_undone_with_its_write(db: Database) -> None:
    def fail(conn: Connection) -> None:
        ADD.change(conn, {"text": "a"})
        add(conn, "b")
        raise ValueError("no")

    with pytest.raises(ValueError, match=r"^no$"):
        await db.write(fail)
    assert await db.read(texts) == []


async def test_what_the_database_refuses_harms_nobody_else(db: Database) -> None:
    await db.write(ADD.add, {"text": "a"})
    with pytest.raises(sqlite3.IntegrityError):
        await db.write(ADD.add, {"text": "a"})
    await db.write(ADD.add, {"text": "b"})
    assert await db.read(texts) == ["a", "b"]


async def test_a_database_that_cannot_be_written_refuses(db: Database) -> None:
    await db.write(pragma, "query_only=ON")
    with pytest.raises(Refusal) as refused:
        await db.write(ADD.add, {"text": "a"})
    assert refused.value.code == "store_unavailable"


async def test_reads_of_one_picture_do_not_see_what_comes_between(db: Database) -> None:
    """The first statement begins the transaction, as an ordinary one does."""

    def read(conn: Connection) -> bool:
        FIND.scalar(conn, {"text": "a"})
        return conn.in_transaction()

    assert await db.read(read)
