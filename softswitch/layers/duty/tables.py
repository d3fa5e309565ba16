"""The tables of duty."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text

from softswitch.store.tables import metadata

people = Table(
    "duty_people",
    metadata,
    Column("key", String(32), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("title", String(64), nullable=False),
    Column("unit", String(128), nullable=False),
    Column("numbers", Text, nullable=False),
    Column("deputy", String(32), nullable=False),
    Column("note", String(500), nullable=False),
    Column("gone", Boolean, nullable=False),
    Index(None, "name"),
    Index(None, "unit"),
)

rosters = Table(
    "duty_rosters",
    metadata,
    Column("key", String(32), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("zone", String(64), nullable=False),
    Column("need", Integer, nullable=False),
    Column("uses", String(64), nullable=False),
)

shifts = Table(
    "duty_shifts",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("roster", String(32), nullable=False),
    Column("person", String(32), nullable=False),
    Column("begin", BigInteger, nullable=False),
    Column("end", BigInteger, nullable=False),
    Column("deputy", String(32), nullable=False),
    Column("position", Integer, nullable=False),
    Index(None, "begin"),
    Index(None, "roster", "begin"),
    Index(None, "person", "begin"),
)

leaves = Table(
    "duty_leaves",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("person", String(32), nullable=False),
    Column("begin", BigInteger, nullable=False),
    Column("end", BigInteger, nullable=False),
    Column("deputy", String(32), nullable=False),
    Column("reason", String(200), nullable=False),
    Index(None, "end"),
    Index(None, "person", "begin"),
)

entries = Table(
    "duty_log",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("roster", String(32), nullable=False),
    Column("text", Text, nullable=False),
    Column("written_at", BigInteger, nullable=False),
    Column("gave_login", String(64), nullable=False),
    Column("took_login", String(64)),
    Column("took_at", BigInteger),
    Index(None, "roster", "written_at"),
    Index(None, "written_at"),
)

signatures = Table(
    "duty_signatures",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("entry_id", String(32), nullable=False),
    Column("roster", String(32), nullable=False),
    Column("part", String(8), nullable=False),
    Column("login", String(64), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("text", Text, nullable=False),
    Column("before", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Index(None, "entry_id"),
)

counts = Table(
    "duty_counts",
    metadata,
    Column("quarter", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(32), primary_key=True),
    Column("count", Integer, nullable=False),
)
"""What happened in each quarter of an hour: every local day of every time zone is made of whole ones."""

told = Table(
    "duty_told",
    metadata,
    Column("roster", String(32), primary_key=True),
    Column("people", Text, nullable=False),
    Column("gap_begin", BigInteger),
    Column("gap_end", BigInteger),
)
"""What was told last of a roster, so that a restart tells nothing twice."""
