"""Alerts that came in, in the main database: each once, with the campaign that it drafted."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Index, String, Table, Text, insert, select

from smsgateway.cap.model import Alert, Reference
from softswitch.access import audit
from softswitch.clock import Millis
from softswitch.store.tables import metadata

alerts = Table(
    "sms_alerts",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("identifier", String(200), nullable=False),
    Column("sender", String(200), nullable=False),
    Column("sent", String(40), nullable=False),
    Column("status", String(16), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("event", String(200), nullable=False),
    Column("campaign_id", String(32), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
    Index(None, "at"),
)

Row = dict[str, Any]


def id_of(key: Reference) -> str:
    """Return the id of an alert: made of what the standard says is unique."""
    return hashlib.sha256(str(key).encode()).hexdigest()[:20]


def one(conn: Connection, alert_id: str) -> Row | None:
    """Return an alert, or None."""
    row = conn.execute(select(alerts).where(alerts.c.id == alert_id)).mappings().first()
    return dict(row) if row else None


def page(conn: Connection, limit: int) -> list[Row]:
    """Return alerts, the newest first, without their documents."""
    columns = [column for column in alerts.c if column.name != "document"]
    query = select(*columns).order_by(alerts.c.at.desc(), alerts.c.id).limit(limit)
    return [dict(row) for row in conn.execute(query).mappings()]


def add(
    conn: Connection,
    login: str,
    alert: Alert,
    document: bytes,
    outcome: str,
    campaign_id: str,
    at: Millis,
) -> Row:
    """Keep an alert and write down who brought it in."""
    info = alert.info()
    row = {
        "id": id_of(alert.key), "identifier": alert.identifier[:200], "sender": alert.sender[:200],
        "sent": alert.sent, "status": alert.status.value, "kind": alert.kind.value,
        "event": (info.headline or info.event)[:200] if info else "", "campaign_id": campaign_id,
        "outcome": outcome, "at": at, "document": document.decode("utf-8", "replace"),
    }  # fmt: skip
    conn.execute(insert(alerts).values(**row))
    details = {"identifier": alert.identifier, "status": alert.status.value, "outcome": outcome}
    audit.append(conn, login, "sms.alert", id_of(alert.key), details, at=at)
    return {name: value for name, value in row.items() if name != "document"}


def campaigns_of(conn: Connection, references: list[str]) -> list[str]:
    """Return the campaigns that earlier alerts drafted."""
    query = select(alerts.c.campaign_id).where(alerts.c.id.in_(references))
    return [found for found in conn.execute(query).scalars() if found]
