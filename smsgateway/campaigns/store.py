"""Campaigns, templates and rules in SQL: in the main database, beside the audit log that tells who did what."""

from __future__ import annotations

import dataclasses
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    RowMapping,
    String,
    Table,
    Text,
    delete,
    insert,
    select,
    update,
)

from smsgateway.campaigns.events import CampaignChanged
from smsgateway.campaigns.model import (
    OVER,
    Campaign,
    CampaignState,
    Rules,
    plan_from_json,
    plan_json,
)
from smsgateway.text.segments import Joining
from softswitch.access import audit
from softswitch.clock import Millis
from softswitch.store.event_log import append
from softswitch.store.tables import metadata

campaigns = Table(
    "sms_campaigns",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("plan", Text, nullable=False),
    Column("login", String(64), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("submitted_by", String(64), nullable=False),
    Column("approved_by", String(64), nullable=False),
    Column("began_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("batch", String(64), nullable=False),
    Column("tally", Text, nullable=False),
    Column("parts", Integer, nullable=False),
    Column("tests", Integer, nullable=False),
    Column("voice", String(200), nullable=False),
    Column("notices", Text, nullable=False),
    Index(None, "created_at"),
    Index(None, "state"),
)

templates = Table(
    "sms_templates",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("text", Text, nullable=False),
)

rules = Table(
    "sms_rules",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),
)

Row = dict[str, Any]
_PLAIN = (
    "id", "login", "created_at", "submitted_by", "approved_by", "began_at", "ended_at", "batch",
    "parts", "tests", "voice",
)  # fmt: skip


def put(
    conn: Connection,
    campaign: Campaign,
    at: Millis,
    action: str = "",
    login: str = "",
    details: Row | None = None,
) -> None:
    """Write a campaign as it is now. With an ``action`` it is told in the audit log and as a fact."""
    row = _row(campaign)
    where = campaigns.c.id == campaign.id
    if conn.execute(update(campaigns).where(where).values(**row)).rowcount == 0:
        conn.execute(insert(campaigns).values(**row))
    if not action:
        return
    told = {"name": campaign.plan.name, "state": campaign.state.value, "people": campaign.people}
    if login:
        audit.append(conn, login, action, campaign.id, {**told, **(details or {})}, at=at)
    fact = CampaignChanged(
        campaign.id, at, campaign.state.value, campaign.plan.name, campaign.people, login,
        campaign.plan.incident_id,
    )  # fmt: skip
    append(conn, fact, at=at)


def one(conn: Connection, campaign_id: str) -> Campaign | None:
    """Return a campaign, or None."""
    row = conn.execute(select(campaigns).where(campaigns.c.id == campaign_id)).mappings().first()
    return _campaign(row) if row else None


def page(conn: Connection, limit: int) -> list[Campaign]:
    """Return campaigns, the newest first."""
    query = select(campaigns).order_by(campaigns.c.created_at.desc(), campaigns.c.id).limit(limit)
    return [_campaign(row) for row in conn.execute(query).mappings()]


def not_over(conn: Connection) -> list[Campaign]:
    """Return the campaigns that are neither finished nor cancelled."""
    over = [state.value for state in OVER]
    query = select(campaigns).where(campaigns.c.state.not_in(over))
    return [_campaign(row) for row in conn.execute(query).mappings()]


def by_batch(conn: Connection, batch: str) -> Campaign | None:
    """Return the campaign whose messages are in a batch, or None."""
    row = conn.execute(select(campaigns).where(campaigns.c.batch == batch)).mappings().first()
    return _campaign(row) if row else None


def remove(conn: Connection, login: str, campaign_id: str) -> None:
    """Remove a draft and write down who did."""
    audit.append(conn, login, "sms.campaign.remove", campaign_id, {})
    conn.execute(delete(campaigns).where(campaigns.c.id == campaign_id))


def _row(campaign: Campaign) -> Row:
    row = {name: getattr(campaign, name) for name in _PLAIN}
    return {
        **row,
        "plan": orjson.dumps(plan_json(campaign.plan)).decode(),
        "state": campaign.state.value,
        "tally": orjson.dumps(campaign.tally).decode(),
        "notices": orjson.dumps(campaign.notices).decode(),
    }


def _campaign(row: RowMapping) -> Campaign:
    return Campaign(
        **{name: row[name] for name in _PLAIN},
        plan=plan_from_json(orjson.loads(row["plan"])),
        state=CampaignState(row["state"]),
        tally=orjson.loads(row["tally"]),
        notices=tuple(orjson.loads(row["notices"])),
    )


# ---- templates


def all_templates(conn: Connection) -> list[Row]:
    """Return every template by name."""
    return [
        dict(row) for row in conn.execute(select(templates).order_by(templates.c.name)).mappings()
    ]


def put_template(conn: Connection, login: str, template: Row) -> None:
    """Write a template whole."""
    conn.execute(delete(templates).where(templates.c.id == template["id"]))
    conn.execute(insert(templates).values(**template))
    audit.append(conn, login, "sms.template.stored", template["id"], {"name": template["name"]})


def remove_template(conn: Connection, login: str, template_id: str) -> bool:
    """Remove a template; tell whether there was one."""
    found = conn.execute(delete(templates).where(templates.c.id == template_id)).rowcount > 0
    if found:
        audit.append(conn, login, "sms.template.removed", template_id, {})
    return found


# ---- rules


def load_rules(conn: Connection) -> Rules:
    """Return the rules that hold."""
    body = conn.execute(select(rules.c.body)).scalar()
    if body is None:
        return Rules()
    values = orjson.loads(body)
    return Rules(**{**values, "joining": Joining(values["joining"])})


def put_rules(conn: Connection, login: str, changed: Rules) -> None:
    """Write the rules and who changed them."""
    conn.execute(delete(rules))
    body = orjson.dumps(dataclasses.asdict(changed)).decode()
    conn.execute(insert(rules).values(id=1, body=body))
    audit.append(conn, login, "sms.rules.changed", "sms", changed.as_json())
