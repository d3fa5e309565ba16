"""Finding incidents by number, place, text, state and time: one text index, read from the newest backwards.

SQLite: an FTS5 table whose row number is the ``seq`` of the incident, so that the index itself gives the newest
first and a page of results is read without sorting.  States and the like stand in it as words too: asked
together with a text, the index meets both lists without looking at a single incident.
PostgreSQL would have the same words in a ``tsvector`` column of ``simple`` with a GIN index; until then it is refused.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import DDL, Connection, bindparam, event, select, text

from softswitch.clock import Millis
from softswitch.errors import invalid
from softswitch.layers.incidents.store import Row, bare, incidents, with_calls
from softswitch.layers.incidents.timeline_store import NOTE, entries
from softswitch.layers.incidents.words import digits_of, query_of, words_of
from softswitch.store.lists import raw
from softswitch.store.notes import note_more
from softswitch.store.prepared import Prepared

CREATE = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS incident_words USING fts5("
    "said, tags, numbers, prefix = 1, tokenize = \"unicode61 remove_diacritics 0 tokenchars '_'\")"
)
_MAKE: Any = DDL(CREATE)  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
event.listen(incidents, "after_create", _MAKE.execute_if(dialect="sqlite"))

INCIDENTS = "incidents"
"""The notes that changed words leave: the ``seq`` of the incidents."""
_SLACK = 1_000
"""How many places the order of arrival and the order of time may differ."""
_NOTES = 50
"""Of the newest notes of the timeline are found by text."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which incidents a list shows, newest first. ``before``: only those before this ``seq``."""

    text: str = ""
    number: str = ""
    statuses: tuple[str, ...] = ()
    type: str = ""
    grade: int = 0
    owner: str = ""
    since: Millis | None = None
    until: Millis | None = None
    merged: bool = False
    before: int | None = None
    limit: int = 100


_FORGET = Prepared(text("DELETE FROM incident_words WHERE rowid = :seq"))
_INDEX = Prepared(
    text(
        "INSERT INTO incident_words(rowid, said, tags, numbers)"
        " VALUES (:seq, :said, :tags, :numbers)"
    )
)
_MERGED = Prepared(
    select(incidents.c.id).where(
        incidents.c.root == bindparam("key"), incidents.c.id != bindparam("key")
    )
)


def index(conn: Connection, row: Mapping[str, Any], *, new: bool = False) -> None:
    """Write the words of an incident anew; of a ``new`` one nothing is there yet, and nothing was merged into it."""
    note_more(conn, INCIDENTS, [row["seq"]])
    rows = [row]
    if not new:
        _FORGET.change(conn, {"seq": row["seq"]})
        rows += _merged(conn, row["id"])
    said = [each[name] for each in rows for name in ("title", "address", "name", "note", "result")]
    for each in rows if not new else ():
        said += _notes(conn, each["id"])
    values = {
        "seq": row["seq"], "said": words_of(" \n ".join(filter(None, said))), "tags": tags_of(row),
        "numbers": " ".join(dict.fromkeys(_numbers(each["number"]) for each in rows)),
    }  # fmt: skip
    _INDEX.change(conn, values)


def reindex(conn: Connection, ids: Sequence[str], *, new: bool = False) -> None:
    """Write the words of some incidents anew."""
    for each in ids:
        if (row := bare(conn, each)) is not None:
            index(conn, row, new=new)


def tags_of(row: Mapping[str, Any]) -> str:
    """Return what an incident is as words; no text that people type looks like them."""
    tags = [f"s_{row['status']}", f"g_{row['grade']}", *(["m_1"] if row["merged_into"] else [])]
    if row["type"]:
        kind = row["type"]
        tags += [f"t_{kind}", f"t_{kind[:3]}__", f"t_{kind[:1]}____"]
    if row["owner"]:
        tags.append(f"o_{row['owner'].encode().hex()}")
    return " ".join(tags)


def _numbers(number: str) -> str:
    """Return a number whole and by its ends: the last digits are what people remember."""
    digits = "".join(letter for letter in number if letter.isdigit())
    return " ".join(dict.fromkeys([digits, *(digits[-n:] for n in (4, 7, 8) if len(digits) > n)]))


def _merged(conn: Connection, root: str) -> list[Row]:
    """What was merged into an incident is found with it."""
    found = [bare(conn, key) for (key,) in _MERGED.rows(conn, {"key": root})]
    return [row for row in found if row is not None]


_NOTED = Prepared(
    select(entries.c.body)
    .where(entries.c.incident_id == bindparam("key"), entries.c.kind == NOTE)
    .order_by(entries.c.at.desc())
    .limit(_NOTES)
)


def _notes(conn: Connection, incident_id: str) -> list[str]:
    found = _NOTED.rows(conn, {"key": incident_id})
    return [json.loads(body)["text"] for (body,) in found]


def make(conn: Connection) -> None:
    """Make the index where it is missing: in a database of an earlier release.

    Refuses ``bad_configuration`` on anything but SQLite.
    """
    if conn.dialect.name != "sqlite":
        raise invalid(
            "bad_configuration",
            f"Incidents are searched by an index of SQLite, and the database is {conn.dialect.name}.",
            "Leave the setting database empty, or leave incidents out of the setting layers.",
            field="database",
        )
    conn.execute(text(CREATE))


def catch_up(conn: Connection, limit: int = 500) -> int:
    """Write the words of incidents that are newer than the index; return of how many."""
    indexed = conn.execute(text("SELECT coalesce(max(rowid), 0) FROM incident_words")).scalar()
    query = select(incidents.c.id).where(incidents.c.seq > indexed).order_by(incidents.c.seq)
    found = list(conn.execute(query.limit(limit)).scalars())
    for each in found:  # in order: what is interrupted goes on where it was
        reindex(conn, [each])
    return len(found)


# ---- finding


def find(conn: Connection, wanted: Wanted) -> list[Row]:
    """Return a page of incidents with their calls."""
    match = _match(wanted)
    bounds = _bounds(conn, wanted)
    query = select(incidents).order_by(incidents.c.seq.desc()).limit(wanted.limit)
    if match:
        edges = wanted.until is not None
        found = _matches(conn, match, bounds, wanted.limit, edges=edges)
        query = query.where(incidents.c.seq.in_(found))
    else:
        query = _plain(query, wanted)
        for name, value in bounds.items():
            query = query.where(
                incidents.c.seq >= value if name == "low" else incidents.c.seq < value
            )
    rows = conn.execute(_within(query, wanted)).mappings()
    return with_calls(conn, [dict(row) for row in rows])


_MATCHING = text("SELECT rowid FROM incident_words WHERE incident_words MATCH :match")


def keys(conn: Connection, wanted: Wanted, among: Collection[int] | None = None) -> list[int]:
    """Return the ``seq`` of all that a list shows, or of those of them that are ``among`` some, oldest first."""
    seq = incidents.c.seq
    query = select(seq)
    # Indexes alone are read, no incident: but for times.
    if match := _match(wanted):
        query = query.where(seq.in_(_MATCHING.bindparams(match=match).columns(seq)))
    else:
        if wanted.statuses:
            query = query.where(incidents.c.status == wanted.statuses[0])
        if not wanted.merged:
            query = query.where(seq.not_in(_MATCHING.bindparams(match="tags : m_1").columns(seq)))
    if among is not None:
        query = query.where(seq.in_(among))
    return [row[0] for row in raw(conn, _within(query, wanted).order_by(seq))]


def by_seqs(conn: Connection, seqs: Collection[int]) -> list[Row]:
    """Return some incidents with their calls, newest first."""
    query = select(incidents).where(incidents.c.seq.in_(seqs)).order_by(incidents.c.seq.desc())
    return with_calls(conn, [dict(row) for row in conn.execute(query).mappings()])


def _within(query: Any, wanted: Wanted) -> Any:
    if wanted.since is not None:
        query = query.where(incidents.c.created_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(incidents.c.created_at <= wanted.until)
    return query


def _plain(query: Any, wanted: Wanted) -> Any:
    """Without any filter the list itself is read; one state alone has an index of its own."""
    if len(wanted.statuses) == 1:
        query = query.where(incidents.c.status == wanted.statuses[0])
    return query if wanted.merged else query.where(incidents.c.merged_into == "")


_NOTHING = '"_"'
"""No text has this word."""


def _match(wanted: Wanted) -> str:
    parts = []
    if wanted.text.strip():
        # A text of signs alone stands nowhere.
        said = query_of(wanted.text) or _NOTHING
        # What looks like a number may be one, too.
        digits = digits_of(wanted.text)
        also = f' OR numbers : "{digits}"*' if digits else ""
        parts.append(f"(said : ({said}){also})")
    if wanted.number:
        digits = "".join(letter for letter in wanted.number if letter.isdigit())
        parts.append(f'numbers : "{digits}"*')
    if wanted.type:
        # 20700 asks for 20701 too, as 20000 does for all accidents: the zeros of a group mean any.
        kind = wanted.type.replace("0000", "____") if wanted.type.endswith("0000") else wanted.type
        kind = kind[:3] + "__" if kind.endswith("00") else kind
        parts.append(f"tags : t_{kind}")
    if wanted.grade:
        parts.append(f"tags : g_{wanted.grade}")
    if wanted.owner:
        parts.append(f"tags : o_{wanted.owner.encode().hex()}")
    if len(wanted.statuses) > 1 or (wanted.statuses and parts):
        states = " OR ".join(f"s_{status}" for status in wanted.statuses)
        parts.append(f"tags : ({states})")
    hidden = " NOT tags : m_1" if not wanted.merged else ""
    return f"({' AND '.join(parts)}){hidden}" if parts else ""


_FIND = text(
    "SELECT rowid FROM incident_words WHERE incident_words MATCH :match"
    " AND rowid >= :low AND rowid < :high ORDER BY rowid DESC LIMIT :limit"
)


def _matches(
    conn: Connection, match: str, bounds: Mapping[str, int], limit: int, *, edges: bool
) -> list[int]:
    """Return the newest rows of the index; with ``edges`` more than a page: a time is cut exactly later."""
    values = {"match": match, "low": 0, "high": 2**62, **bounds}
    values["limit"] = limit + 2 * _SLACK * edges
    return [row[0] for row in conn.execute(_FIND, values)]


def _bounds(conn: Connection, wanted: Wanted) -> dict[str, int]:
    """Return times as places in the order of incidents: an index reads those in one sweep."""
    bounds: dict[str, int] = {}
    if wanted.since is not None:
        found = _place(conn, incidents.c.created_at >= wanted.since, newest=False)
        bounds["low"] = (found if found is not None else 2**62) - _SLACK
    if wanted.until is not None:
        found = _place(conn, incidents.c.created_at <= wanted.until, newest=True)
        bounds["high"] = (found if found is not None else 0) + _SLACK
    if wanted.before is not None:
        bounds["high"] = min(bounds.get("high", wanted.before), wanted.before)
    return bounds


def _place(conn: Connection, where: Any, *, newest: bool) -> int | None:
    by_time = incidents.c.created_at
    query = select(incidents.c.seq).where(where)
    return conn.execute(query.order_by(by_time.desc() if newest else by_time).limit(1)).scalar()
