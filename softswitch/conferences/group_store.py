"""Stored groups in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Connection, Integer, String, Table, delete, insert, select

from softswitch.access import audit
from softswitch.store.tables import metadata

groups = Table(
    "call_groups",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
)

group_members = Table(
    "call_group_members",
    metadata,
    Column("group_id", String(32), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("number", String(32), nullable=False),
    Column("name", String(200), nullable=False),
    Column("deputy", String(32), nullable=False),
)

Row = dict[str, Any]


def all_groups(conn: Connection) -> list[Row]:
    """Return every group with its members in order, by name."""
    found = [
        {**row, "members": []}
        for row in conn.execute(select(groups).order_by(groups.c.name)).mappings()
    ]
    by_id = {row["id"]: row for row in found}
    query = select(group_members).order_by(group_members.c.group_id, group_members.c.position)
    for row in conn.execute(query).mappings():
        if row["group_id"] in by_id:
            member = {name: row[name] for name in ("number", "name", "deputy")}
            by_id[row["group_id"]]["members"].append(member)
    return found


def put_group(
    conn: Connection, login: str, group_id: str, name: str, members: Sequence[Row]
) -> None:
    """Write a group whole."""
    remove(conn, group_id)
    conn.execute(insert(groups).values(id=group_id, name=name))
    for position, member in enumerate(members):
        conn.execute(insert(group_members).values(group_id=group_id, position=position, **member))
    details = {"name": name, "numbers": [member["number"] for member in members]}
    audit.append(conn, login, "group.stored", group_id, details)


def remove(conn: Connection, group_id: str) -> bool:
    """Remove a group; tell whether there was one."""
    conn.execute(delete(group_members).where(group_members.c.group_id == group_id))
    return conn.execute(delete(groups).where(groups.c.id == group_id)).rowcount > 0


def drop_group(conn: Connection, login: str, group_id: str) -> bool:
    """Remove a group and write down who did."""
    found = remove(conn, group_id)
    if found:
        audit.append(conn, login, "group.removed", group_id, {})
    return found
