"""The tables of the map."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Index, Integer, String, Table, Text

from softswitch.store.tables import metadata

locations = Table(
    "gis_caller_location",
    metadata,
    Column("call_id", String(64), primary_key=True),
    Column("lon", Float, nullable=False),
    Column("lat", Float, nullable=False),
    Column("uncertainty", Float, nullable=False),
    Column("source", String(16), nullable=False),
    Column("shape", Text),
    Column("address", String(256), nullable=False),
    Column("number", String(32), nullable=False),
    Column("incident_id", String(32), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("login", String(64), nullable=False),
    Index(None, "ended_at"),
    Index(None, "incident_id"),
)

known_points = Table(
    "gis_known_point",
    metadata,
    # "number" with a canonical number, or "address" with an address as written.
    Column("what", String(8), primary_key=True),
    Column("key", String(256), primary_key=True),
    Column("lon", Float, nullable=False),
    Column("lat", Float, nullable=False),
    Column("uncertainty", Float, nullable=False),
)

positions = Table(
    "gis_position",
    metadata,
    Column("unit", String(64), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("lon", Float, nullable=False),
    Column("lat", Float, nullable=False),
    Column("accuracy", Float, nullable=False),
    Column("speed", Float),
    Column("heading", Float),
)

tracks = Table(
    "gis_track",
    metadata,
    # A fix that is told twice is one fix.
    Column("unit", String(64), primary_key=True),
    Column("at", BigInteger, primary_key=True),
    Column("lon", Float, nullable=False),
    Column("lat", Float, nullable=False),
    Column("accuracy", Float, nullable=False),
    Column("speed", Float),
    Column("heading", Float),
    Index(None, "at"),
)

maps = Table(
    "gis_map",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(128), nullable=False, unique=True),
    Column("load", String(32), nullable=False, unique=True),
    Column("note", String(256), nullable=False),
    Column("features", Integer, nullable=False),
    Column("west", Float, nullable=False),
    Column("south", Float, nullable=False),
    Column("east", Float, nullable=False),
    Column("north", Float, nullable=False),
    Column("imported_at", BigInteger, nullable=False),
    Column("login", String(64), nullable=False),
)

features = Table(
    "gis_feature",
    metadata,
    # Which import; that of a map is in its row, so that a new one takes its place in one small write.
    Column("load", String(32), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("name", String(256), nullable=False),
    Column("west", Float, nullable=False),
    Column("south", Float, nullable=False),
    Column("east", Float, nullable=False),
    Column("north", Float, nullable=False),
    # As GeoJSON, ready to be sent: a map is read a thousand times for each time that it is imported.
    Column("geometry", Text, nullable=False),
    Column("properties", Text, nullable=False),
    Index(None, "load", "west"),
)
