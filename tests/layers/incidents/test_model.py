"""The states of incidents, orders and reports, without anything around them."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from softswitch.errors import Refusal
from softswitch.layers.incidents.model import (
    ORDER,
    OVER,
    Status,
    check_move,
    may_follow,
    next_states,
    place,
)
from softswitch.layers.incidents.order_model import OrderState
from softswitch.layers.incidents.order_model import may_follow as order_may
from softswitch.layers.incidents.report_model import ReportKind, kind_of, next_due

FULL: dict[str, Any] = {
    "id": "a1", "status": "draft", "type": "20700", "address": "x", "latitude": None,
    "result": "out", "closed_by": "", "merged_into": "", "root": "a1",
}  # fmt: skip


def moved(before: str, after: Status, **more: Any) -> str | None:
    """The code of the refusal, or None."""
    how = {"login": "li", "reviews": False, "reason": "", **more}
    row = {**FULL, "status": before, **how.pop("row", {})}
    try:
        check_move(row, after, **how)
    except Refusal as refusal:
        return refusal.code
    return None


def test_the_whole_way_of_an_incident() -> None:
    for before, after in itertools.pairwise(ORDER):
        assert moved(before, after, reviews=after is Status.REVIEWED) is None


def test_no_state_is_a_dead_end_and_none_is_reached_from_nowhere() -> None:
    reached = {after for before in Status for after in next_states(before)}
    assert all(next_states(status) for status in Status)
    assert reached == set(Status)


def test_reviewed_comes_after_closed_only() -> None:
    for before in set(Status) - {Status.CLOSED}:
        assert not may_follow(before, Status.REVIEWED)


def test_what_is_over_is_opened_by_a_reviewer_with_a_reason() -> None:
    for before in OVER:
        assert moved(before, Status.CONTROLLED, reason="flames again") == "not_allowed"
        assert moved(before, Status.CONTROLLED, reviews=True) == "reason_missing"
        assert moved(before, Status.CONTROLLED, reviews=True, reason="flames again") is None
        assert moved(before, Status.DRAFT, reviews=True, reason="x") == "bad_move"


def test_nobody_reviews_what_he_closed() -> None:
    closed = {"closed_by": "li"}
    assert moved("closed", Status.REVIEWED, reviews=True, row=closed) == "own_incident"
    assert moved("closed", Status.REVIEWED, reviews=True, login="chen", row=closed) is None


@pytest.mark.parametrize(
    ("after", "lacks"),
    [
        (Status.VERIFIED, {"type": ""}),
        (Status.DISPATCHED, {"address": ""}),
        (Status.ON_SCENE, {"address": ""}),
        (Status.CLOSED, {"result": ""}),
    ],
)
def test_a_move_requires_what_the_next_people_need(after: Status, lacks: dict[str, str]) -> None:
    assert moved("draft", after, row=lacks) == "incomplete"
    assert moved("draft", after) is None


def test_a_point_on_the_map_is_a_place() -> None:
    assert moved("draft", Status.DISPATCHED, row={"address": "", "latitude": 29.3}) is None


def test_a_false_alarm_is_closed_as_a_draft_with_what_came_of_it() -> None:
    assert moved("draft", Status.CLOSED, row={"type": "", "address": ""}) is None


@pytest.mark.parametrize(
    ("latitude", "longitude", "uncertainty"),
    [(91, 0, 0), (0, 181, 0), (float("nan"), 0, 0), (0, 0, -1), (0, 0, float("inf"))],
)
def test_what_is_no_place(latitude: float, longitude: float, uncertainty: float) -> None:
    with pytest.raises(Refusal) as caught:
        place(latitude, longitude, uncertainty)
    assert caught.value.code == "bad_place"


def test_the_date_line_and_the_poles_are_places() -> None:
    assert place(-90, 180) == (-90, 180, 0)


def test_an_order_ends_once() -> None:
    for over in (OrderState.DONE, OrderState.CANCELLED):
        assert not any(order_may(over, after) for after in OrderState)


def test_a_late_receipt_counts() -> None:
    assert order_may(OrderState.FAILED, OrderState.RECEIVED)


def test_the_clock_of_reports() -> None:
    hours = 3_600_000
    assert next_due(0, None, over=False, first=120, follow_up=240) == 2 * hours
    assert next_due(0, None, over=True, first=120, follow_up=240) == 2 * hours
    assert next_due(0, 1 * hours, over=False, first=120, follow_up=240) == 5 * hours
    assert next_due(0, 1 * hours, over=True, first=120, follow_up=240) is None
    assert next_due(0, None, over=False, first=0, follow_up=0) is None


def test_which_report_it_is() -> None:
    assert [kind_of(1, False), kind_of(2, False), kind_of(3, True)] == list(ReportKind)
    assert kind_of(1, True) is ReportKind.FIRST
