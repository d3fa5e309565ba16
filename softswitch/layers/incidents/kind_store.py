"""Types and grades of incidents in SQL."""

from __future__ import annotations

from sqlalchemy import Column, Connection, Integer, String, Table, insert, select, update

from softswitch.csvio import RowStatus
from softswitch.layers.incidents.kind_model import GradeEntry, IncidentType
from softswitch.store.tables import metadata

types = Table(
    "incident_types",
    metadata,
    Column("code", String(8), primary_key=True),
    Column("name_zh", String(64), nullable=False),
    Column("name_en", String(96), nullable=False),
)

grades = Table(
    "incident_grades",
    metadata,
    Column("grade", Integer, primary_key=True, autoincrement=False),
    Column("name_zh", String(64), nullable=False),
    Column("name_en", String(96), nullable=False),
    Column("color", String(16), nullable=False),
    Column("first_minutes", Integer, nullable=False),
    Column("follow_minutes", Integer, nullable=False),
)


def all_types(conn: Connection) -> list[IncidentType]:
    """Return the classification in order of its codes."""
    rows = conn.execute(select(types).order_by(types.c.code)).mappings()
    return [IncidentType(row["code"], row["name_zh"], row["name_en"]) for row in rows]


def all_grades(conn: Connection) -> list[GradeEntry]:
    """Return the grades, the gravest first."""
    rows = conn.execute(select(grades).order_by(grades.c.grade)).mappings()
    return [GradeEntry(**row) for row in rows]


def put_type(conn: Connection, entry: IncidentType) -> RowStatus:
    """Write a type; tell what became of it."""
    values = {"name_zh": entry.name_zh, "name_en": entry.name_en}
    where = types.c.code == entry.code
    old = conn.execute(select(types.c.name_zh, types.c.name_en).where(where)).mappings().first()
    if old is None:
        conn.execute(insert(types).values(code=entry.code, **values))
        return RowStatus.ADDED
    if dict(old) == values:
        return RowStatus.UNCHANGED
    conn.execute(update(types).where(where).values(**values))
    return RowStatus.CHANGED


def put_grade(conn: Connection, entry: GradeEntry) -> RowStatus:
    """Write a grade; tell what became of it."""
    where = grades.c.grade == entry.grade
    old = conn.execute(select(grades).where(where)).mappings().first()
    if old is None:
        conn.execute(insert(grades).values(**entry.as_json()))
        return RowStatus.ADDED
    if GradeEntry(**old) == entry:
        return RowStatus.UNCHANGED
    conn.execute(update(grades).where(where).values(**entry.as_json()))
    return RowStatus.CHANGED
