"""The month view and the daily report: what was, and what is planned, of local days. Reads only."""

from __future__ import annotations

from datetime import date, timedelta, tzinfo
from typing import Any

from softswitch.clock import Millis
from softswitch.layers.duty import handover_store, store
from softswitch.layers.duty.localtime import day_span, zone_of
from softswitch.layers.duty.model import LONGEST_SHIFT, Book, Roster, overlaps
from softswitch.layers.duty.service import DutyService, gap_view, roster_view

MOST_ENTRIES = 200
LONGEST_SPAN = 62 * 86_400_000

Json = dict[str, Any]


async def month(duty: DutyService, roster: Roster, first: date, last: date) -> Json:
    """Return the days of a month: shifts, leaves, gaps and overlaps. ``last`` is the day behind."""
    zone = zone_of(roster.zone)
    begin, end = day_span(first, zone)[0], day_span(last, zone)[0]
    book = await duty.db.read(store.book, begin, end, LONGEST_SHIFT)
    days = [first + timedelta(days=index) for index in range((last - first).days)]
    return {
        "roster": roster_view(roster),
        "begin": begin,
        "end": end,
        "people": {key: person.name for key, person in sorted(book.people.items())},
        "days": [_day(book, roster, day, zone) for day in days],
        "gaps": [gap_view(gap) for gap in book.gaps(roster, begin, end)],
    }


def _day(book: Book, roster: Roster, day: date, zone: tzinfo) -> Json:
    begin, end = day_span(day, zone)
    there = [shift for shift in book.shifts(roster.key) if begin <= shift.begin < end]
    return {
        "date": day.isoformat(),
        "begin": begin,
        "end": end,
        "shifts": [_shift(book, shift) for shift in sorted(there, key=lambda s: (s.begin, s.position))],
        "gaps": [gap_view(gap) for gap in book.gaps(roster, begin, end)],
    }  # fmt: skip


def _shift(book: Book, shift: Any) -> Json:
    serving = next(
        (one for one in book.on_duty(shift.roster, shift.begin) if one.shift.id == shift.id), None
    )
    return {
        **store.shift_row(shift),
        "away": not book.is_there(shift.person, shift.begin),
        "serving": serving.person.key if serving else "",
    }


async def troubles(duty: DutyService, begin: Millis, end: Millis) -> Json:
    """Return all gaps of all rosters and everybody who is named twice, in a span of up to two months."""
    book = await duty.db.read(store.book, begin, end, LONGEST_SHIFT)
    shifts = [shift for roster in duty.rosters for shift in book.shifts(roster)]
    return {
        "gaps": [gap_view(gap) for each in duty.rosters.values() for gap in book.gaps(each, begin, end)],
        "overlaps": [
            {"person": one.person, "first": store.shift_row(one.first), "second": store.shift_row(one.second)}
            for one in overlaps(shifts)
        ],
    }  # fmt: skip


async def daily(duty: DutyService, day: date, zone: tzinfo) -> Json:
    """Return the report of a local day: who served, gaps, leaves, hand-overs, and what happened."""
    begin, end = day_span(day, zone)
    book = await duty.db.read(store.book, begin, end, LONGEST_SHIFT)
    written = await duty.db.read(handover_store.page, None, end, MOST_ENTRIES, begin)
    away = await duty.db.read(store.leaves_between, begin, end)
    return {
        "date": day.isoformat(),
        "begin": begin,
        "end": end,
        "rosters": [_served(book, roster, begin, end) for roster in duty.rosters.values()],
        "leaves": [store.leave_row(leave) for leave in away],
        "handovers": written,
        "counts": await duty.db.read(store.counted, begin, end),
    }


def _served(book: Book, roster: Roster, begin: Millis, end: Millis) -> Json:
    there = [s for s in book.shifts(roster.key) if s.end > begin and s.begin < end]
    return {
        **roster_view(roster),
        "shifts": [
            {**_shift(book, shift), "name": _name(book, shift.person)}
            for shift in sorted(there, key=lambda s: (s.begin, s.position))
        ],
        "gaps": [gap_view(gap) for gap in book.gaps(roster, begin, end)],
    }


def _name(book: Book, key: str) -> str:
    person = book.people.get(key)
    return person.name if person else key
