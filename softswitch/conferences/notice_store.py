"""Notifications and their ledger in SQL. A try is written before its leg is placed."""

from __future__ import annotations

import json
from collections.abc import Sequence
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

from softswitch.access import audit
from softswitch.clock import Millis
from softswitch.conferences.events import NoticeEnded, NoticePerson
from softswitch.conferences.notice_model import Person, PersonState
from softswitch.store.event_log import append
from softswitch.store.tables import metadata

notices = Table(
    "notices",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("text", Text, nullable=False),
    Column("language", String(8), nullable=False),
    Column("sound", String(200), nullable=False),
    Column("rules", Text, nullable=False),
    Column("login", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Index(None, "state"),
    Index(None, "created_at"),
)

notice_people = Table(
    "notice_people",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("notice_id", String(32), nullable=False),
    Column("number", String(32), nullable=False),
    Column("name", String(200), nullable=False),
    Column("deputy", String(32), nullable=False),
    Column("deputy_for", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("next_at", BigInteger, nullable=False),
    Column("done_at", BigInteger),
    Column("why", String(32), nullable=False),
    Column("channel_id", String(64)),
    Column("text", Text, nullable=False, server_default=""),
    Index(None, "notice_id"),
)

Row = dict[str, Any]
_PERSON = (
    "id", "number", "name", "deputy", "deputy_for", "tries", "next_at", "done_at", "why",
    "channel_id", "text",
)  # fmt: skip


def person_row(notice_id: str, person: Person) -> Row:
    """Return a person as a row of the ledger."""
    row = {name: getattr(person, name) for name in _PERSON}
    return {**row, "notice_id": notice_id, "state": person.state.value}


def add(conn: Connection, row: Row, people: Sequence[Row]) -> None:
    """Write a notification, its ledger and who asked for it."""
    details = {"numbers": [person["number"] for person in people][:200], "text": row["text"][:200]}
    audit.append(conn, row["login"], "notify.send", row["id"], details, at=row["created_at"])
    conn.execute(insert(notices).values(**{**row, "rules": json.dumps(row["rules"])}))
    conn.execute(insert(notice_people), list(people))


def put_person(conn: Connection, row: Row, at: Millis) -> None:
    """Write a row of the ledger as it is now."""
    where = notice_people.c.id == row["id"]
    if conn.execute(update(notice_people).where(where).values(**row)).rowcount == 0:
        conn.execute(insert(notice_people).values(**row))
    fact = NoticePerson(
        row["notice_id"], at, row["id"], row["number"], row["state"], row["tries"], row["why"]
    )
    append(conn, fact, at=at)


def end(conn: Connection, notice_id: str, state: str, at: Millis, login: str = "") -> None:
    """Write that a notification is over."""
    if login:
        audit.append(conn, login, "notify.stop", notice_id, {}, at=at)
    conn.execute(update(notices).where(notices.c.id == notice_id).values(state=state, ended_at=at))
    append(conn, NoticeEnded(notice_id, at, state), at=at)


def page(conn: Connection, limit: int) -> list[Row]:
    """Return notifications, the newest first."""
    query = select(notices).order_by(notices.c.created_at.desc()).limit(limit)
    return [_notice(dict(row)) for row in conn.execute(query).mappings()]


def open_notices(conn: Connection) -> list[Row]:
    """Return the notifications that are not over."""
    query = select(notices).where(notices.c.ended_at.is_(None))
    return [_notice(dict(row)) for row in conn.execute(query).mappings()]


def one(conn: Connection, notice_id: str) -> Row | None:
    """Return a notification, or None."""
    row = conn.execute(select(notices).where(notices.c.id == notice_id)).mappings().first()
    return _notice(dict(row)) if row else None


def people_of(conn: Connection, notice_id: str) -> list[Person]:
    """Return the ledger of a notification."""
    query = select(notice_people).where(notice_people.c.notice_id == notice_id)
    return [
        Person(**{name: row[name] for name in _PERSON}, state=PersonState(row["state"]))
        for row in conn.execute(query).mappings()
    ]


def _notice(row: Row) -> Row:
    return {**row, "rules": json.loads(row["rules"])}
