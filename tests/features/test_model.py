"""The decisions of camp-on and night service as pure functions."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softswitch.calls.intake import BeginAgain, CallNight, Desk, Duty, Offer, Waiting, night_steps
from softswitch.features.camp_model import Camp, CampState, after_call, in_order, to_call
from softswitch.features.night_model import (
    DAY,
    WEEK,
    Mode,
    Night,
    Period,
    is_night,
    minute_of_week,
    minutes_to_change,
)

WORKDAYS = Period((1, 2, 3, 4, 5), 18 * 60, 8 * 60)
WEEKEND = Period((6, 7), 0, 0)


def camp(name: str, caller: str, at: int, state: CampState = CampState.WAITING) -> Camp:
    return Camp(name, caller, "2001", at, at + 1000, state)


def at(day: int, hour: int, minute: int = 0) -> int:
    """An instant of a week that begins on Monday, 2026-11-23, UTC."""
    return int(datetime(2026, 11, 22 + day, hour, minute, tzinfo=UTC).timestamp() * 1000)


# ---- camp-on


def test_the_first_who_asked_is_called_alone() -> None:
    camps = [camp("b", "1002", 20), camp("a", "1001", 10)]
    assert [c.id for c in to_call(camps, lambda number: True)] == ["a"]
    assert [c.id for c in in_order(camps, "2001")] == ["a", "b"]


def test_nobody_is_called_while_another_of_the_queue_is() -> None:
    camps = [camp("a", "1001", 10, CampState.CALLING), camp("b", "1002", 20)]
    assert to_call(camps, lambda number: True) == []


def test_one_who_is_busy_himself_is_passed_over() -> None:
    camps = [camp("a", "1001", 10), camp("b", "1002", 20)]
    assert [c.id for c in to_call(camps, lambda number: number != "1001")] == ["b"]
    assert to_call(camps, lambda number: number != "2001") == []


def test_one_who_waits_for_two_is_called_once() -> None:
    other = Camp("c", "1001", "2002", 5, 1000)
    assert [c.id for c in to_call([camp("a", "1001", 10), other], lambda number: True)] == ["c"]


@pytest.mark.parametrize(
    ("connected", "answered", "cause", "state"),
    [
        (True, True, 16, CampState.DONE),
        (False, False, 19, CampState.FAILED),
        (False, False, 17, CampState.WAITING),
        (False, True, 17, CampState.WAITING),
        (False, True, 19, CampState.FAILED),
    ],
)
def test_what_a_call_back_leaves(
    connected: bool, answered: bool, cause: int, state: CampState
) -> None:
    assert after_call(connected=connected, answered=answered, cause=cause)[0] is state


# ---- night service


@pytest.mark.parametrize(
    ("day", "hour", "night"),
    [(1, 7, False), (1, 12, False), (1, 18, True), (2, 7, True), (2, 8, False), (6, 12, True), (7, 23, True)],
)  # fmt: skip
def test_the_timetable(day: int, hour: int, night: bool) -> None:
    minute = minute_of_week(at(day, hour), UTC)
    assert is_night((WORKDAYS, WEEKEND), minute) is night


def test_sunday_night_reaches_into_monday() -> None:
    assert is_night((Period((7,), 22 * 60, 6 * 60),), minute_of_week(at(1, 5), UTC))


PERIODS = st.lists(
    st.builds(
        Period,
        st.lists(st.integers(1, 7), min_size=1, unique=True).map(tuple),
        st.integers(0, DAY - 1),
        st.integers(0, DAY - 1),
    ),
    max_size=4,
)


@given(PERIODS, st.integers(0, WEEK - 1))
def test_the_next_change_is_the_first_minute_that_differs(
    periods: list[Period], minute: int
) -> None:
    present = is_night(periods, minute)
    wait = minutes_to_change(periods, minute)
    different = [
        w for w in range(1, WEEK + 1) if is_night(periods, (minute + w) % WEEK) is not present
    ]
    assert wait == (different[0] if different else None)


def test_a_switch_by_hand_gives_way_to_the_timetable() -> None:
    night = Night(periods=(WORKDAYS,), targets=("2001",))
    assert night.settle(at(1, 20), UTC)
    night.switch(Mode.OFF, at(1, 20), "li", UTC)
    assert not night.settle(at(1, 23), UTC)
    assert night.until == at(2, 8)
    assert not night.settle(at(2, 9), UTC)
    assert night.mode is Mode.AUTO
    assert night.settle(at(2, 18), UTC)


def test_without_a_timetable_the_switch_stays() -> None:
    night = Night(targets=("2001",))
    night.switch(Mode.ON, at(1, 20), "li", UTC)
    assert night.until is None
    assert night.settle(at(7, 20), UTC)


# ---- emergency calls at night


def waiting(name: str = "c", *refused: str) -> Waiting:
    return Waiting(name, "120", 0, 1, refused_by=set(refused))


def desk(extension: str, duty: Duty = Duty.OFF, *, free: bool = True) -> Desk:
    return Desk(extension, duty, free, 0)


def test_targets_in_order_then_whoever_is_there_then_again() -> None:
    targets, desks = ("2001", "139"), [desk("1001"), desk("1002", free=False)]
    tried: list[str] = []
    for expected in ("2001", "139", "1001", "138"):
        (step,) = night_steps([waiting("c", *tried)], targets, (), desks, "138")
        assert step in (CallNight("c", expected), Offer("c", expected, step.stage if isinstance(step, Offer) else None))  # type: ignore[arg-type]  # fmt: skip
        tried.append(expected)
    assert night_steps([waiting("c", *tried)], targets, (), desks, "138") == [BeginAgain("c")]


def test_two_calls_do_not_ring_the_same_target() -> None:
    steps = night_steps([waiting("a"), waiting("b")], ("2001", "139"), (), [], None)
    assert steps == [CallNight("a", "2001"), CallNight("b", "139")]


def test_a_target_that_talks_is_passed_over_and_not_forgotten() -> None:
    assert night_steps([waiting()], ("2001",), {"2001"}, [], None) == []  # looked at again soon
    assert night_steps([waiting()], ("2001",), (), [], None) == [CallNight("c", "2001")]


NUMBERS = st.sampled_from(["2001", "2002", "139", "138"])


@given(
    st.lists(NUMBERS, min_size=1, unique=True),
    st.sets(NUMBERS | st.just("1001")),
    st.booleans(),
)
def test_no_call_ever_runs_out_of_steps(targets: list[str], refused: set[str], there: bool) -> None:
    """Whatever was refused, there is somebody to ring, or the round begins again."""
    desks = [desk("1001", free=there)]
    assert night_steps([waiting("c", *refused)], targets, (), desks, None)
