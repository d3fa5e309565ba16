"""The tables of plans and of their runs."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text

from softswitch.store.tables import metadata

plans = Table(
    "plans",
    metadata,
    Column("key", String(32), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("name", String(128), nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)

versions = Table(
    "plan_versions",
    metadata,
    Column("key", String(32), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),
    Column("login", String(64), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("remark", Text, nullable=False),
    Column("run_id", String(32), nullable=False),
)

runs = Table(
    "plan_runs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("plan", String(32), nullable=False),
    Column("version", Integer, nullable=False),
    Column("level", String(32), nullable=False),
    Column("name", String(128), nullable=False),
    Column("login", String(64), nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("approvals_needed", Integer, nullable=False),
    Column("incident_id", String(32), nullable=False),
    Column("area", Text, nullable=False),
    Column("extra", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("approvals", Text, nullable=False),
    Column("ended_at", BigInteger),
    Index(None, "state"),
    Index(None, "started_at", "id"),
    Index(None, "incident_id"),
)

run_steps = Table(
    "plan_run_steps",
    metadata,
    Column("run_id", String(32), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("step_id", String(200), nullable=False),
    Column("body", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reached", Text, nullable=False),
    Column("missed", Text, nullable=False),
    Column("began_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("ref", String(64), nullable=False),
    Column("why", String(200), nullable=False),
    Column("escalated", Boolean, nullable=False),
)

tasks = Table(
    "plan_tasks",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("run_id", String(32), nullable=False),
    Column("step_id", String(200), nullable=False),
    Column("text", Text, nullable=False),
    Column("number", String(32), nullable=False),
    Column("name", String(128), nullable=False),
    Column("deputy", String(32), nullable=False),
    Column("due_at", BigInteger),
    Column("state", String(16), nullable=False),
    Column("done_at", BigInteger),
    Column("done_by", String(64), nullable=False),
    Index(None, "run_id"),
)
