"""Resources in SQL."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    String,
    Table,
    Text,
    delete,
    insert,
    or_,
    select,
    update,
)

from softswitch.layers.resources.model import Kind, Resource, Status, shown
from softswitch.store.lists import raw
from softswitch.store.notes import note_more
from softswitch.store.tables import metadata

resources = Table(
    "resource",
    metadata,
    Column("code", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("name", String(100), nullable=False),
    Column("numbers", Text, nullable=False),
    Column("lon", Float),
    Column("lat", Float),
    Column("address", String(200), nullable=False),
    Column("status", String(16), nullable=False),
    Column("rested_at", BigInteger),
    Column("team", String(64), nullable=False),
    Column("amount", String(60), nullable=False),
    Column("note", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Index(None, "kind", "code"),
    Index(None, "team"),
)

_AT_ONCE = 400
RESOURCES = "resources"
"""The notes that changes leave: the codes of the resources that changed."""


def by_codes(conn: Connection, codes: Iterable[str]) -> dict[str, Resource]:
    """Return the resources with some codes."""
    wanted = sorted(set(codes))
    found: dict[str, Resource] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        query = select(resources).where(resources.c.code.in_(wanted[start : start + _AT_ONCE]))
        for row in conn.execute(query).mappings():
            found[row["code"]] = _resource(row)
    return found


def add(conn: Connection, values: Sequence[Resource]) -> None:
    """Write new resources."""
    if values:
        note_more(conn, RESOURCES, [value.code for value in values])
        conn.execute(insert(resources), [_row(value) for value in values])


def change(conn: Connection, value: Resource, version: int) -> bool:
    """Write a resource that is still at ``version``; tell whether it was."""
    where = (resources.c.code == value.code) & (resources.c.version == version)
    row = {**_row(value), "version": version + 1}
    note_more(conn, RESOURCES, [value.code])
    return conn.execute(update(resources).where(where).values(**row)).rowcount == 1


def drop(conn: Connection, code: str) -> bool:
    """Remove a resource; tell whether there was one."""
    note_more(conn, RESOURCES, [code])
    return conn.execute(delete(resources).where(resources.c.code == code)).rowcount == 1


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which resources a list shows: those of a kind, state and team that hold ``query``."""

    kind: str | None = None
    status: str | None = None
    team: str | None = None
    query: str = ""


def page(conn: Connection, wanted: Wanted, after: str, limit: int) -> list[Resource]:
    """Return resources behind the code ``after``, in order of code."""
    query = _where(select(resources).where(resources.c.code > after), wanted)
    rows = conn.execute(query.order_by(resources.c.code).limit(limit)).mappings()
    return [_resource(row) for row in rows]


def codes(conn: Connection, wanted: Wanted, among: Collection[str] | None = None) -> list[str]:
    """Return the codes of all that a list shows, or of those of them that are ``among`` some, in order."""
    query = _where(select(resources.c.code), wanted)
    if among is not None:
        query = query.where(resources.c.code.in_(among))
    return [row[0] for row in raw(conn, query.order_by(resources.c.code))]


def _where(query: Any, wanted: Wanted) -> Any:
    for name in ("kind", "status", "team"):
        if value := getattr(wanted, name):
            query = query.where(resources.c[name] == value)
    if wanted.query:
        columns = (resources.c.code, resources.c.name, resources.c.address, resources.c.numbers)
        held = (each.contains(wanted.query, autoescape=True) for each in columns)
        query = query.where(or_(*held))
    return query


def every(conn: Connection) -> Iterator[Resource]:
    """Give all resources in order of code."""
    for row in conn.execute(select(resources).order_by(resources.c.code)).mappings():
        yield _resource(row)


def _row(value: Resource) -> dict[str, Any]:
    return {**shown(value), "numbers": json.dumps(value.numbers)}


def _resource(row: Any) -> Resource:
    return Resource(
        **{
            **{str(name): each for name, each in row.items()},
            "kind": Kind(row["kind"]),
            "status": Status(row["status"]),
            "numbers": tuple(json.loads(row["numbers"])),
        }
    )
