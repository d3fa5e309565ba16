"""The table of durable facts and the cursors of those who read it."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass

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
    bindparam,
    delete,
    func,
    insert,
    select,
)

from softswitch.clock import Millis, now
from softswitch.events import Fact, UnknownKindError, from_json, to_json
from softswitch.store.notes import note_more
from softswitch.store.prepared import Prepared
from softswitch.store.tables import metadata

log = logging.getLogger(__name__)
TOPIC = "event_log"

_Number = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up INTEGER only

event_log = Table(
    "event_log",
    metadata,
    Column("seq", _Number, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("kind", String(64), nullable=False),
    Column("body", Text, nullable=False),
    Index(None, "kind", "seq"),
    sqlite_autoincrement=True,
)

_APPEND = Prepared(insert(event_log), ("at", "kind", "body"))

event_cursor = Table(
    "event_cursor",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("seq", BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Stored:
    """A fact with its place in the log."""

    seq: int
    at: Millis
    event: Fact


@dataclass(frozen=True, slots=True)
class Batch:
    """Facts in order. ``up_to`` is how far was read; ``more`` when the limit cut the batch."""

    facts: tuple[Stored, ...]
    up_to: int
    more: bool


def append(conn: Connection, *events: Fact, at: Millis | None = None) -> None:
    """Write facts in the transaction of the change that they tell; subscribers get them after its commit."""
    if not events:
        return
    instant = now() if at is None else at
    note_more(conn, TOPIC, [_put(conn, event, instant) for event in events])


def _put(conn: Connection, event: Fact, at: Millis) -> Stored:
    values = {"at": at, "kind": event.kind, "body": _encode(event)}
    return Stored(_APPEND.add(conn, values), at, event)


def read_after(conn: Connection, seq: int, kinds: Iterable[str], limit: int) -> Batch:
    """Return up to ``limit`` facts of ``kinds`` after ``seq``, in order; what cannot be read is passed over."""
    rows = conn.execute(
        select(event_log)
        .where(event_log.c.seq > seq, event_log.c.kind.in_(list(kinds)))
        .order_by(event_log.c.seq)
        .limit(limit)
    ).all()
    facts = [stored for row in rows if (stored := _decode(row.seq, row.at, row.kind, row.body))]
    return Batch(tuple(facts), rows[-1].seq if rows else seq, len(rows) == limit)


def last_seq(conn: Connection) -> int:
    """Return the number of the newest fact, 0 when there is none."""
    return int(conn.execute(select(func.max(event_log.c.seq))).scalar() or 0)


def cursor(conn: Connection, name: str) -> int | None:
    """Return how far the subscriber ``name`` has read; None for a new one."""
    return conn.execute(select(event_cursor.c.seq).where(event_cursor.c.name == name)).scalar()


_MOVE = Prepared(
    event_cursor.update().where(event_cursor.c.name == bindparam("whose")), columns=("seq",)
)


def move_cursor(conn: Connection, name: str, seq: int) -> None:
    """Record that ``name`` has handled everything up to ``seq``."""
    if _MOVE.change(conn, {"whose": name, "seq": seq}) == 0:
        conn.execute(insert(event_cursor).values(name=name, seq=seq))


def prune(conn: Connection, before: Millis) -> int:
    """Remove facts older than ``before`` that every subscriber has read; return how many."""
    slowest = conn.execute(select(func.min(event_cursor.c.seq))).scalar()
    old = event_log.c.at < before
    read = old if slowest is None else old & (event_log.c.seq <= slowest)
    return conn.execute(delete(event_log).where(read)).rowcount


def _encode(event: Fact) -> str:
    return orjson.dumps(to_json(event)).decode()


def _decode(seq: int, at: Millis, kind: str, body: str) -> Stored | None:
    try:
        return Stored(seq, at, from_json(kind, orjson.loads(body)))
    except (UnknownKindError, TypeError, ValueError) as error:
        log.warning("Fact %d of kind %s cannot be read: %s", seq, kind, error)
        return None
