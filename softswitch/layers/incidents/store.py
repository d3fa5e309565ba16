"""Incidents in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    insert,
    select,
    update,
)

from softswitch.clock import Millis
from softswitch.layers.incidents.model import Status
from softswitch.store.tables import metadata

incidents = Table(
    "incidents",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("title", String(128), nullable=False, default=""),
    Column("status", String(16), nullable=False),
    Column("owner", String(64)),
    Column("number", String(32), nullable=False, default=""),
    Column("name", String(128), nullable=False, default=""),
    Column("address", String(256), nullable=False, default=""),
    Column("digits", String(8), nullable=False, default=""),
    Column("note", Text, nullable=False, default=""),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("version", Integer, nullable=False, default=1),
    Index(None, "created_at"),
    Index(None, "number"),
    Index(None, "status"),
)

incident_calls = Table(
    "incident_calls",
    metadata,
    Column("call_id", String(64), primary_key=True),
    Column("incident_id", String(32), nullable=False),
    Index(None, "incident_id"),
)


def draft(conn: Connection, row: Mapping[str, Any], call_id: str) -> bool:
    """Insert the draft of a call; tell whether it is new."""
    if conn.execute(select(incident_calls).where(incident_calls.c.call_id == call_id)).first():
        return False
    conn.execute(insert(incidents).values(**row))
    conn.execute(insert(incident_calls).values(call_id=call_id, incident_id=row["id"]))
    return True


def incident_of(conn: Connection, call_id: str) -> str | None:
    """Return the incident of a call."""
    query = select(incident_calls.c.incident_id).where(incident_calls.c.call_id == call_id)
    return conn.execute(query).scalar()


def attach(conn: Connection, call_id: str, incident_id: str) -> None:
    """Make a call part of an incident, once."""
    if incident_of(conn, call_id) is None:
        conn.execute(insert(incident_calls).values(call_id=call_id, incident_id=incident_id))


def own(conn: Connection, incident_id: str, login: str, at: Millis, *, only_free: bool) -> bool:
    """Give an incident an owner; with ``only_free`` the first who asks gets it. Tell whether it changed."""
    where = (incidents.c.id == incident_id) & (incidents.c.status != Status.CLOSED.value)
    if only_free:
        where &= incidents.c.owner.is_(None)
    else:
        where &= incidents.c.owner.is_(None) | (incidents.c.owner != login)
    values = {"owner": login, "updated_at": at, "version": incidents.c.version + 1}
    return conn.execute(update(incidents).where(where).values(**values)).rowcount == 1


def change(
    conn: Connection, incident_id: str, version: int, at: Millis, values: Mapping[str, Any]
) -> bool:
    """Change an incident when it is still at ``version``; tell whether it was."""
    where = (incidents.c.id == incident_id) & (incidents.c.version == version)
    changed = update(incidents).where(where).values(**values, updated_at=at, version=version + 1)
    return conn.execute(changed).rowcount == 1


def by_id(conn: Connection, incident_id: str) -> dict[str, Any] | None:
    """Return one incident with its calls, or None."""
    row = conn.execute(select(incidents).where(incidents.c.id == incident_id)).mappings().first()
    return _with_calls(conn, [dict(row)])[0] if row else None


def page(
    conn: Connection,
    *,
    number: str | None = None,
    status: str | None = None,
    before: Millis | None = None,
    limit: int = 100,
) -> list[dict[str, Any]]:
    """Return incidents, newest first."""
    query = select(incidents)
    if number:
        query = query.where(incidents.c.number == number)
    if status:
        query = query.where(incidents.c.status == status)
    if before is not None:
        query = query.where(incidents.c.created_at < before)
    query = query.order_by(incidents.c.created_at.desc()).limit(limit)
    return _with_calls(conn, [dict(row) for row in conn.execute(query).mappings()])


def still_open(conn: Connection, limit: int) -> list[dict[str, Any]]:
    """Return the incidents that are not closed, newest first."""
    query = select(incidents).where(incidents.c.status != Status.CLOSED.value)
    query = query.order_by(incidents.c.created_at.desc()).limit(limit)
    return _with_calls(conn, [dict(row) for row in conn.execute(query).mappings()])


def _with_calls(conn: Connection, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    found = [{**row, "call_ids": []} for row in rows]
    by_key = {row["id"]: row for row in found}
    query = select(incident_calls).where(incident_calls.c.incident_id.in_(by_key))
    for link in conn.execute(query).mappings():
        by_key[link["incident_id"]]["call_ids"].append(link["call_id"])
    return found
