"""The schema: made anew, brought up to date, and refused when it is from tomorrow."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Connection, inspect

from softswitch import app  # noqa: F401 - a table exists when its module is loaded: all are, whatever ran before
from softswitch.errors import Refusal
from softswitch.store import event_rows  # noqa: F401 - declares the tables that are changed here
from softswitch.store.database import Database
from softswitch.store.migrations import Migration, migrate


def execute(statement: str) -> Migration:
    return Migration(1, "event_log", lambda conn: conn.exec_driver_sql(statement))


def run(conn: Connection, statement: str) -> None:
    conn.exec_driver_sql(statement)


def version(conn: Connection) -> int | None:
    return conn.exec_driver_sql("SELECT version FROM schema_version").scalar()


def before_all(conn: Connection) -> None:
    """The release that had no migration yet."""
    conn.exec_driver_sql("UPDATE schema_version SET version = 0")


async def test_a_new_database_needs_no_migration(path: Path) -> None:
    ran: list[int] = []
    steps = [Migration(1, "event_log", lambda _conn: ran.append(1))]
    async with Database.at(path) as db:
        with sqlite3.connect(path) as other:
            for name in [
                row[0] for row in other.execute("SELECT name FROM sqlite_master WHERE type='table'")
            ]:
                if not name.startswith("sqlite_"):
                    other.execute(f'DROP TABLE IF EXISTS "{name}"')
        other.close()
        assert await db.write(migrate, steps) == 1
    assert ran == []


async def test_an_older_database_gets_each_change_once(path: Path) -> None:
    ran: list[int] = []
    steps = [
        Migration(1, "event_log", lambda _conn: ran.append(1)),
        Migration(2, "never_made", lambda _conn: ran.append(2)),
        Migration(3, "event_log", lambda _conn: ran.append(3)),
    ]
    async with Database.at(path) as db:
        await db.write(before_all)
        assert await db.write(migrate, steps[:1]) == 1
        assert await db.write(migrate, steps) == 3
        assert await db.write(migrate, steps) == 3
        assert await db.read(version) == 3
    assert ran == [1, 3]


async def test_the_people_of_an_old_notification_are_told_what_it_says(path: Path) -> None:
    async with Database.at(path) as db:
        await db.write(run, "ALTER TABLE notice_people DROP COLUMN text")
        columns = "id, notice_id, number, name, deputy, deputy_for, state, tries, next_at, why"
        person = "'p', 'n', '2001', '王', '', '', 'waiting', 0, 0, ''"
        await db.write(run, f"INSERT INTO notice_people ({columns}) VALUES ({person})")
        await db.write(run, "UPDATE schema_version SET version = 1")
    async with Database.at(path) as db:
        told = "SELECT number, text FROM notice_people"
        assert await db.read(lambda conn: [tuple(r) for r in conn.exec_driver_sql(told)]) == [
            ("2001", "")
        ]


async def test_an_index_that_an_old_database_lacks_is_made(path: Path) -> None:
    def names(conn: Connection) -> set[str | None]:
        return {index["name"] for index in inspect(conn).get_indexes("incident_entries")}

    async with Database.at(path) as db:
        wanted = await db.read(names)
        for name in wanted:
            await db.write(run, f'DROP INDEX "{name}"')
    async with Database.at(path) as db:
        assert await db.read(names) == wanted != set()


async def test_a_change_that_fails_leaves_the_schema_as_it_was(path: Path) -> None:
    steps = [
        execute("ALTER TABLE event_log ADD COLUMN extra TEXT"),
        Migration(2, "event_log", lambda conn: conn.exec_driver_sql("SELECT nonsense")),
    ]
    async with Database.at(path) as db:
        await db.write(before_all)
        with pytest.raises(Exception, match=r"nonsense"):
            await db.write(migrate, steps)
        assert await db.read(version) == 0
        assert await db.write(migrate, steps[:1]) == 1


async def test_a_database_of_a_later_release_is_refused(path: Path) -> None:
    async with Database.at(path) as db:
        await db.write(lambda conn: conn.exec_driver_sql("UPDATE schema_version SET version=99"))
    with pytest.raises(Refusal, match=r"schema 99.*newer release") as refused:
        await Database.at(path).open()
    assert refused.value.code == "schema_too_new"


async def test_a_table_that_lacks_a_column_is_refused(path: Path) -> None:
    async with Database.at(path) as db:
        await db.write(
            lambda conn: conn.exec_driver_sql("ALTER TABLE event_cursor DROP COLUMN seq")
        )
    with pytest.raises(Refusal, match=r"event_cursor lacks the column seq"):
        await Database.at(path).open()
