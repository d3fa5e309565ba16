"""Intercepts, levels and settings in SQL. The audit row and the fact stand in the transaction of the intent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    String,
    Table,
    Text,
    delete,
    insert,
    select,
    update,
)

from intercept.events import (
    InterceptAsked,
    InterceptBegan,
    InterceptEnded,
    InterceptRefused,
    InterceptSwitched,
)
from intercept.levels import Holder
from intercept.model import Levels, Precedence
from softswitch.access import audit
from softswitch.clock import Millis
from softswitch.store.event_log import append
from softswitch.store.tables import metadata

intercepts = Table(
    "intercepts",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("call_id", String(64), nullable=False),
    Column("act", String(16), nullable=False),
    Column("login", String(64), nullable=False),
    Column("desk", String(8), nullable=False),
    Column("target", String(64), nullable=False, default=""),
    Column("reason", String(200), nullable=False),
    Column("second", String(64), nullable=False, default=""),
    Column("tone", Integer, nullable=False, default=1),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("end_reason", String(64)),
    Index(None, "call_id"),
    Index(None, "started_at"),
    Index(None, "ended_at"),
)

_BEGIN = insert(intercepts)  # made once: the act waits for it

levels = Table(
    "intercept_levels",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("intrusion", Integer, nullable=False),
    Column("protection", Integer, nullable=False),
    Column("interruption", Integer, nullable=False),
    Column("interruption_protection", Integer, nullable=False),
    Column("precedence", Integer, nullable=False),
)

settings = Table(
    "intercept_settings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("body", Text, nullable=False),
)

Row = dict[str, Any]


def ask(conn: Connection, row: Row) -> None:
    """Write down that somebody waits for a second person."""
    at = row["started_at"]
    _audit(conn, row["login"], f"{row['act']}.asked", row, at)
    append(
        conn,
        InterceptAsked(row["call_id"], at, row["id"], row["act"], row["login"], row["reason"]),
        at=at,
    )


def begin(conn: Connection, row: Row) -> None:
    """Write the intent, before the act: the row, the audit and the fact, or nothing."""
    at = row["started_at"]
    _audit(conn, row["login"], row["act"], row, at)
    conn.execute(_BEGIN, row)
    append(
        conn,
        InterceptBegan(
            row["call_id"], at, row["id"], row["act"], row["login"], row["desk"], row["reason"],
            row["target"], row["second"],
        ),
        at=at,
    )  # fmt: skip


def switch(conn: Connection, row: Row, at: Millis) -> None:
    """Write that an intercept is about to become another act."""
    _audit(conn, row["login"], row["act"], {**row, "switched": True}, at)
    where = intercepts.c.id == row["id"]
    conn.execute(
        update(intercepts)
        .where(where)
        .values(act=row["act"], target=row["target"], tone=row["tone"])
    )
    append(
        conn,
        InterceptSwitched(row["call_id"], at, row["id"], row["act"], row["login"], row["target"]),
        at=at,
    )


def end(conn: Connection, intercept_id: str, call_id: str, reason: str, at: Millis) -> None:
    """Write that an intercept is over; once."""
    open_ = (intercepts.c.id == intercept_id) & intercepts.c.ended_at.is_(None)
    changed = conn.execute(
        update(intercepts).where(open_).values(ended_at=at, end_reason=reason[:64])
    )
    if changed.rowcount:
        append(conn, InterceptEnded(call_id, at, intercept_id, reason), at=at)


def refuse(
    conn: Connection, login: str, act: str, call_id: str, code: str, details: Row, at: Millis
) -> None:
    """Write down what was asked for and refused."""
    audit.append(
        conn, login, "intercept.refused", call_id, {"act": act, "code": code, **details}, at=at
    )
    append(conn, InterceptRefused(call_id, at, act, login, code), at=at)


def _audit(conn: Connection, login: str, act: str, row: Row, at: Millis) -> None:
    names = ("id", "desk", "target", "reason", "second", "tone", "switched")
    details = {name: row[name] for name in names if row.get(name) not in (None, "")}
    audit.append(conn, login, f"intercept.{act}", row["call_id"], details, at=at)


def page(conn: Connection, call_id: str | None = None, limit: int = 100) -> list[Row]:
    """Return intercepts, newest first."""
    query = select(intercepts).order_by(intercepts.c.started_at.desc()).limit(limit)
    if call_id is not None:
        query = query.where(intercepts.c.call_id == call_id)
    return [dict(row) for row in conn.execute(query).mappings()]


def open_rows(conn: Connection) -> list[Row]:
    """Return the intercepts that have not ended, as far as the books know."""
    query = select(intercepts).where(intercepts.c.ended_at.is_(None))
    return [dict(row) for row in conn.execute(query).mappings()]


BECAME_PARTY = ("taken over", "connected")
"""The ends after which the requester is a party of the call, with the leg that he came by."""


def parties(conn: Connection, most: int = 1000) -> set[str]:
    """Return the latest intercepts whose requester became a party of the call."""
    query = (
        select(intercepts.c.id)
        .where(intercepts.c.end_reason.in_(BECAME_PARTY))
        .order_by(intercepts.c.ended_at.desc())
        .limit(most)
    )
    return set(conn.execute(query).scalars())


# ---- levels and settings ----------------------------------------------------------------------------------


def all_levels(conn: Connection) -> dict[tuple[Holder, str], Levels]:
    """Return every row of the table of levels."""
    return {
        (Holder(row["kind"]), row["key"]): Levels(
            row["intrusion"],
            row["protection"],
            row["interruption"],
            row["interruption_protection"],
            Precedence(row["precedence"]),
        )
        for row in conn.execute(select(levels)).mappings()
    }


def put_levels(conn: Connection, login: str, kind: Holder, key: str, row: Levels) -> None:
    """Set the levels of somebody."""
    values = {
        "intrusion": row.intrusion,
        "protection": row.protection,
        "interruption": row.interruption,
        "interruption_protection": row.interruption_protection,
        "precedence": int(row.precedence),
    }
    where = (levels.c.kind == kind.value) & (levels.c.key == key)
    if conn.execute(update(levels).where(where).values(**values)).rowcount == 0:
        conn.execute(insert(levels).values(kind=kind.value, key=key, **values))
    audit.append(conn, login, "intercept.levels_set", f"{kind.value} {key}", values)


def drop_levels(conn: Connection, login: str, kind: Holder, key: str) -> bool:
    """Remove the levels of somebody; tell whether there were any."""
    where = (levels.c.kind == kind.value) & (levels.c.key == key)
    found = conn.execute(delete(levels).where(where)).rowcount > 0
    if found:
        audit.append(conn, login, "intercept.levels_removed", f"{kind.value} {key}", {})
    return found


def get_settings(conn: Connection) -> Row:
    """Return what was set, as stored; empty when nothing was."""
    body = conn.execute(select(settings.c.body)).scalar()
    return dict(json.loads(body)) if body else {}


def put_settings(conn: Connection, login: str, body: Mapping[str, Any]) -> None:
    """Store the settings whole."""
    text = json.dumps(dict(body), ensure_ascii=False, sort_keys=True)
    if conn.execute(update(settings).values(body=text)).rowcount == 0:
        conn.execute(insert(settings).values(id=1, body=text))
    audit.append(conn, login, "intercept.settings_changed", "", dict(body))
