"""Night service in SQL: one row, whole."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Column, Connection, Integer, Table, Text, insert, select, update

from softswitch.access import audit
from softswitch.clock import Millis
from softswitch.features.events import NightSwitched
from softswitch.features.night_model import Mode, Night, Period
from softswitch.store.event_log import append
from softswitch.store.tables import metadata

night_service = Table(
    "night_service",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),
)

Row = dict[str, Any]


def body_of(night: Night) -> Row:
    """Return it as JSON."""
    return {
        "mode": night.mode.value,
        "periods": [[list(p.days), p.begin, p.end] for p in night.periods],
        "targets": list(night.targets),
        "lines": [list(pair) for pair in night.lines],
        "until": night.until,
        "by": night.by,
        "since": night.since,
        "was_on": night.was_on,
    }


def put(conn: Connection, body: Row, at: Millis, *, login: str = "", what: str = "") -> None:
    """Write it whole; ``login`` and ``what``: a person did that."""
    if login:
        kept = {name: body[name] for name in ("mode", "periods", "targets", "lines")}
        audit.append(conn, login, f"night.{what}", "", kept, at=at)
    text = json.dumps(body)
    if conn.execute(update(night_service).values(body=text)).rowcount == 0:
        conn.execute(insert(night_service).values(id=1, body=text))


def told(conn: Connection, body: Row, at: Millis, login: str) -> None:
    """Write that night began or ended."""
    put(conn, body, at)
    append(conn, NightSwitched(at, body["was_on"], login), at=at)


def load(conn: Connection) -> Night:
    """Return what is stored; nothing: day, without a timetable."""
    text = conn.execute(select(night_service.c.body)).scalar()
    if text is None:
        return Night()
    body = json.loads(text)
    periods = tuple(Period(tuple(days), begin, end) for days, begin, end in body["periods"])
    lines = tuple((line, target) for line, target in body["lines"])
    return Night(
        Mode(body["mode"]), periods, tuple(body["targets"]), lines, body["until"], body["by"],
        body["since"], body["was_on"],
    )  # fmt: skip
