"""Duty in SQL: the address book, rosters, shifts and leaves."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import (
    Connection,
    RowMapping,
    Table,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from softswitch.access import audit
from softswitch.clock import Millis
from softswitch.layers.duty.events import DutyChanged, DutyGap
from softswitch.layers.duty.model import Book, Gap, Leave, Person, Roster, Shift, Use
from softswitch.layers.duty.tables import counts, leaves, people, rosters, shifts, told
from softswitch.store.event_log import append
from softswitch.store.prepared import Prepared

Row = dict[str, Any]
MOST_IN_QUERY = 500


def put(conn: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Write a row whole under its primary key; tell whether it is new."""
    key = next(iter(table.primary_key.columns))
    where = key == row[key.name]
    if conn.execute(update(table).where(where).values(**row)).rowcount:
        return False
    conn.execute(insert(table).values(**row))
    return True


def tell(conn: Connection, login: str, what: str, target: str, details: Row, at: Millis) -> None:
    """Write who changed what."""
    audit.append(conn, login, f"duty.{what}", target, details, at=at)


# ---- people


def person_row(person: Person) -> Row:
    """Return a person as a row."""
    return {
        "key": person.key, "name": person.name, "title": person.title, "unit": person.unit,
        "numbers": json.dumps(person.numbers), "deputy": person.deputy, "note": person.note,
        "gone": person.left,
    }  # fmt: skip


def _person(row: RowMapping) -> Person:
    return Person(
        row["key"], row["name"], row["title"], row["unit"], tuple(json.loads(row["numbers"])),
        row["deputy"], row["note"], row["gone"],
    )  # fmt: skip


def all_people(conn: Connection) -> list[Person]:
    """Return the whole address book, by key."""
    return [_person(row) for row in conn.execute(select(people).order_by(people.c.key)).mappings()]


def find_people(conn: Connection, text: str, after: str, limit: int) -> list[Person]:
    """Return people by key after ``after``; ``text`` is in the name, unit, title or a number."""
    query = select(people).where(people.c.key > after).order_by(people.c.key).limit(limit)
    if text:
        columns = (people.c.key, people.c.name, people.c.unit, people.c.title, people.c.numbers)
        query = query.where(or_(*(column.contains(text, autoescape=True) for column in columns)))
    return [_person(row) for row in conn.execute(query).mappings()]


def one_person(conn: Connection, key: str) -> Person | None:
    """Return a person, or None."""
    row = conn.execute(select(people).where(people.c.key == key)).mappings().first()
    return _person(row) if row else None


# ---- rosters


def roster_row(roster: Roster) -> Row:
    """Return a roster as a row."""
    uses = " ".join(sorted(use.value for use in roster.uses))
    return {
        "key": roster.key, "name": roster.name, "zone": roster.zone, "need": roster.need,
        "uses": uses,
    }  # fmt: skip


def all_rosters(conn: Connection) -> list[Roster]:
    """Return every roster, by key."""
    return [
        Roster(row["key"], row["name"], row["zone"], row["need"],
               frozenset(Use(use) for use in row["uses"].split()))
        for row in conn.execute(select(rosters).order_by(rosters.c.key)).mappings()
    ]  # fmt: skip


def drop_roster(conn: Connection, key: str) -> bool:
    """Remove a roster with its shifts."""
    conn.execute(delete(shifts).where(shifts.c.roster == key))
    conn.execute(delete(told).where(told.c.roster == key))
    return conn.execute(delete(rosters).where(rosters.c.key == key)).rowcount > 0


# ---- shifts and leaves


def _shift(row: RowMapping) -> Shift:
    return Shift(
        row["id"], row["roster"], row["person"], row["begin"], row["end"], row["deputy"],
        row["position"],
    )  # fmt: skip


def shift_row(shift: Shift) -> Row:
    """Return a shift as a row."""
    return {
        "id": shift.id, "roster": shift.roster, "person": shift.person, "begin": shift.begin,
        "end": shift.end, "deputy": shift.deputy, "position": shift.position,
    }  # fmt: skip


def shifts_between(
    conn: Connection, begin: Millis, end: Millis, longest: Millis, roster: str | None = None
) -> list[Shift]:
    """Return the shifts that touch a span. ``longest``: how long a shift may be, which lets the index do it."""
    within = and_(shifts.c.begin < end, shifts.c.begin > begin - longest, shifts.c.end > begin)
    query = select(shifts).where(within).order_by(shifts.c.begin, shifts.c.position, shifts.c.id)
    if roster is not None:
        query = query.where(shifts.c.roster == roster)
    return [_shift(row) for row in conn.execute(query).mappings()]


def shifts_of(conn: Connection, person: str, begin: Millis, end: Millis) -> list[Shift]:
    """Return the shifts of a person that touch a span."""
    within = and_(shifts.c.person == person, shifts.c.begin < end, shifts.c.end > begin)
    return [_shift(row) for row in conn.execute(select(shifts).where(within)).mappings()]


def one_shift(conn: Connection, shift_id: str) -> Shift | None:
    """Return a shift, or None."""
    row = conn.execute(select(shifts).where(shifts.c.id == shift_id)).mappings().first()
    return _shift(row) if row else None


def leave_row(leave: Leave) -> Row:
    """Return a leave as a row."""
    return {
        "id": leave.id, "person": leave.person, "begin": leave.begin, "end": leave.end,
        "deputy": leave.deputy, "reason": leave.reason,
    }  # fmt: skip


def leaves_between(conn: Connection, begin: Millis, end: Millis) -> list[Leave]:
    """Return the leaves that touch a span."""
    query = (
        select(leaves)
        .where(leaves.c.end > begin, leaves.c.begin < end)
        .order_by(leaves.c.begin, leaves.c.id)
    )
    return [
        Leave(row["id"], row["person"], row["begin"], row["end"], row["deputy"], row["reason"])
        for row in conn.execute(query).mappings()
    ]


def drop(conn: Connection, table: Table, id: str) -> bool:  # noqa: A002
    """Remove a row by its id."""
    return conn.execute(delete(table).where(table.c.id == id)).rowcount > 0


def book(conn: Connection, begin: Millis, end: Millis, longest: Millis) -> Book:
    """Return the book of a span of time, on one picture of the database."""
    found, away = shifts_between(conn, begin, end, longest), leaves_between(conn, begin, end)
    keys = {key for each in found for key in (each.person, each.deputy)}
    keys |= {leave.deputy for leave in away}
    return Book(_people_and_deputies(conn, keys), found, away)


def book_of(conn: Connection, keys: Iterable[str], at: Millis) -> Book:
    """Return people with their deputies and who is on leave at an instant, without any shift."""
    away = leaves_between(conn, at, at + 1)
    wanted = {*keys, *(leave.deputy for leave in away)}
    return Book(_people_and_deputies(conn, wanted), (), away)


def _people_and_deputies(conn: Connection, keys: set[str]) -> list[Person]:
    """Return people with their deputies, and theirs: a book of 100,000 is not read for one roster."""
    found: dict[str, Person] = {}
    wanted = keys - {""}
    while wanted:
        found |= {person.key: person for person in people_of(conn, wanted)}
        wanted = {person.deputy for person in found.values()} - found.keys() - {""} - wanted
    return list(found.values())


def people_of(conn: Connection, keys: Iterable[str]) -> list[Person]:
    """Return the people with these keys."""
    listed, found = sorted(keys), list[Person]()
    for start in range(0, len(listed), MOST_IN_QUERY):
        part = listed[start : start + MOST_IN_QUERY]
        rows = conn.execute(select(people).where(people.c.key.in_(part))).mappings()
        found += [_person(row) for row in rows]
    return found


# ---- what was told


def last_told(conn: Connection) -> dict[str, Row]:
    """Return what was told last of each roster."""
    rows = conn.execute(select(told)).mappings()
    return {row["roster"]: {**row, "people": tuple(json.loads(row["people"]))} for row in rows}


def tell_changes(
    conn: Connection, changed: Iterable[tuple[str, tuple[str, ...], Gap | None, bool, bool]],
    at: Millis,
) -> None:  # fmt: skip
    """Write who is on duty now and which gap comes, with the facts of what is new."""
    for roster, who, gap, new_people, new_gap in changed:
        row = {
            "roster": roster, "people": json.dumps(who),
            "gap_begin": gap.begin if gap else None, "gap_end": gap.end if gap else None,
        }  # fmt: skip
        put(conn, told, row)
        if new_people:
            append(conn, DutyChanged(roster, at, who), at=at)
        if new_gap and gap is not None:
            append(conn, DutyGap(roster, at, gap.begin, gap.end, gap.there, gap.need), at=at)


# ---- counts of what happened


_COUNT = Prepared(
    update(counts)
    .where(and_(counts.c.quarter == bindparam("begin"), counts.c.kind == bindparam("what")))
    .values(count=counts.c.count + bindparam("more"))
)


def count(conn: Connection, quarter: Millis, kind: str, more: int) -> None:
    """Add to what happened in a quarter of an hour."""
    if not _COUNT.change(conn, {"begin": quarter, "what": kind, "more": more}):
        conn.execute(insert(counts).values(quarter=quarter, kind=kind, count=more))


def counted(conn: Connection, begin: Millis, end: Millis) -> dict[str, int]:
    """Return what happened between two instants, by kind."""
    query = (
        select(counts.c.kind, func.sum(counts.c.count))
        .where(counts.c.quarter >= begin, counts.c.quarter < end)
        .group_by(counts.c.kind)
    )
    return {kind: int(total) for kind, total in conn.execute(query)}
