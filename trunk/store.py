"""The description of trunks and the records of their calls in SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)

from softswitch.access import audit
from softswitch.clock import Millis
from softswitch.events import Fact
from softswitch.store.event_log import append
from softswitch.store.tables import metadata
from trunk.events import TrunkCallEnded
from trunk.ledger import TrunkCall

trunk_plan = Table(
    "trunk_plan",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("login", String(64), nullable=False),
)

trunk_blocked = Table(
    "trunk_blocked",
    metadata,
    Column("circuit", String(64), primary_key=True),
    Column("trunk", String(32), nullable=False),
)

trunk_looped = Table(
    "trunk_looped",
    metadata,
    Column("name", String(64), primary_key=True),
)
"""Trunks and circuits, by name and id, that are looped back to their far end."""

trunk_calls = Table(
    "trunk_calls",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("channel_id", String(150), nullable=False),
    Column("call_id", String(150), nullable=False),
    Column("trunk", String(32), nullable=False),
    Column("circuit", String(64), nullable=False),
    Column("route", String(32), nullable=False),
    Column("outgoing", Boolean, nullable=False),
    Column("number", String(40), nullable=False),
    Column("caller", String(40), nullable=False),
    Column("user", String(8), nullable=False),
    Column("level", Integer, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("rang_at", BigInteger),
    Column("answered_at", BigInteger),
    Column("ended_at", BigInteger, nullable=False),
    Column("cause", Integer, nullable=False),
    Column("source", String(12), nullable=False),
    Index(None, "trunk", "started_at"),
    Index(None, "ended_at"),
)

Row = dict[str, Any]
_CALL = (
    "channel_id", "call_id", "trunk", "circuit", "route", "outgoing", "user", "level",
    "started_at", "rang_at", "answered_at", "ended_at", "cause",
)  # fmt: skip


def load(conn: Connection) -> str:
    """Return the description that holds; empty: none was ever given."""
    return str(conn.execute(select(trunk_plan.c.text)).scalar() or "")


def put(conn: Connection, text: str, at: Millis, login: str, summary: Row) -> None:
    """Write a description whole, with who gave it."""
    audit.append(conn, login, "trunk.described", "", summary, at=at)
    values = {"text": text, "at": at, "login": login}
    if conn.execute(update(trunk_plan).values(**values)).rowcount == 0:
        conn.execute(insert(trunk_plan).values(id=1, **values))


def blocked(conn: Connection) -> list[tuple[str, str]]:
    """Return (circuit, trunk) of what people took out of use."""
    rows = conn.execute(select(trunk_blocked.c.circuit, trunk_blocked.c.trunk))
    return [(row.circuit, row.trunk) for row in rows]


def block(
    conn: Connection, trunk: str, circuits: Sequence[str], on: bool, at: Millis, login: str
) -> None:
    """Write that circuits are out of use, or back."""
    act = "trunk.blocked" if on else "trunk.unblocked"
    audit.append(conn, login, act, trunk, {"circuits": list(circuits)[:200]}, at=at)
    conn.execute(delete(trunk_blocked).where(trunk_blocked.c.circuit.in_(circuits)))
    if on and circuits:
        conn.execute(insert(trunk_blocked), [{"circuit": c, "trunk": trunk} for c in circuits])


def looped(conn: Connection) -> set[str]:
    """Return the lines and circuits that are looped back to their far end."""
    return set(conn.execute(select(trunk_looped.c.name)).scalars())


def loop(conn: Connection, names: Collection[str], on: bool) -> None:
    """Write that lines or circuits are looped, or no more."""
    conn.execute(delete(trunk_looped).where(trunk_looped.c.name.in_(names)))
    if on and names:
        conn.execute(insert(trunk_looped), [{"name": name} for name in names])


def did(conn: Connection, login: str, act: str, target: str, details: Row, at: Millis) -> None:
    """Write what a person is about to do to a trunk."""
    audit.append(conn, login, act, target, details, at=at)


def told(conn: Connection, events: Sequence[Fact], at: Millis) -> None:
    """Write facts."""
    append(conn, *events, at=at)


def preempt(conn: Connection, event: Fact, target: str, details: Row, at: Millis) -> None:
    """Write a preemption before it happens."""
    audit.append(conn, "system", "trunk.preempted", target, details, at=at)
    append(conn, event, at=at)


def call_row(call: TrunkCall) -> Row:
    """Return a call as its row."""
    row: Row = {name: getattr(call, name) for name in _CALL}
    number, caller = call.number[:40], call.caller[:40]
    return {**row, "number": number, "caller": caller, "source": call.source.value}


def ended(conn: Connection, rows: Sequence[Row], at: Millis) -> None:
    """Write calls that are over."""
    conn.execute(insert(trunk_calls), list(rows))
    append(conn, *(_fact(row) for row in rows), at=at)


def _fact(row: Row) -> TrunkCallEnded:
    answered = row["answered_at"]
    return TrunkCallEnded(
        row["trunk"], row["ended_at"], row["call_id"], row["circuit"], row["outgoing"],
        row["number"], row["caller"], row["cause"], row["source"],
        0 if answered is None else row["ended_at"] - answered,
    )  # fmt: skip


def calls(
    conn: Connection,
    trunk: str | None = None,
    *,
    cause: int | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[Row]:
    """Return the latest calls, the last first; ``before`` is the id to go on from."""
    query = select(trunk_calls).order_by(trunk_calls.c.id.desc()).limit(limit)
    if trunk is not None:
        query = query.where(trunk_calls.c.trunk == trunk)
    if cause is not None:
        query = query.where(trunk_calls.c.cause == cause)
    if before is not None:
        query = query.where(trunk_calls.c.id < before)
    return [dict(row) for row in conn.execute(query).mappings()]


def usage(conn: Connection, since: Millis) -> list[Row]:
    """Return the calls since a moment as the guard counts them, the oldest first."""
    columns = trunk_calls.c
    query = (
        select(
            columns.trunk, columns.user, columns.outgoing, columns.started_at, columns.answered_at,
            columns.ended_at,
        )
        .where(columns.ended_at > since)
        .order_by(columns.id)
    )  # fmt: skip
    return [dict(row) for row in conn.execute(query).mappings()]


def totals(conn: Connection, since: Millis) -> dict[str, Row]:
    """Return calls, answers and milliseconds of each trunk since a moment."""
    columns = trunk_calls.c
    talked = func.sum(columns.ended_at - columns.answered_at)
    query = (
        select(
            columns.trunk,
            func.count().label("calls"),
            func.count(columns.answered_at).label("answers"),
            talked.label("millis"),
        )
        .where(columns.ended_at > since)
        .group_by(columns.trunk)
    )
    return {
        row["trunk"]: {
            "calls": row["calls"],
            "answers": row["answers"],
            "millis": int(row["millis"] or 0),
        }
        for row in conn.execute(query).mappings()
    }
