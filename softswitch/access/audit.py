"""The audit log: append-only, each row chained to the one before by SHA-256.

Triggers refuse UPDATE and DELETE; who goes around them breaks the chain.  The head (how many rows, the last
hash) is kept in the database and, flushed to the disk, in a file beside it, so that a cut tail is found too.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    DDL,
    BigInteger,
    Column,
    Connection,
    Integer,
    Select,
    String,
    Table,
    Text,
    event,
    insert,
    select,
    update,
)
from sqlalchemy.schema import ExecutableDDLElement

from softswitch.access.canonical import GENESIS, canonical, chain
from softswitch.clock import Millis, now
from softswitch.store.lists import raw
from softswitch.store.notes import note, note_more
from softswitch.store.tables import metadata

TOPIC = "audit"
ROWS = "audit rows"
"""The topic of the notes with the numbers of new rows."""

audit = Table(
    "audit",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("actor", String(64), nullable=False, index=True),
    Column("act", String(64), nullable=False, index=True),
    Column("target", String(200), nullable=False),
    Column("details", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)

audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
)

_REFUSE_SQLITE = """
CREATE TRIGGER audit_no_{act} BEFORE {act} ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END
"""
_REFUSE_POSTGRESQL = """
CREATE OR REPLACE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()
"""


def _ddl(statement: str, dialect: str) -> ExecutableDDLElement:
    ddl: ExecutableDDLElement = DDL(statement)  # type: ignore[no-untyped-call]
    return ddl.execute_if(dialect=dialect)


for _act in ("UPDATE", "DELETE"):
    event.listen(audit, "after_create", _ddl(_REFUSE_SQLITE.format(act=_act), "sqlite"))
event.listen(audit, "after_create", _ddl(_REFUSE_POSTGRESQL, "postgresql"))


# Made once: every act of everybody waits for these.
_APPEND = insert(audit)
_READ_HEAD = select(audit_head.c.count, audit_head.c.hash)
_MOVE_HEAD = update(audit_head)


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain: how many rows there are and the hash of the last."""

    count: int
    hash: str

    def line(self) -> str:
        """Return the head as it stands in the file beside the database."""
        return f"{self.count} {self.hash}\n"


EMPTY = Head(0, GENESIS)


def append(
    conn: Connection,
    actor_login: str,
    act: str,
    target: str,
    details: Mapping[str, Any] | None = None,
    *,
    at: Millis | None = None,
) -> Head:
    """Write one row in the transaction of the act: who (``system`` for the server), what, to what, how.

    ``act`` is a noun and a verb such as ``recording.listened``; ``details`` is a small JSON-ready mapping without
    secrets.
    """
    last = head(conn) or EMPTY
    row = {
        "seq": last.count + 1,
        "at": now() if at is None else at,
        "actor": actor_login,
        "act": act,
        "target": target[:200],
        "details": canonical(details or {}),
    }
    new = Head(last.count + 1, chain(last.hash, row))
    conn.execute(_APPEND, {**row, "previous": last.hash, "hash": new.hash})
    _store_head(conn, new)
    note(conn, TOPIC, new)
    note_more(conn, ROWS, [new.count])
    return new


def head(conn: Connection) -> Head | None:
    """Return the end of the chain as the database records it; None before the first row."""
    row = conn.execute(_READ_HEAD).first()
    return None if row is None else Head(*row)


def _store_head(conn: Connection, new: Head) -> None:
    changed = conn.execute(_MOVE_HEAD, {"count": new.count, "hash": new.hash})
    if changed.rowcount == 0:
        conn.execute(insert(audit_head).values(id=1, count=new.count, hash=new.hash))


@dataclass(frozen=True, slots=True)
class Wanted:
    """Rows of one actor or act when given."""

    actor: str = ""
    act: str = ""

    def of(self, query: Select[Any]) -> Select[Any]:
        """Return a query for these rows alone."""
        if self.actor:
            query = query.where(audit.c.actor == self.actor)
        return query.where(audit.c.act == self.act) if self.act else query


ALL = Wanted()


def page(
    conn: Connection,
    after: int = 0,
    limit: int = 100,
    wanted: Wanted = ALL,
    before: int | None = None,
) -> list[dict[str, Any]]:
    """Return rows after ``after``, oldest first; with ``before`` those before it, newest first."""
    query = wanted.of(select(audit)).where(audit.c.seq > after).limit(limit)
    if before is None:
        query = query.order_by(audit.c.seq)
    else:
        query = query.where(audit.c.seq < before).order_by(audit.c.seq.desc())
    return [view(dict(row)) for row in conn.execute(query).mappings()]


def keys(conn: Connection, wanted: Wanted, among: Collection[int] | None = None) -> list[int]:
    """Return the numbers of all rows that are wanted, or of those of them that are ``among`` some."""
    query = wanted.of(select(audit.c.seq)).order_by(audit.c.seq)
    if among is not None:
        query = query.where(audit.c.seq.in_(among))
    return [row[0] for row in raw(conn, query)]


def by_seqs(conn: Connection, seqs: Collection[int]) -> list[dict[str, Any]]:
    """Return some rows, newest first."""
    query = select(audit).where(audit.c.seq.in_(seqs)).order_by(audit.c.seq.desc())
    return [view(dict(row)) for row in conn.execute(query).mappings()]


def view(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row as the API shows it."""
    shown = {name: row[name] for name in ("seq", "at", "actor", "act", "target", "hash")}
    return {**shown, "details": json.loads(row["details"])}
