"""Incidents in SQL."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    String,
    Table,
    Text,
    and_,
    bindparam,
    func,
    insert,
    select,
    update,
)

from softswitch.clock import Millis
from softswitch.layers.incidents.model import OVER
from softswitch.store.prepared import Prepared
from softswitch.store.tables import metadata

Row = dict[str, Any]

incidents = Table(
    "incidents",
    metadata,
    Column("id", String(32), primary_key=True),
    # Counts up with each new incident: the order of lists, and the key of the text index.
    Column("seq", BigInteger, nullable=False),
    Column("title", String(128), nullable=False, default=""),
    Column("status", String(16), nullable=False),
    Column("owner", String(64)),
    Column("number", String(32), nullable=False, default=""),
    Column("name", String(128), nullable=False, default=""),
    Column("address", String(256), nullable=False, default=""),
    Column("digits", String(8), nullable=False, default=""),
    Column("note", Text, nullable=False, default=""),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("version", Integer, nullable=False, default=1),
    Column("type", String(8), nullable=False, default=""),
    Column("grade", Integer, nullable=False, default=0),
    Column("latitude", Float),
    Column("longitude", Float),
    Column("uncertainty", Float, nullable=False, default=0),
    Column("result", Text, nullable=False, default=""),
    Column("status_at", BigInteger, nullable=False, default=0),
    Column("closed_by", String(64), nullable=False, default=""),
    # The incident that this one became part of, and the one at the top of that chain; root is itself otherwise.
    Column("merged_into", String(32), nullable=False, default=""),
    Column("root", String(32), nullable=False, default=""),
    Column("report_due_at", BigInteger),
    Column("reported_at", BigInteger),
    # Counts entries of the timeline: a screen that shows it knows when to read on.
    Column("activity", Integer, nullable=False, default=0),
    Index(None, "seq", unique=True),
    Index(None, "created_at"),
    Index(None, "number"),
    Index(None, "status", "seq"),
    Index(None, "root"),
    Index(None, "report_due_at"),
)

incident_calls = Table(
    "incident_calls",
    metadata,
    Column("call_id", String(64), primary_key=True),
    Column("incident_id", String(32), nullable=False),
    Index(None, "incident_id"),
)

incident_links = Table(
    "incident_links",
    metadata,
    Column("first", String(32), primary_key=True),
    Column("second", String(32), primary_key=True),
    Column("why", String(200), nullable=False),
    Column("login", String(64), nullable=False),
    Column("at", BigInteger, nullable=False),
    Index(None, "second"),
)

EMPTY: Row = {
    "title": "", "owner": None, "number": "", "name": "", "address": "", "digits": "", "note": "",
    "version": 1, "type": "", "grade": 0, "latitude": None, "longitude": None, "uncertainty": 0.0,
    "result": "", "closed_by": "", "merged_into": "", "report_due_at": None, "reported_at": None,
    "activity": 0,
}  # fmt: skip


# Made once: every fact of every call takes these.
_COLUMNS = tuple(column.name for column in incidents.columns)
_BY_ID = Prepared(select(incidents).where(incidents.c.id == bindparam("key")))
_OF_CALL = Prepared(
    select(incidents.c.root)
    .join(incident_calls, incident_calls.c.incident_id == incidents.c.id)
    .where(incident_calls.c.call_id == bindparam("key"))
)
_NEXT = Prepared(select(func.coalesce(func.max(incidents.c.seq), 0) + 1))
_ADD = Prepared(insert(incidents), _COLUMNS)
_ADD_CALL = Prepared(insert(incident_calls), ("call_id", "incident_id"))
_CALLS = Prepared(
    select(incident_calls.c.call_id, incidents.c.id)
    .join(incidents, incident_calls.c.incident_id == incidents.c.id)
    .where(incidents.c.root == bindparam("key"))
    .order_by(incidents.c.seq, incident_calls.c.call_id)
)
_OPEN = and_(
    incidents.c.id == bindparam("key"), *(incidents.c.status != status.value for status in OVER)
)
_FREE = incidents.c.owner.is_(None)
_OWNED = ("owner", "updated_at")
_OWNING = update(incidents).values(version=incidents.c.version + 1)
_OWN_FREE = Prepared(_OWNING.where(_OPEN & _FREE), _OWNED)
_OWN = Prepared(_OWNING.where(_OPEN & (_FREE | (incidents.c.owner != bindparam("but")))), _OWNED)


# ---- writing


def add(conn: Connection, row: Mapping[str, Any]) -> None:
    """Insert an incident; there is one writer, so the next number is free."""
    seq = _NEXT.scalar(conn, {})
    whole = {**EMPTY, "status_at": row["created_at"], "root": row["id"], **row, "seq": seq}
    _ADD.change(conn, whole)


def draft(conn: Connection, row: Mapping[str, Any], call_id: str) -> None:
    """Insert the draft of a call that is part of no incident."""
    add(conn, row)
    attach(conn, call_id, row["id"])


def attach(conn: Connection, call_id: str, incident_id: str) -> None:
    """Make a call that is part of none part of an incident."""
    _ADD_CALL.change(conn, {"call_id": call_id, "incident_id": incident_id})


def hand_over(conn: Connection, call_ids: Collection[str], incident_id: str) -> None:
    """Give calls to another incident."""
    where = incident_calls.c.call_id.in_(call_ids)
    conn.execute(update(incident_calls).where(where).values(incident_id=incident_id))


def own(conn: Connection, incident_id: str, login: str, at: Millis, *, only_free: bool) -> bool:
    """Give an incident an owner; with ``only_free`` the first who asks gets it. Tell whether it changed."""
    values = {"key": incident_id, "owner": login, "updated_at": at, "but": login}
    return (_OWN_FREE if only_free else _OWN).change(conn, values) == 1


def change(
    conn: Connection, incident_id: str, version: int, at: Millis, values: Mapping[str, Any]
) -> bool:
    """Change an incident when it is still at ``version``; tell whether it was."""
    where = (incidents.c.id == incident_id) & (incidents.c.version == version)
    changed = update(incidents).where(where).values(**values, updated_at=at, version=version + 1)
    return conn.execute(changed).rowcount == 1


def put(conn: Connection, incident_id: str, **values: Any) -> None:
    """Set what is not typed by people: clocks and counters. The version stays."""
    conn.execute(update(incidents).where(incidents.c.id == incident_id).values(**values))


# ---- belonging together


def set_root(conn: Connection, incident_id: str, root: str) -> None:
    """Give an incident and all that were merged into it another top."""
    tree = select(incidents.c.id).where(incidents.c.id == incident_id).cte(recursive=True)
    below = select(incidents.c.id).join(tree, incidents.c.merged_into == tree.c.id)
    tree = tree.union(below)
    where = incidents.c.id.in_(select(tree.c.id))
    conn.execute(update(incidents).where(where).values(root=root))


def family(conn: Connection, root: str) -> list[str]:
    """Return the ids of an incident and of all that were merged into it."""
    return list(conn.execute(select(incidents.c.id).where(incidents.c.root == root)).scalars())


def link(conn: Connection, one: str, other: str, why: str, login: str, at: Millis) -> bool:
    """Relate two incidents; tell whether they were not related."""
    first, second = sorted((one, other))
    where = (incident_links.c.first == first) & (incident_links.c.second == second)
    if conn.execute(select(incident_links.c.at).where(where)).first():
        return False
    row = {"first": first, "second": second, "why": why, "login": login, "at": at}
    conn.execute(insert(incident_links).values(**row))
    return True


def unlink(conn: Connection, one: str, other: str) -> bool:
    """Take a relation away; tell whether there was one."""
    first, second = sorted((one, other))
    where = (incident_links.c.first == first) & (incident_links.c.second == second)
    return conn.execute(incident_links.delete().where(where)).rowcount == 1


def links(conn: Connection, ids: Collection[str]) -> list[Row]:
    """Return the relations of some incidents."""
    where = incident_links.c.first.in_(ids) | incident_links.c.second.in_(ids)
    return [dict(row) for row in conn.execute(select(incident_links).where(where)).mappings()]


# ---- reading


def incident_of(conn: Connection, call_id: str) -> str | None:
    """Return the incident of a call: the one at the top when it was merged."""
    found: str | None = _OF_CALL.scalar(conn, {"key": call_id})
    return found


def by_id(conn: Connection, incident_id: str) -> Row | None:
    """Return one incident with its calls, or None."""
    row = bare(conn, incident_id)
    return with_calls(conn, [row])[0] if row else None


def bare(conn: Connection, incident_id: str) -> Row | None:
    """Return one incident without its calls."""
    row = _BY_ID.first(conn, {"key": incident_id})
    return dict(zip(_COLUMNS, row, strict=True)) if row else None


def still_open(conn: Connection, limit: int) -> list[Row]:
    """Return the incidents that are worked on, newest first."""
    query = select(incidents).where(incidents.c.status.not_in(OVER), incidents.c.merged_into == "")
    query = query.order_by(incidents.c.seq.desc()).limit(limit)
    return with_calls(conn, [dict(row) for row in conn.execute(query).mappings()])


def placed(conn: Connection) -> list[Row]:
    """Return the incidents that are worked on and have a place."""
    query = select(incidents).where(incidents.c.status.not_in(OVER), incidents.c.merged_into == "")
    query = query.where(incidents.c.latitude.is_not(None))
    return [dict(row) for row in conn.execute(query).mappings()]


def reports_due(conn: Connection, at: Millis) -> list[Row]:
    """Return the incidents whose next report is overdue."""
    query = select(incidents).where(incidents.c.report_due_at <= at)
    return [dict(row) for row in conn.execute(query.limit(200)).mappings()]


def with_calls(conn: Connection, rows: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Return rows with the ids of their calls; those of merged incidents stand with the top one too."""
    found: list[Row] = [{**row, "call_ids": []} for row in rows]
    by_key = {row["id"]: row for row in found}
    for root in dict.fromkeys(row["root"] for row in found):
        for call_id, own_id in _CALLS.rows(conn, {"key": root}):
            for key in {own_id, root} & by_key.keys():
                by_key[key]["call_ids"].append(call_id)
    return found
