"""The timeline of incidents in SQL: one row for all that happened, never changed and never removed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    String,
    Table,
    Text,
    and_,
    bindparam,
    insert,
    or_,
    select,
    update,
)

from softswitch.clock import Millis
from softswitch.layers.incidents.store import Row, incidents
from softswitch.store.prepared import Prepared
from softswitch.store.tables import metadata

entries = Table(
    "incident_entries",
    metadata,
    # Of what happened in one millisecond, what was written first stands first.
    Column(
        "seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    ),
    # Made of the place of a fact in the log, so that a fact told twice is one entry; else chosen at random.
    Column("id", String(48), nullable=False, unique=True),
    Column("incident_id", String(32), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", String(64), nullable=False),
    Column("needs", String(64), nullable=False),
    Column("login", String(64), nullable=False),
    Column("ref", String(64), nullable=False),
    Column("body", Text, nullable=False),
    Index(None, "incident_id", "at", "seq"),
    Index(None, "ref"),
)

OWN_RIGHT = "incident.read"
NOTE = "incident.note"
"""The kind of what people write into the timeline; search finds it."""


# Made once: every fact of every call takes these.
_KNOWN = Prepared(
    select(entries.c.id).where(entries.c.id.between(bindparam("first"), bindparam("last")))
)
_WRITE = Prepared(
    insert(entries), ("id", "incident_id", "at", "kind", "needs", "login", "ref", "body")
)
# What is told of a merged incident shows on the one at the top.
_TOP = select(incidents.c.root).where(incidents.c.id == bindparam("key")).scalar_subquery()
_COUNT = Prepared(
    update(incidents)
    .where(or_(incidents.c.id == bindparam("key"), incidents.c.id == _TOP))
    .values(activity=incidents.c.activity + bindparam("more"))
)
_WITH_REF = Prepared(
    select(entries.c.incident_id).where(entries.c.ref == bindparam("key")).limit(1)
)


def entry(
    incident_id: str,
    kind: str,
    at: Millis,
    body: Mapping[str, Any],
    *,
    entry_id: str,
    login: str = "",
    ref: str = "",
    needs: str = OWN_RIGHT,
) -> Row:
    """Return an entry as :func:`write` takes it."""
    return {
        "id": entry_id, "incident_id": incident_id, "at": at, "kind": kind, "needs": needs,
        "login": login, "ref": ref, "body": orjson.dumps(body).decode(),
    }  # fmt: skip


def write(conn: Connection, *rows: Row) -> None:
    """Add entries that are not there yet, and count them on their incidents."""
    _WRITE.change_many(conn, rows)
    for incident_id, more in Counter(row["incident_id"] for row in rows).items():
        _COUNT.change(conn, {"key": incident_id, "more": more})


def known(conn: Connection, first: str, last: str) -> set[str]:
    """Return the ids of entries from ``first`` to ``last``, in the order of text."""
    return {key for (key,) in _KNOWN.rows(conn, {"first": first, "last": last})}


def page(
    conn: Connection,
    ids: Collection[str],
    *,
    rights: Collection[str],
    after: tuple[Millis, int] | None = None,
    limit: int = 500,
) -> list[Row]:
    """Return entries of some incidents that a reader with ``rights`` may see, oldest first."""
    query = select(entries).where(entries.c.incident_id.in_(ids), entries.c.needs.in_(rights))
    if after is not None:
        at, seq = after
        query = query.where(or_(entries.c.at > at, and_(entries.c.at == at, entries.c.seq > seq)))
    query = query.order_by(entries.c.at, entries.c.seq).limit(limit)
    return [_entry(row) for row in conn.execute(query).mappings()]


def of_kinds(
    conn: Connection, incident_id: str, kinds: Collection[str], limit: int = 100
) -> list[Row]:
    """Return the last entries of some kinds, newest first."""
    where = (entries.c.incident_id == incident_id) & entries.c.kind.in_(kinds)
    query = select(entries).where(where).order_by(entries.c.at.desc(), entries.c.seq.desc())
    return [_entry(row) for row in conn.execute(query.limit(limit)).mappings()]


def with_ref(conn: Connection, ref: str) -> str | None:
    """Return the incident that has an entry on something: a task, a room, a notification."""
    found: str | None = _WITH_REF.scalar(conn, {"key": ref})
    return found


def hand_over(conn: Connection, refs: Sequence[str], incident_id: str) -> None:
    """Give the entries on some calls to another incident."""
    conn.execute(update(entries).where(entries.c.ref.in_(refs)).values(incident_id=incident_id))


def _entry(row: Mapping[Any, Any]) -> Row:
    return {**{str(key): value for key, value in row.items()}, "body": json.loads(row["body"])}
