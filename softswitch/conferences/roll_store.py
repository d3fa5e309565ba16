"""Roll calls and hunts in SQL: the list as it is now, rewritten at each change."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    String,
    Table,
    Text,
    insert,
    select,
    update,
)

from softswitch.clock import Millis
from softswitch.conferences.events import RollEnded
from softswitch.store.event_log import append
from softswitch.store.tables import metadata

roll_calls = Table(
    "roll_calls",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("room_id", String(32), nullable=False),
    Column("desk", String(8), nullable=False),
    Column("login", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("body", Text, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Index(None, "started_at"),
    Index(None, "state"),
)

Row = dict[str, Any]


def put(conn: Connection, row: Row) -> None:
    """Write a roll call as it is now."""
    values = {**row, "body": json.dumps(row["body"], ensure_ascii=False)}
    where = roll_calls.c.id == row["id"]
    if conn.execute(update(roll_calls).where(where).values(**values)).rowcount == 0:
        conn.execute(insert(roll_calls).values(**values))


def end(conn: Connection, row: Row, at: Millis, absent: tuple[str, ...]) -> None:
    """Write that a roll call is over, and who was absent."""
    put(conn, {**row, "ended_at": at})
    append(conn, RollEnded(row["id"], row["room_id"], at, row["state"], absent), at=at)


def page(conn: Connection, limit: int) -> list[Row]:
    """Return roll calls, the newest first."""
    query = select(roll_calls).order_by(roll_calls.c.started_at.desc()).limit(limit)
    return [_row(dict(row)) for row in conn.execute(query).mappings()]


def open_rolls(conn: Connection) -> list[Row]:
    """Return the roll calls that are not over."""
    query = select(roll_calls).where(roll_calls.c.ended_at.is_(None))
    return [_row(dict(row)) for row in conn.execute(query).mappings()]


def _row(row: Row) -> Row:
    return {**row, "body": json.loads(row["body"])}
