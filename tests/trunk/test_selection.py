"""Which trunks a call tries, in which order: properties."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trunk.plans import GOOD, plan
from trunk.causes import FINAL, OVERFLOW, WAY_DEAD, Next, after, q850
from trunk.config import read
from trunk.hours import hours
from trunk.model import Rewrite, Step
from trunk.patterns import overlap, pattern
from trunk.selection import Query, Selector, ordered, serves
from trunk.translate import presented, translated

NUMBERS = st.text("0123456789", min_size=3, max_size=12)
STEPS = st.lists(
    st.builds(Step, st.sampled_from("abcdefgh"), st.integers(0, 3), st.integers(1, 9)),
    min_size=1,
    max_size=8,
    unique_by=lambda step: step.trunk,
)


@given(STEPS, st.integers())
def test_every_trunk_comes_once_and_orders_never_mix(steps: list[Step], draw: int) -> None:
    found = ordered(steps, draw)
    assert sorted(found, key=str) == sorted(steps, key=str)
    assert [step.order for step in found] == sorted(step.order for step in steps)
    assert ordered(steps, draw) == found


def test_weights_divide_the_calls() -> None:
    steps = [Step("a", 0, 3), Step("b", 0, 1)]
    first = Counter(ordered(steps, draw)[0].trunk for draw in range(4_000))
    assert 0.72 < first["a"] / 4_000 < 0.78


@given(NUMBERS)
def test_a_number_takes_the_most_exact_pattern(number: str) -> None:
    made = plan(("X.", "a"), (f"{number[:-1]}X", "b"), (number, "c"))
    assert [a.trunk for a in Selector(made).attempts(Query(number))] == ["c"]
    made = plan(("X.", "a"), (f"{number[:-1]}X", "b"))
    assert [a.trunk for a in Selector(made).attempts(Query(number))] == ["b"]


@given(st.lists(NUMBERS, min_size=1, max_size=30, unique=True), NUMBERS)
def test_the_tree_finds_what_looking_at_each_pattern_finds(texts: list[str], number: str) -> None:
    made = plan(*((f"{text}.", "a") for text in texts))
    matching = [r for r in made.routes if r.patterns[0].matches(number)]
    best = max(matching, key=lambda route: len(route.patterns[0].places), default=None)
    assert Selector(made).routes(Query(number)) == ([best] if best else [])


def test_a_pattern_without_a_route_for_this_call_gives_way_to_the_next() -> None:
    made = read(GOOD)
    selector = Selector(made)
    workday = Query("0101234567", caller="1001", caller_class="office", weekday=0, minute=600)
    assert [a.trunk for a in selector.attempts(workday)] == ["carrier"]
    assert selector.attempts(replace(workday, caller_class="")) == []
    assert selector.attempts(replace(workday, minute=1_100)) == []
    assert selector.attempts(replace(workday, minute=1_350))  # 22:30


def test_what_a_trunk_gets() -> None:
    made = read(GOOD)
    (attempt,) = Selector(made).attempts(
        Query("0101234567", caller="1001", caller_class="office", minute=600)
    )
    assert (attempt.number, attempt.caller) == ("+86101234567", "1001")
    first = Selector(made).attempts(Query("13800000000", caller="1001"))[0]
    assert (first.number, first.caller) == ("13800000000", "08132201001")


def test_precedence_opens_routes() -> None:
    made = plan(("X.", "a"))
    route = replace(made.routes[0], precedence=2)
    assert [serves(route, Query("5", precedence=level)) for level in range(5)] == [
        True, True, True, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "weekday", "minute", "open_"),
    [
        ("mon-fri 08:00-18:00", 4, 1_079, True),
        ("mon-fri 08:00-18:00", 4, 1_080, False),
        ("mon-fri 08:00-18:00", 5, 600, False),
        ("fri 22:00-06:00", 4, 1_400, True),
        ("fri 22:00-06:00", 5, 300, True),
        ("fri 22:00-06:00", 4, 300, False),
        ("sat,sun 00:00-24:00", 6, 1_439, True),
        ("sun-tue 08:00-09:00", 0, 500, True),
        ("sun-tue 08:00-09:00", 3, 500, False),
    ],
)
def test_hours(text: str, weekday: int, minute: int, open_: bool) -> None:
    assert hours(text).holds(weekday, minute) is open_


# ---- causes


@pytest.mark.parametrize("cause", sorted(OVERFLOW))
def test_the_way_at_fault_leads_on(cause: int) -> None:
    assert after(cause, rang=False) is Next.NEXT_TRUNK
    assert after(cause, rang=True) is Next.END


@given(st.integers(0, 300), st.booleans())
def test_only_causes_of_the_way_lead_on(cause: int, rang: bool) -> None:
    leads = q850(cause) in OVERFLOW | WAY_DEAD
    assert (after(cause, rang=rang) is Next.NEXT_TRUNK) is (leads and not rang)
    if cause in FINAL:
        assert after(cause, rang=rang) is Next.END


def test_the_loser_of_a_dual_seizure_tries_again() -> None:
    assert after(256, rang=False) is Next.NEXT_TRUNK
    assert q850(256) == 44


# ---- numbers


@given(NUMBERS, st.integers(0, 5), st.text("0123456789", max_size=6))
def test_the_first_rule_that_matches_translates(number: str, strip: int, prepend: str) -> None:
    rules = (Rewrite(pattern("X."), strip, prepend), Rewrite(pattern("X."), 0, "9"))
    assert translated(number, rules) == prepend + number[strip:]
    assert translated(number, (Rewrite(pattern("#."), strip, prepend),)) == number


@pytest.mark.parametrize(
    ("template", "caller", "shown"),
    [
        ("", "1001", "1001"),
        ("08132200000", "1001", "08132200000"),
        ("0813220XXXX", "1001", "08132201001"),
        ("0813220XXXX", "01", "08132200001"),
        ("0813220XXXX", "13800138000", "08132208000"),
    ],
)
def test_who_is_shown(template: str, caller: str, shown: str) -> None:
    assert presented(template, caller) == shown


PATTERN = st.builds(
    lambda body, dot: body + dot,
    st.text("012XZN", min_size=1, max_size=4),
    st.sampled_from(["", "."]),
)


@given(PATTERN, PATTERN, st.text("0129", min_size=1, max_size=6))
def test_patterns_that_share_a_number_overlap(one: str, other: str, number: str) -> None:
    first, second = pattern(one), pattern(other)
    if first.matches(number) and second.matches(number):
        assert overlap(first, second)
        assert overlap(second, first)
