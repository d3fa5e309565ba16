"""Orders to units in SQL."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
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
from softswitch.layers.incidents.order_model import WAITING, OrderState
from softswitch.layers.incidents.store import Row
from softswitch.store.tables import metadata

orders = Table(
    "incident_orders",
    metadata,
    # Chosen before the act: the notification of an order has the same id, so it cannot be told twice.
    Column("id", String(32), primary_key=True),
    Column("incident_id", String(32), nullable=False),
    Column("unit", String(120), nullable=False),
    Column("number", String(32), nullable=False),
    Column("deputy", String(32), nullable=False),
    Column("text", Text, nullable=False),
    Column("via", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("why", String(200), nullable=False),
    Column("login", String(64), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("deadline_at", BigInteger),
    Column("overdue", Boolean, nullable=False),
    Column("received_at", BigInteger),
    Column("received_by", String(120), nullable=False),
    Column("done_at", BigInteger),
    Column("deputy_for", String(32), nullable=False),
    Index(None, "incident_id", "created_at"),
    Index(None, "state", "deadline_at"),
    Index(None, "number", "created_at"),
)


def add(conn: Connection, row: Row) -> bool:
    """Insert an order; False when its id is known already."""
    if one(conn, row["id"]) is not None:
        return False
    conn.execute(insert(orders).values(**row))
    return True


def one(conn: Connection, order_id: str) -> Row | None:
    """Return an order, or None."""
    row = conn.execute(select(orders).where(orders.c.id == order_id)).mappings().first()
    return dict(row) if row else None


def put(conn: Connection, order_id: str, **values: Any) -> None:
    """Change an order."""
    conn.execute(update(orders).where(orders.c.id == order_id).values(**values))


def of_incidents(conn: Connection, ids: Collection[str]) -> list[Row]:
    """Return the orders of some incidents, oldest first."""
    query = select(orders).where(orders.c.incident_id.in_(ids))
    return [dict(row) for row in conn.execute(query.order_by(orders.c.created_at)).mappings()]


def overdue(conn: Connection, at: Millis) -> list[Row]:
    """Return the orders whose deadline has passed without a receipt, and nobody was told of it."""
    waits = orders.c.state.in_(WAITING | {OrderState.FAILED})
    where = waits & (orders.c.deadline_at <= at) & orders.c.overdue.is_(False)
    return [dict(row) for row in conn.execute(select(orders).where(where).limit(200)).mappings()]


def sending(conn: Connection) -> list[Row]:
    """Return what was written and perhaps never told: the process may have died between."""
    query = select(orders).where(orders.c.state == OrderState.SENDING)
    return [dict(row) for row in conn.execute(query).mappings()]


def sent_by(conn: Connection, via: str) -> list[str]:
    """Return the ids of the orders that went out on this way and have no receipt yet."""
    where = (orders.c.state == OrderState.SENT) & (orders.c.via == via)
    return [str(row.id) for row in conn.execute(select(orders.c.id).where(where).limit(500))]


def may_answer(conn: Connection, number: str, at: Millis) -> bool:
    """Tell whether what this number wrote at ``at`` can be a receipt: an order waits, and none has taken it."""
    if waiting_of(conn, number) is None:
        return False
    same = (orders.c.number == number) & (orders.c.via == "sms") & (orders.c.received_at == at)
    return conn.execute(select(orders.c.id).where(same).limit(1)).first() is None


def waiting_of(conn: Connection, number: str) -> Row | None:
    """Return the newest order by SMS to a number that has no receipt yet."""
    where = (orders.c.number == number) & orders.c.state.in_(WAITING) & (orders.c.via == "sms")
    query = select(orders).where(where).order_by(orders.c.created_at.desc()).limit(1)
    row = conn.execute(query).mappings().first()
    return dict(row) if row else None
