"""Camp-on in SQL: one row for each, written before its call is placed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    String,
    Table,
    insert,
    select,
    update,
)

from softswitch.access import audit
from softswitch.clock import Millis
from softswitch.features.camp_model import OPEN, Camp, CampState
from softswitch.features.events import CampChanged
from softswitch.store.event_log import append
from softswitch.store.tables import metadata

camps = Table(
    "camps",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("caller", String(8), nullable=False),
    Column("target", String(8), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("why", String(32), nullable=False),
    Column("call_id", String(64)),
    Column("tries", Integer, nullable=False),
    Index(None, "state"),
)

Row = dict[str, Any]
_FIELDS = ("id", "caller", "target", "created_at", "expires_at", "why", "call_id", "tries")


def row_of(camp: Camp) -> Row:
    """Return a camp-on as its row."""
    return {**{name: getattr(camp, name) for name in _FIELDS}, "state": camp.state.value}


def add(conn: Connection, row: Row, login: str) -> None:
    """Write a new camp-on and who asked for it."""
    details = {"caller": row["caller"], "target": row["target"]}
    audit.append(conn, login, "camp.add", row["id"], details, at=row["created_at"])
    conn.execute(insert(camps).values(**row))
    _tell(conn, row, row["created_at"])


def put(conn: Connection, row: Row, at: Millis, login: str = "") -> None:
    """Write a camp-on as it is now; ``login``: a person ended it."""
    if login:
        audit.append(conn, login, "camp.cancel", row["id"], {"target": row["target"]}, at=at)
    conn.execute(update(camps).where(camps.c.id == row["id"]).values(**row))
    _tell(conn, row, at)


def _tell(conn: Connection, row: Row, at: Millis) -> None:
    append(
        conn,
        CampChanged(
            row["id"], at, row["caller"], row["target"], row["state"], row["why"], row["call_id"]
        ),
        at=at,
    )


def open_camps(conn: Connection) -> list[Camp]:
    """Return those that are not over, the oldest first."""
    wanted = camps.c.state.in_([state.value for state in OPEN])
    query = select(camps).where(wanted).order_by(camps.c.created_at, camps.c.id)
    return [_camp(dict(row)) for row in conn.execute(query).mappings()]


def _camp(row: Row) -> Camp:
    return Camp(**{name: row[name] for name in _FIELDS}, state=CampState(row["state"]))
