"""The tables of the directory."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Integer, String, Table

from softswitch.store.tables import metadata

extensions = Table(
    "directory_extension",
    metadata,
    Column("number", String(8), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("record", Boolean, nullable=False),
    Column("skills", String(600), nullable=False),
    Column("position", Integer),
    Column("enabled", Boolean, nullable=False),
)

phones = Table(
    "directory_phone",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("extension", ForeignKey(extensions.c.number), index=True),
    Column("kind", String(8), nullable=False),
    Column("transport", String(8), nullable=False),
    # In clear: Asterisk must compute SIP digest answers from it. The data folder has mode 0700.
    Column("secret", String(64), nullable=False),
    Column("enabled", Boolean, nullable=False),
)

emergency_numbers = Table(
    "directory_emergency_number",
    metadata,
    Column("digits", String(6), primary_key=True),
    Column("name_zh", String(64), nullable=False),
    Column("name_en", String(64), nullable=False),
    Column("rank", Integer, nullable=False),
    Column("skill", String(32)),
)

registry = Table(
    "directory_registry",
    metadata,
    # Canonical (softswitch.directory.lookup): the primary key is the index that a screen pop looks into.
    Column("number", String(24), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("address", String(200), nullable=False),
    Column("note", String(200), nullable=False),
)

speed_dials = Table(
    "directory_speed_dial",
    metadata,
    Column("extension", ForeignKey(extensions.c.number, ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("label", String(64), nullable=False),
    Column("number", String(24), nullable=False),
)

intake = Table(
    "directory_intake",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("offer_seconds", Integer, nullable=False),
    Column("strategy", String(16), nullable=False),
    Column("duty_number", String(24)),
    Column("callback_auto", Boolean, nullable=False),
    Column("area_code", String(8), nullable=False),
)
