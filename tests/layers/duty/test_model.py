"""Who is on duty, as a property: over random rosters nobody is named who is off duty, gone or on leave."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softswitch.errors import Refusal
from softswitch.layers.duty import entries
from softswitch.layers.duty.localtime import (
    day_span,
    instant,
    local,
    minute_of,
    month_of,
    span,
    zone_of,
)
from softswitch.layers.duty.model import HOUR, Book, Leave, Person, Roster, Shift, overlaps

PEOPLE = ("a", "b", "c", "d", "e")
ZONES = (
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
)
START = 1_790_000_000_000

times = st.integers(0, 96).map(lambda n: START + n * HOUR // 2)


def others(key: str) -> st.SearchStrategy[str]:
    return st.sampled_from(("", *(name for name in PEOPLE if name != key)))


@st.composite
def books(draw: st.DrawFn) -> tuple[Book, list[Person], list[Shift], list[Leave]]:
    maybe = st.sampled_from(("", *PEOPLE))
    people = [
        Person(key, key.upper(), numbers=(f"10{n}",), deputy=draw(others(key)),
               left=draw(st.booleans()) and draw(st.booleans()))
        for n, key in enumerate(PEOPLE)
    ]  # fmt: skip
    shifts, leaves = [], []
    for n in range(draw(st.integers(0, 8))):
        begin, end = sorted((draw(times), draw(times)))
        if begin < end:
            who = draw(st.sampled_from(PEOPLE))
            shifts.append(Shift(f"s{n}", draw(st.sampled_from(("x", "y"))), who, begin, end,
                                draw(maybe), draw(st.integers(1, 3))))  # fmt: skip
    for n in range(draw(st.integers(0, 4))):
        begin, end = sorted((draw(times), draw(times)))
        if begin < end:
            leaves.append(Leave(f"l{n}", draw(st.sampled_from(PEOPLE)), begin, end, draw(maybe)))
    return Book(people, shifts, leaves), people, shifts, leaves


@given(books(), times)
def test_nobody_off_duty_is_ever_named(made: tuple, at: int) -> None:
    book, people, shifts, leaves = made
    left = {person.key for person in people if person.left}
    away = {leave.person for leave in leaves if leave.begin <= at < leave.end}
    for roster in ("x", "y"):
        present = [s for s in shifts if s.roster == roster and s.begin <= at < s.end]
        found = book.on_duty(roster, at)
        assert len({one.person.key for one in found}) == len(found)
        for one in found:
            assert one.person.key not in left | away
            assert one.shift in present
            assert one.person.key == one.shift.person or one.instead_of == one.shift.person
            deputy = book.deputy_of(one, at)
            assert deputy is None or deputy.key not in left | away | {one.person.key}
        serving = {one.person.key for one in found}
        for shift in present:  # who is there himself is never replaced by a deputy
            if shift.person not in left | away:
                assert shift.person in serving


@given(books(), st.integers(1, 3))
def test_gaps_are_exactly_the_times_with_too_few(made: tuple, need: int) -> None:
    book, *_ = made
    roster = Roster("x", "X", "Asia/Shanghai", need)
    end = START + 48 * HOUR
    gaps = book.gaps(roster, START, end)
    for at in range(START, end, HOUR // 2):
        inside = [gap for gap in gaps if gap.begin <= at < gap.end]
        there = len(book.on_duty("x", at))
        assert len(inside) == (there < need)
        assert all(gap.there == there for gap in inside)
    assert all(a.end <= b.begin for a, b in itertools.pairwise(gaps))


@given(books())
def test_overlaps_are_told_exactly_when_somebody_is_named_twice(made: tuple) -> None:
    _, _, shifts, _ = made
    twice = {
        a.person
        for a in shifts
        for b in shifts
        if a.id < b.id and a.person == b.person and a.begin < b.end and b.begin < a.end
    }
    assert {one.person for one in overlaps(shifts)} == twice


@given(st.sampled_from(ZONES), st.dates(date(2015, 1, 1), date(2035, 12, 31)), st.integers(0, 1440))
def test_a_local_time_is_the_same_on_the_clock_there(zone: str, day: date, minute: int) -> None:
    place = ZoneInfo(zone)
    first, last = instant(day, minute, place), instant(day, minute, place, last=True)
    wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)  # noqa: DTZ001
    assert first <= last
    for at in (first, last):
        shown = local(at, place).replace(tzinfo=None)
        if shown != wall:  # the clock passes over it: then it is the moment of the change
            before = local(at - 1000, place)
            assert shown > wall > before.replace(tzinfo=None)
            assert local(at, place).utcoffset() != before.utcoffset()


@given(st.sampled_from(ZONES), st.dates(date(2015, 1, 1), date(2035, 12, 31)))
def test_shifts_of_a_day_leave_no_gap_at_a_change_of_the_clock(zone: str, day: date) -> None:
    """Day, evening and night around the clock: somebody is on duty at every instant of the day."""
    place = zone_of(zone)
    shifts = []
    for n in range(-1, 2):
        for person, (begin, end) in zip("abc", ((0, 480), (480, 960), (960, 0)), strict=True):
            times_ = span(day + timedelta(days=n), begin, end, place)
            shifts.append(Shift(f"{n}{person}", "x", person, *times_))
    book = Book([Person(key, key) for key in "abc"], shifts, [])
    assert book.gaps(Roster("x", "x", zone), *day_span(day, place)) == []
    assert overlaps(shifts) == []


def test_the_hour_that_comes_twice_and_the_one_that_does_not() -> None:
    berlin = zone_of("Europe/Berlin")
    autumn, spring = date(2026, 10, 25), date(2026, 3, 29)
    begin, end = span(autumn, 150, 180, berlin)  # 02:30 (the first) to 03:00
    assert end - begin == 90 * 60_000
    begin, end = span(autumn, 60, 150, berlin)  # 01:00 to 02:30 (the second)
    assert end - begin == 150 * 60_000
    begin, end = span(spring, 150, 240, berlin)  # 02:30 does not exist: from 03:00 to 04:00
    assert end - begin == 60 * 60_000
    assert local(begin, berlin).hour == 3
    begin, end = day_span(spring, berlin)
    assert end - begin == 23 * HOUR


def test_a_night_shift_ends_the_next_day() -> None:
    begin, end = span(
        date(2026, 11, 22), minute_of("20:00", "begin"), minute_of("08:00", "end"), UTC
    )
    assert end - begin == 12 * HOUR
    whole = span(date(2026, 11, 22), 480, 480, UTC)
    assert whole[1] - whole[0] == 24 * HOUR


@pytest.mark.parametrize(
    ("work", "code"),
    [
        (lambda: zone_of("Mars/Base"), "bad_zone"),
        (lambda: zone_of("../etc/passwd"), "bad_zone"),
        (lambda: minute_of("25:00", "begin"), "bad_time_of_day"),
        (lambda: minute_of("8", "begin"), "bad_time_of_day"),
        (lambda: month_of("2026-13"), "bad_month"),
        (lambda: entries.key_of("a b"), "bad_key"),
        (lambda: entries.shift("x", "a", 10, 10), "bad_span"),
        (lambda: entries.shift("x", "a", 0, 60 * HOUR), "shift_too_long"),
        (lambda: entries.shift("x", "a", 0, 1, position=0), "bad_position"),
        (lambda: entries.shift("x", "a", 0, 1, "a"), "own_deputy"),
        (lambda: entries.leave("a", 5, 5), "bad_span"),
        (lambda: entries.roster("x", "X", "Asia/Shanghai", 0, ()), "bad_need"),
        (lambda: entries.roster("x", " ", "Asia/Shanghai", 1, ()), "no_name"),
        (lambda: entries.numbers_of(["110"], lambda n: n == "110"), "emergency_number"),
        (lambda: entries.numbers_of(["1;2"], lambda n: False), "bad_number"),
    ],
)
def test_what_cannot_be_is_refused(work: object, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        work()  # type: ignore[operator]
    assert refused.value.code == code
    assert refused.value.next_step
