"""Calls, legs, call-back tasks and seats in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    String,
    Table,
    bindparam,
    insert,
    select,
    update,
)

from softswitch.clock import Millis
from softswitch.store.notes import note_more
from softswitch.store.prepared import Prepared
from softswitch.store.tables import metadata

calls = Table(
    "calls",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("digits", String(8)),
    Column("caller_number", String(32), nullable=False, default=""),
    Column("caller_name", String(128), nullable=False, default=""),
    Column("called_number", String(32), nullable=False, default=""),
    Column("called_name", String(128), nullable=False, default=""),
    Column("started_at", BigInteger, nullable=False),
    Column("answered_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("cause", Integer),
    Column("owner", String(8)),
    Column("login", String(64)),
    Column("parked_at", String(8)),
    Column("held_by", String(8)),
    Column("merged_into", String(64)),
    Index(None, "started_at"),
    Index(None, "caller_number", "started_at"),
    Index(None, "ended_at"),
)

legs = Table(
    "legs",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("call_id", String(64), nullable=False),
    Column("phone", String(64), nullable=False, default=""),
    Column("extension", String(8)),
    Column("number", String(32), nullable=False, default=""),
    Column("name", String(128), nullable=False, default=""),
    Column("role", String(16), nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("answered_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("cause", Integer),
    Index(None, "call_id"),
)

tasks = Table(
    "tasks",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("number", String(32), nullable=False),
    Column("digits", String(8), nullable=False),
    Column("calls", Integer, nullable=False, default=1),
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("owner", String(64)),
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_at", BigInteger, nullable=False, default=0),
    Column("reason", String(200)),
    Column("closed_at", BigInteger),
    Index(None, "state"),
    Index(None, "number", "state"),
)

task_calls = Table(
    "task_calls",
    metadata,
    Column("call_id", String(64), primary_key=True),
    Column("task_id", String(64), nullable=False),
)

seats = Table(
    "seats",
    metadata,
    Column("extension", String(8), primary_key=True),
    Column("login", String(64), nullable=False),
    Column("duty", String(16), nullable=False),
    Column("since", BigInteger, nullable=False),
)

run_state = Table(
    "run_state",
    metadata,
    Column("key", String(32), primary_key=True),
    Column("value", String(200), nullable=False),
)


def put(conn: Connection, table: Table, key: str, values: Mapping[str, Any]) -> None:
    """Write one row whole: change it, or insert it when there is none."""
    where = table.c[key] == values[key]
    if conn.execute(update(table).where(where).values(**values)).rowcount == 0:
        conn.execute(insert(table).values(**values))


class _Whole:
    """Rows with an ``id`` that are written whole, many times in a call."""

    def __init__(self, table: Table) -> None:
        columns = [column.name for column in table.columns]
        self._add = Prepared(insert(table), columns)
        self._change = Prepared(update(table).where(table.c.id == bindparam("key")), columns)

    def put(self, conn: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        for row in rows:
            if self._change.change(conn, {**row, "key": row["id"]}) == 0:
                self._add.change(conn, row)


_CALLS, _LEGS = _Whole(calls), _Whole(legs)


CALLS = "calls"
"""The notes that written calls leave: when each started, and its id."""


def put_calls(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write calls, each with all its columns."""
    note_more(conn, CALLS, [(row["started_at"], row["id"]) for row in rows])
    _CALLS.put(conn, rows)


def put_legs(conn: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write legs, each with all their columns."""
    _LEGS.put(conn, rows)


def add_call(conn: Connection, row: Mapping[str, Any]) -> bool:
    """Insert a call that is not there yet; tell whether it was new."""
    if conn.execute(select(calls.c.id).where(calls.c.id == row["id"])).first():
        return False
    note_more(conn, CALLS, [(row["started_at"], row["id"])])
    conn.execute(insert(calls).values(**row))
    return True


def complete_call(
    conn: Connection, call_id: str, answered_at: Millis | None, ended_at: Millis, cause: int
) -> dict[str, Any] | None:
    """Fill in what a row lacks of answer and end; return the row, None when it had ended before."""
    row = conn.execute(select(calls).where(calls.c.id == call_id)).mappings().first()
    if row is None or row["ended_at"] is not None:
        return None
    values = {
        "answered_at": row["answered_at"] or answered_at,
        "ended_at": ended_at,
        "cause": cause,
    }
    conn.execute(update(calls).where(calls.c.id == call_id).values(**values))
    return {**row, **values}


def open_calls(conn: Connection) -> list[dict[str, Any]]:
    """Return the calls that have not ended, as far as the books know."""
    rows = conn.execute(select(calls).where(calls.c.ended_at.is_(None))).mappings()
    return [dict(row) for row in rows]


def call_by_id(conn: Connection, call_id: str) -> dict[str, Any] | None:
    """Return one call with its legs, or None."""
    row = conn.execute(select(calls).where(calls.c.id == call_id)).mappings().first()
    if row is None:
        return None
    mine = select(legs).where(legs.c.call_id == call_id).order_by(legs.c.started_at)
    return {**row, "legs": [dict(leg) for leg in conn.execute(mine).mappings()]}


def end_calls(conn: Connection, call_ids: Sequence[str], at: Millis, cause: int) -> None:
    """Close calls that ended while nobody watched, with their legs."""
    conn.execute(
        update(calls)
        .where(calls.c.id.in_(call_ids), calls.c.ended_at.is_(None))
        .values(ended_at=at, cause=cause)
    )
    conn.execute(
        update(legs)
        .where(legs.c.call_id.in_(call_ids), legs.c.ended_at.is_(None))
        .values(ended_at=at, cause=cause)
    )


def put_seat(
    conn: Connection, extension: str, login: str | None, duty: str = "", at: Millis = 0
) -> None:
    """Record who sits at a desk; nobody with ``login`` None."""
    if login is None:
        conn.execute(seats.delete().where(seats.c.extension == extension))
        return
    row = {"extension": extension, "login": login, "duty": duty, "since": at}
    put(conn, seats, "extension", row)


def all_seats(conn: Connection) -> list[dict[str, Any]]:
    """Return who sits where."""
    return [dict(row) for row in conn.execute(select(seats)).mappings()]


def get_state(conn: Connection, key: str) -> str | None:
    """Return a remembered value, such as the start time of the switch."""
    return conn.execute(select(run_state.c.value).where(run_state.c.key == key)).scalar()


def set_state(conn: Connection, key: str, value: str) -> None:
    """Remember a value."""
    put(conn, run_state, "key", {"key": key, "value": value})
