"""Reports upward in SQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    insert,
    select,
    update,
)

from softswitch.layers.incidents.store import Row
from softswitch.store.tables import metadata

reports = Table(
    "incident_reports",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("incident_id", String(32), nullable=False),
    Column("number", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("receiver", String(120), nullable=False),
    Column("text", Text, nullable=False),
    # The incident as it was when the report was submitted: what is approved is what is printed.
    Column("facts", Text, nullable=False),
    Column("author", String(64), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("due_at", BigInteger),
    Column("submitted_by", String(64), nullable=False),
    Column("submitted_at", BigInteger),
    Column("approver", String(64), nullable=False),
    Column("approved_at", BigInteger),
    Column("reason", String(400), nullable=False),
    Column("sent_by", String(64), nullable=False),
    Column("sent_at", BigInteger),
    Column("version", Integer, nullable=False),
    UniqueConstraint("incident_id", "number"),
)


def add(conn: Connection, row: Row) -> None:
    """Insert a report."""
    conn.execute(insert(reports).values(**row))


def next_number(conn: Connection, incident_id: str) -> int:
    """Return the number of the next report of an incident, from 1."""
    query = select(func.coalesce(func.max(reports.c.number), 0))
    found = conn.execute(query.where(reports.c.incident_id == incident_id)).scalar()
    return int(found or 0) + 1


def one(conn: Connection, report_id: str) -> Row | None:
    """Return a report, or None."""
    row = conn.execute(select(reports).where(reports.c.id == report_id)).mappings().first()
    return dict(row) if row else None


def of_incident(conn: Connection, incident_id: str) -> list[Row]:
    """Return the reports of an incident, the first one first."""
    query = select(reports).where(reports.c.incident_id == incident_id).order_by(reports.c.number)
    return [dict(row) for row in conn.execute(query).mappings()]


def change(conn: Connection, report_id: str, version: int, values: Mapping[str, Any]) -> bool:
    """Change a report when it is still at ``version``; tell whether it was."""
    where = (reports.c.id == report_id) & (reports.c.version == version)
    changed = update(reports).where(where).values(**values, version=version + 1)
    return conn.execute(changed).rowcount == 1
