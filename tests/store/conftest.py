"""A small table and a database on the disk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, insert, select

from softswitch.store import engine
from softswitch.store.database import Database

own = MetaData()
notes_table = Table(
    "test_notes", own, Column("id", Integer, primary_key=True), Column("text", String, unique=True)
)


def add(conn: Connection, text: str) -> str:
    conn.execute(insert(notes_table).values(text=text))
    return text


def texts(conn: Connection) -> list[str]:
    return list(conn.execute(select(notes_table.c.text).order_by(notes_table.c.id)).scalars())


def pragma(conn: Connection, text: str) -> None:
    conn.exec_driver_sql(f"PRAGMA {text}")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "softswitch.db"


@pytest.fixture
async def db(path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.05)
    async with Database.at(path) as database:
        await database.write(own.create_all)
        yield database
