"""Pure values of incidents: their states, who may move them and what each move requires."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from enum import IntEnum, StrEnum
from typing import Any

from softswitch import numbers
from softswitch.clock import Millis
from softswitch.errors import Kind, Refusal, conflict, forbidden, invalid


class Status(StrEnum):
    """How far an incident has come; in this order."""

    DRAFT = "draft"
    VERIFIED = "verified"
    DISPATCHED = "dispatched"
    EN_ROUTE = "en_route"
    ON_SCENE = "on_scene"
    CONTROLLED = "controlled"
    CLOSED = "closed"
    REVIEWED = "reviewed"


class Grade(IntEnum):
    """The four grades of the Emergency Response Law of 2007, article 3; 0: not graded yet."""

    NONE = 0
    ESPECIALLY_MAJOR = 1
    MAJOR = 2
    LARGER = 3
    ORDINARY = 4


ORDER: tuple[Status, ...] = tuple(Status)
OVER = frozenset({Status.CLOSED, Status.REVIEWED})
"""Nobody works on these any more."""

LONGEST_TITLE = 120
LONGEST_NOTE = 10_000
LONGEST_ADDRESS = 200
LONGEST_RESULT = 4_000
_LONGEST = {
    "title": LONGEST_TITLE, "note": LONGEST_NOTE, "address": LONGEST_ADDRESS,
    "result": LONGEST_RESULT,
}  # fmt: skip
TEXTS = ("title", "note", "address", "name", "result")


def incident_id(call_id: str) -> str:
    """Return the id of the incident of a call; telling a call twice makes one incident."""
    return hashlib.sha256(f"incident {call_id}".encode()).hexdigest()[:16]


def changed_text(field: str, text: str) -> str:
    """Return a text that a dispatcher typed, or refuse it."""
    return numbers.plain_text(text, field, _LONGEST.get(field, LONGEST_TITLE))


def outdated(what: str, which: str, version: int, changes: Sequence[Mapping[str, Any]]) -> Refusal:
    """Return the refusal for a change that was made on an older picture.

    ``changes`` are what others did since: each with ``login``, ``at`` and ``fields`` (name → before, after).
    They go out as ``details``, so that a console can show both.
    """
    names = sorted({name for change in changes for name in change["fields"]})
    who = ", ".join(sorted({change["login"] for change in changes})) or "somebody else"
    listed = f" ({', '.join(names)})" if names else ""
    return Refusal(
        Kind.CONFLICT,
        f"{what}_changed",
        f"{what.capitalize()} {which} was changed by {who}{listed}; it is at version {version}.",
        "Read it again, then repeat your change.",
        details={"version": version, "changes": list(changes)},
    )


def check_editable(row: Mapping[str, Any]) -> None:
    """Refuse to change an incident that is over or part of another."""
    if row["merged_into"]:
        raise conflict("is_merged", f"Incident {row['id']} is part of {row['root']}.",
                       f"Use {row['root']}, or split it off first.")  # fmt: skip
    if Status(row["status"]) in OVER:
        raise conflict("incident_over", f"Incident {row['id']} is {row['status']}.",
                       "Add a note, or have it opened again.")  # fmt: skip


# ---- the state machine


def may_follow(before: Status, after: Status) -> bool:
    """Return whether a move is one of those there are.

    Forward to any later state of the response, because a unit may arrive before anybody noted that it left;
    closed from anywhere (a false alarm is closed as a draft); reviewed after closed only; back by one step, and
    from closed or reviewed back to controlled.
    """
    if before is after:
        return False
    if after is Status.REVIEWED:
        return before is Status.CLOSED
    if before in OVER:
        return after is Status.CONTROLLED
    if after is Status.CLOSED:
        return True
    step = ORDER.index(after) - ORDER.index(before)
    return step > 0 or step == -1


def is_back(before: Status, after: Status) -> bool:
    """Return whether a move goes back: it needs a reason."""
    return ORDER.index(after) < ORDER.index(before)


def needs_review(before: Status, after: Status) -> bool:
    """Return whether a move takes the right to review: reviewing, and opening what was closed."""
    return after is Status.REVIEWED or before in OVER


def next_states(before: Status) -> tuple[Status, ...]:
    """Return every state that may follow, in order."""
    return tuple(status for status in ORDER if may_follow(before, status))


def missing(row: Mapping[str, Any], after: Status) -> str:
    """Return the first field that a move forward requires and that is empty; empty when none is.

    Verified: its type.  Dispatched and all that follows: where it is, too.  Closed: what came of it; a draft
    that is closed as a false alarm needs that alone.
    """
    before = Status(row["status"])
    if is_back(before, after):
        return ""
    if after is Status.CLOSED:
        return "" if row["result"] else "result"
    if after is Status.REVIEWED:
        return ""
    if not row["type"]:
        return "type"
    placed = row["address"] or row["latitude"] is not None
    if ORDER.index(after) >= ORDER.index(Status.DISPATCHED) and not placed:
        return "address"
    return ""


def check_move(
    row: Mapping[str, Any], after: Status, *, login: str, reviews: bool, reason: str
) -> None:
    """Refuse a move that is none, lacks something, or that this person may not make.

    ``reviews``: the person has the right to review.  Nobody reviews what he closed himself.
    """
    before = Status(row["status"])
    if row["merged_into"]:
        check_editable(row)
    if not may_follow(before, after):
        able = ", ".join(next_states(before))
        raise conflict(
            "bad_move",
            f"Incident {row['id']} is {before}; it cannot become {after}.",
            f"Choose one of: {able}.",
        )
    if needs_review(before, after) and not reviews:
        raise forbidden("not_allowed", f"Moving {before} to {after} takes a reviewer.",
                        "Ask a supervisor.")  # fmt: skip
    if after is Status.REVIEWED and row["closed_by"] == login:
        raise forbidden("own_incident", "You closed this incident yourself.",
                        "A second person reviews it.")  # fmt: skip
    if is_back(before, after) and not reason:
        raise invalid("reason_missing", f"Going back to {after} needs a reason.",
                      "Tell why.", field="reason")  # fmt: skip
    lacking = missing(row, after)
    if lacking:
        raise Refusal(
            Kind.CONFLICT, "incomplete", f"Incident {row['id']} has no {lacking} yet.",
            f"Fill in {lacking}, then make it {after}.", field=lacking,
        )  # fmt: skip


# ---- places


def place(latitude: float, longitude: float, uncertainty: float = 0) -> tuple[float, float, float]:
    """Return a WGS-84 point in degrees and its uncertainty in metres (RFC 5491 section 5.3), or refuse it."""
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise invalid("bad_place", f"{latitude}, {longitude} is no place on earth.",
                      "Give latitude -90 to 90 and longitude -180 to 180 (WGS-84).",
                      field="latitude")  # fmt: skip
    if not 0 <= uncertainty <= 1_000_000:
        raise invalid("bad_place", f"An uncertainty of {uncertainty} m is out of range.",
                      "Give 0 to 1,000,000 metres.", field="uncertainty")  # fmt: skip
    return latitude, longitude, uncertainty


# ---- merging


def check_merge(into: Mapping[str, Any], other: Mapping[str, Any]) -> None:
    """Refuse to merge an incident into itself, or one that is part of another already."""
    if into["root"] == other["root"]:
        raise conflict("same_incident", f"{other['id']} and {into['id']} are one incident already.",
                       "Choose another.")  # fmt: skip
    for row in (into, other):
        check_editable(row)


def due_at(began_at: Millis, minutes: int) -> Millis | None:
    """Return until when something must be done; None when nothing has to."""
    return began_at + minutes * 60_000 if minutes else None
