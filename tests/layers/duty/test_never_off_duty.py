"""Somebody off duty is never called: over random rosters, by none of those who ask who is on duty.

What may be called is found here in another way than in the layer: by following who stands in for whom.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from unittest.mock import MagicMock

from hypothesis import given
from hypothesis import strategies as st

from softswitch.app_layers import connect_duty
from softswitch.app_plans import PlanDuty
from softswitch.calls.intake_service import IntakeService
from softswitch.features.night_model import Night
from softswitch.features.nights import NightService
from softswitch.layers.duty.model import Book, Leave, Person, Roster, Shift, Use
from softswitch.layers.duty.service import DutyService
from softswitch.layers.plans.model import Kind, Step, Target
from softswitch.layers.plans.reach import World, reach
from tests.layers.duty.conftest import Screen
from tests.layers.duty.test_model import START, books, times

FIXED = "8001"
ROSTERS = {
    "x": Roster("x", "X", "Asia/Shanghai", 1, frozenset({Use.INTAKE})),
    "y": Roster("y", "Y", "Asia/Shanghai", 1, frozenset({Use.NIGHT})),
}


def may_serve(
    roster: str, people: Sequence[Person], shifts: Sequence[Shift], leaves: Sequence[Leave], at: int
) -> set[str]:
    """Return the numbers of all who have a shift now, or stand in for one who has and is not here."""
    by_key = {person.key: person for person in people}
    away = {leave.person: leave for leave in leaves if leave.begin <= at < leave.end}
    gone = {person.key for person in people if person.left} | away.keys()
    found: set[str] = set()
    for shift in shifts:
        if shift.roster != roster or not shift.begin <= at < shift.end:
            continue
        open_, seen = {shift.person}, set[str]()
        while open_:
            key = open_.pop()
            seen.add(key)
            if key not in gone:
                found.add(key)
                continue
            stand_in = {shift.deputy, by_key[key].deputy}
            stand_in |= {leave.deputy for leave in leaves if leave.person == key}
            open_ |= stand_in - seen - {""}
    return {number for key in found for number in by_key[key].numbers}


def here(people: Sequence[Person], leaves: Sequence[Leave], at: int) -> set[str]:
    """Return the numbers of all who have not left and are on no leave."""
    away = {leave.person for leave in leaves if leave.begin <= at < leave.end}
    return {n for one in people if not one.left and one.key not in away for n in one.numbers}


def asked(book: Book, at: int) -> tuple[DutyService, IntakeService, NightService]:
    """The three that ask, connected as in the running system."""
    duty = DutyService(MagicMock(), Screen(), clock=lambda: at)
    duty._book, duty.rosters = book, ROSTERS
    duty._span = (START - 1, START + 10**9)
    engine = MagicMock()
    engine.book.rules.return_value.duty_number = FIXED
    tell = MagicMock()
    intake = IntakeService(engine, MagicMock(), changed=tell, answered=tell, abandoned=tell)
    nights = NightService(MagicMock(), MagicMock(), MagicMock())
    nights.night = Night(targets=("8002",), was_on=True)
    connect_duty(duty, intake, nights)
    return duty, intake, nights


@given(books(), times)
def test_the_queue_and_night_service_ring_only_who_is_on_duty(made: tuple, at: int) -> None:
    book, people, shifts, leaves = made
    _, intake, nights = asked(book, at)
    for numbers, roster, fallback in (
        (intake._duty_numbers(), "x", FIXED),
        (nights.targets(), "y", "8002"),
    ):
        allowed = may_serve(roster, people, shifts, leaves, at)
        assert set(numbers) <= allowed or numbers == (fallback,)
        assert numbers  # a gap leaves the number that is set, and no caller without any
        assert len(set(numbers)) == len(numbers)


@given(books(), times, st.sampled_from([Kind.RING, Kind.CONFERENCE, Kind.NOTIFY, Kind.TASK]))
def test_plans_and_notifications_reach_only_who_is_on_duty(
    made: tuple, at: int, kind: Kind
) -> None:
    book, people, shifts, leaves = made
    duty, *_ = asked(book, at)
    port = PlanDuty(duty)
    contacts = {key: port.on_duty(key) or () for key in ROSTERS}
    step = Step("s", kind, to=Target(duty=("x", "y")), text="集合")
    found = reach(step, World(duty=contacts, has_sms=True))
    allowed = set[str]().union(*(may_serve(key, people, shifts, leaves, at) for key in ROSTERS))
    assert {one.number for one in found.reached} <= allowed
    # Who is told when nobody answers is here too.
    deputies = {one.deputy for one in found.reached if one.deputy}
    assert deputies <= here(people, leaves, at)


@given(books(), times)
def test_people_named_by_a_plan_are_rung_only_while_they_are_here(made: tuple, at: int) -> None:
    book, people, _, leaves = made
    duty, *_ = asked(book, at)

    async def book_of(*_: object) -> Book:
        return book

    duty.db.read = book_of  # type: ignore[method-assign, assignment]
    keys = [person.key for person in people]
    world = World(people=asyncio.run(PlanDuty(duty).people(keys)))
    step = Step("s", Kind.NOTIFY, to=Target(people=tuple(keys)), text="集合")
    found = reach(step, world)
    numbers = {one.number for one in found.reached} | {one.deputy for one in found.reached} - {""}
    assert numbers <= here(people, leaves, at)
