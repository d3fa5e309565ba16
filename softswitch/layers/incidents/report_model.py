"""Reports upward as pure values: the clock, who may approve, what comes next.

A first report is due within two hours of the call, follow-ups until the incident is over.  The minutes stand in the
table of grades, because regions differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from softswitch.clock import Millis
from softswitch.errors import conflict, forbidden
from softswitch.layers.incidents.model import due_at


class ReportState(StrEnum):
    """How far a report has come."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    REJECTED = "rejected"
    APPROVED = "approved"
    SENT = "sent"


class ReportKind(StrEnum):
    """Which report it is."""

    FIRST = "first"
    FOLLOW_UP = "follow_up"
    FINAL = "final"


_AFTER = {
    ReportState.DRAFT: {ReportState.SUBMITTED},
    ReportState.SUBMITTED: {ReportState.APPROVED, ReportState.REJECTED},
    ReportState.REJECTED: {ReportState.SUBMITTED},
    ReportState.APPROVED: {ReportState.SENT},
    ReportState.SENT: set(),
}
EDITABLE = frozenset({ReportState.DRAFT, ReportState.REJECTED})


def check_step(report: Mapping[str, Any], after: ReportState, login: str) -> None:
    """Refuse a step that a report cannot take, or that takes a second person."""
    before = ReportState(report["state"])
    if after not in _AFTER[before]:
        able = ", ".join(sorted(_AFTER[before])) or "nothing more"
        raise conflict("bad_report_state", f"Report {report['number']} is {before}.",
                       f"It can become: {able}.")  # fmt: skip
    second = after in {ReportState.APPROVED, ReportState.REJECTED}
    if second and login in {report["author"], report["submitted_by"]}:
        raise forbidden("own_report", "You wrote or submitted this report yourself.",
                        "A second person approves it.")  # fmt: skip


def check_editable(report: Mapping[str, Any]) -> None:
    """Refuse to change the text of a report that somebody has or had to approve."""
    if ReportState(report["state"]) not in EDITABLE:
        raise conflict("report_fixed", f"Report {report['number']} is {report['state']}.",
                       "Write a follow-up report.")  # fmt: skip


def kind_of(number: int, over: bool) -> ReportKind:
    """Return which report the ``number``-th is; 1 is the first."""
    if number == 1:
        return ReportKind.FIRST
    return ReportKind.FINAL if over else ReportKind.FOLLOW_UP


def next_due(
    began_at: Millis, sent_at: Millis | None, over: bool, first: int, follow_up: int
) -> Millis | None:
    """Return until when the next report must be sent; None when none has to.

    ``first`` and ``follow_up`` are the minutes of the grade, 0: none is required.
    """
    if sent_at is None:
        return due_at(began_at, first)
    return None if over else due_at(sent_at, follow_up)
