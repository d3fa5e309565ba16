"""Lists of recipients and who may not be sent to, in SQL. They stand in the gateway's database: a million rows that
come in delay no call.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Float,
    Index,
    Integer,
    String,
    Table,
    Text,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    update,
)

from smsgateway.queue.tables import metadata
from smsgateway.recipients.rows import BadRow, Person
from softswitch.clock import Millis

_Id = BigInteger().with_variant(Integer, "sqlite")

lists = Table(
    "sms_lists",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("name", String(64), nullable=False, index=True),
    Column("state", String(12), nullable=False),
    Column("login", String(64), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("people", Integer, nullable=False, server_default="0"),
    Column("repeated", Integer, nullable=False, server_default="0"),
    Column("bad", Integer, nullable=False, server_default="0"),
    Column("placed", Integer, nullable=False, server_default="0"),
)

people = Table(
    "sms_list_people",
    metadata,
    Column("list_id", _Id, primary_key=True),
    Column("number", String(24), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("area", String(64), nullable=False),
    Column("longitude", Float),
    Column("latitude", Float),
    Index("ix_sms_list_people_place", "list_id", "latitude"),
    sqlite_with_rowid=False,
)

fields = Table(
    "sms_list_fields",
    metadata,
    # What a file told beside, of lists whose texts differ from person to person: a JSON list in the order of columns.
    Column("list_id", _Id, primary_key=True),
    Column("number", String(24), primary_key=True),
    Column("told", Text, nullable=False),
    sqlite_with_rowid=False,
)

columns = Table(
    "sms_list_columns",
    metadata,
    Column("list_id", _Id, primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("name", String(32), nullable=False),
)

bad_rows = Table(
    "sms_list_bad_rows",
    metadata,
    Column("list_id", _Id, primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("why", String(16), nullable=False),
    Column("cell", String(64), nullable=False),
)

blocked = Table(
    "sms_blocked",
    metadata,
    # ``blacklist``: never. ``opt_out``: asked for no more; only life safety reaches them.
    Column("number", String(24), primary_key=True),
    Column("kind", String(12), nullable=False),
    Column("why", String(200), nullable=False),
    Column("login", String(64), nullable=False),
    Column("at", BigInteger, nullable=False),
)

IMPORTING, READY, REMOVED = "importing", "ready", "removed"
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which people of a list, and how: ``areas`` are beginnings; ``bounds`` west, south, east, north in degrees."""

    areas: tuple[str, ...] = ()
    name: str = ""
    bounds: tuple[float, float, float, float] | None = None
    fields: bool = False
    """With what the file told beside."""


# ---- coming in


def begin(conn: Connection, name: str, login: str, at: Millis) -> int:
    """Make a list that is being filled and return its id."""
    row = {"name": name, "state": IMPORTING, "login": login, "created_at": at}
    return int(conn.execute(insert(lists).values(**row).returning(lists.c.id)).scalar_one())


def add(
    conn: Connection, list_id: int, found: Sequence[Person], wrong: Sequence[BadRow]
) -> tuple[int, int]:
    """Add some rows of the file; return how many people are new and how many stood there before."""
    rows = [(p.number, p.name, p.area, p.longitude, p.latitude) for p in found]
    values = {"list": list_id, "rows": orjson.dumps(rows).decode()}
    told = [(p.number, orjson.dumps([v for _, v in p.fields]).decode()) for p in found if p.fields]
    if told:
        more = {"list": list_id, "rows": orjson.dumps(told).decode()}
        conn.execute(_ADD_FIELDS[conn.dialect.name], more)
    added = conn.execute(_ADD[conn.dialect.name], values).rowcount if rows else 0
    if wrong:
        conn.execute(insert(bad_rows), [
            {"list_id": list_id, "line": row.line, "why": row.why, "cell": row.cell}
            for row in wrong
        ])  # fmt: skip
    repeated = len(rows) - added
    counters = {
        "people": lists.c.people + added,
        "repeated": lists.c.repeated + repeated,
        "bad": lists.c.bad + len(wrong),
        "placed": lists.c.placed + sum(p.latitude is not None for p in found),
    }
    conn.execute(update(lists).where(lists.c.id == list_id).values(**counters))
    return added, repeated


# One statement for the batch: the rows travel as one JSON text and are unpacked inside of the database.
_ADD = {
    "sqlite": text(
        "INSERT INTO sms_list_people (list_id, number, name, area, longitude, latitude)"
        " SELECT :list, value->>0, value->>1, value->>2, value->>3, value->>4"
        " FROM json_each(:rows) WHERE true ON CONFLICT DO NOTHING"
    ),
    "postgresql": text(
        "INSERT INTO sms_list_people (list_id, number, name, area, longitude, latitude)"
        " SELECT :list, r->>0, r->>1, r->>2, CAST(r->>3 AS float), CAST(r->>4 AS float)"
        " FROM json_array_elements(CAST(:rows AS json)) AS r ON CONFLICT DO NOTHING"
    ),
}


_ADD_FIELDS = {
    "sqlite": text(
        "INSERT INTO sms_list_fields (list_id, number, told)"
        " SELECT :list, value->>0, value->>1 FROM json_each(:rows) WHERE true ON CONFLICT DO NOTHING"
    ),
    "postgresql": text(
        "INSERT INTO sms_list_fields (list_id, number, told) SELECT :list, r->>0, r->>1"
        " FROM json_array_elements(CAST(:rows AS json)) AS r ON CONFLICT DO NOTHING"
    ),
}


def set_columns(conn: Connection, list_id: int, names: Sequence[str]) -> None:
    """Note what else the file tells of people, in order."""
    if names:
        conn.execute(insert(columns), [
            {"list_id": list_id, "place": place, "name": name} for place, name in enumerate(names)
        ])  # fmt: skip


def columns_of(conn: Connection, list_id: int) -> list[str]:
    """Return what else is known of the people of a list, in order."""
    query = select(columns.c.name).where(columns.c.list_id == list_id)
    return list(conn.execute(query.order_by(columns.c.place)).scalars())


def finish(conn: Connection, list_id: int) -> None:
    """The file is in: the list is ready and takes the place of an older one of its name."""
    name = select(lists.c.name).where(lists.c.id == list_id).scalar_subquery()
    older = and_(lists.c.name == name, lists.c.state == READY, lists.c.id != list_id)
    conn.execute(update(lists).where(older).values(state=REMOVED))
    conn.execute(update(lists).where(lists.c.id == list_id).values(state=READY))


def mark_removed(conn: Connection, list_id: int) -> bool:
    """Take a list away; its rows go in small steps afterwards. Tell whether there was one."""
    where = and_(lists.c.id == list_id, lists.c.state != REMOVED)
    return conn.execute(update(lists).where(where).values(state=REMOVED)).rowcount > 0


def abandon_imports(conn: Connection) -> None:
    """The server died while files came in: what is half a list is none."""
    conn.execute(update(lists).where(lists.c.state == IMPORTING).values(state=REMOVED))


def clear_some(conn: Connection, limit: int = 20_000) -> bool:
    """Remove some rows of lists that were taken away; tell whether there may be more."""
    gone = conn.execute(select(lists.c.id).where(lists.c.state == REMOVED).limit(1)).scalar()
    if gone is None:
        return False
    some = select(people.c.number).where(people.c.list_id == gone).limit(limit)
    where = and_(people.c.list_id == gone, people.c.number.in_(some))
    also = and_(fields.c.list_id == gone, fields.c.number.in_(some))
    conn.execute(delete(fields).where(also))
    if conn.execute(delete(people).where(where)).rowcount == 0:
        for table in (bad_rows, columns, fields):
            conn.execute(delete(table).where(table.c.list_id == gone))
        conn.execute(delete(lists).where(lists.c.id == gone))
    return True


# ---- looking


def all_lists(conn: Connection) -> list[Row]:
    """Return the lists that are there, by name."""
    query = select(lists).where(lists.c.state != REMOVED).order_by(lists.c.name)
    known: dict[int, list[str]] = {}
    for row in conn.execute(select(columns).order_by(columns.c.list_id, columns.c.place)):
        known.setdefault(row.list_id, []).append(row.name)
    rows = conn.execute(query).mappings()
    return [{**row, "columns": known.get(row["id"], [])} for row in rows]


def list_named(conn: Connection, key: str) -> Row | None:
    """Return a ready list by id or name, or None."""
    by_id = lists.c.id == int(key) if key.isascii() and key.isdigit() and len(key) < 18 else None
    found = lists.c.name == key if by_id is None else or_(by_id, lists.c.name == key)
    query = select(lists).where(found, lists.c.state == READY).order_by(lists.c.id.desc())
    row = conn.execute(query).mappings().first()
    return dict(row) if row else None


def page(
    conn: Connection, list_id: int, which: Filter, after: str = "", limit: int = 5_000
) -> list[Person]:
    """Return people of a list behind the number ``after``, by number."""
    query = select(people).where(people.c.list_id == list_id, people.c.number > after)
    for condition in _conditions(which):
        query = query.where(condition)
    rows = conn.execute(query.order_by(people.c.number).limit(limit))
    found = [Person(r.number, r.name, r.area, r.longitude, r.latitude) for r in rows]
    return _with_fields(conn, list_id, found) if which.fields else found


def _with_fields(conn: Connection, list_id: int, found: list[Person]) -> list[Person]:
    names = columns_of(conn, list_id)
    if not names or not found:
        return found
    between = fields.c.number.between(found[0].number, found[-1].number)
    query = select(fields.c.number, fields.c.told).where(fields.c.list_id == list_id, between)
    told = {row.number: orjson.loads(row.told) for row in conn.execute(query)}
    return [
        replace(person, fields=tuple(zip(names, told.get(person.number, ()), strict=False)))
        for person in found
    ]


def areas_of(conn: Connection, list_id: int, limit: int = 200) -> list[Row]:
    """Return the areas of a list with how many people are in each, the most first."""
    n = func.count().label("people")
    query = select(people.c.area, n).where(people.c.list_id == list_id).group_by(people.c.area)
    rows = conn.execute(query.order_by(n.desc(), people.c.area).limit(limit)).mappings()
    return [dict(row) for row in rows]


def bad_page(conn: Connection, list_id: int, after: int = 0, limit: int = 1_000) -> list[Row]:
    """Return the bad rows of a file behind a line."""
    where = (bad_rows.c.list_id == list_id, bad_rows.c.line > after)
    query = select(bad_rows.c.line, bad_rows.c.why, bad_rows.c.cell).where(*where)
    rows = conn.execute(query.order_by(bad_rows.c.line).limit(limit)).mappings()
    return [dict(row) for row in rows]


def _conditions(which: Filter) -> Iterator[ColumnElement[bool]]:
    if which.areas:
        yield or_(*(people.c.area.startswith(area, autoescape=True) for area in which.areas))
    if which.name:
        yield people.c.name.contains(which.name, autoescape=True)
    if which.bounds is not None:
        west, south, east, north = which.bounds
        yield people.c.latitude.between(south, north)
        yield people.c.longitude.between(west, east)


# ---- who may not be sent to


def block(conn: Connection, number: str, kind: str, why: str, login: str, at: Millis) -> bool:
    """Note that a number may not be sent to; tell whether it is new. A blacklisted one stays so."""
    row = {"kind": kind, "why": why, "login": login, "at": at}
    known = conn.execute(select(blocked.c.kind).where(blocked.c.number == number)).scalar()
    if known is None:
        conn.execute(insert(blocked).values(number=number, **row))
        return True
    if known != kind and kind == "blacklist":
        conn.execute(update(blocked).where(blocked.c.number == number).values(**row))
    return False


def unblock(conn: Connection, number: str) -> bool:
    """Let a number be sent to again; tell whether it was blocked."""
    return conn.execute(delete(blocked).where(blocked.c.number == number)).rowcount > 0


def blocked_among(conn: Connection, numbers: Sequence[str]) -> dict[str, str]:
    """Return which of these numbers may not be sent to, with the kind."""
    # Most centres block few or none: then a million people need not be asked for.
    if not numbers or conn.execute(select(blocked.c.number).limit(1)).first() is None:
        return {}
    query = select(blocked.c.number, blocked.c.kind).where(blocked.c.number.in_(numbers))
    return {row.number: row.kind for row in conn.execute(query)}


def blocked_page(conn: Connection, after: str = "", limit: int = 1_000) -> list[Row]:
    """Return who may not be sent to, behind a number."""
    query = select(blocked).where(blocked.c.number > after).order_by(blocked.c.number).limit(limit)
    return [dict(row) for row in conn.execute(query).mappings()]
