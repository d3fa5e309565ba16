"""Pure values of incidents."""

from __future__ import annotations

import hashlib
from enum import StrEnum

from softswitch import numbers
from softswitch.errors import Refusal, conflict


class Status(StrEnum):
    """How far an incident has come."""

    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"


LONGEST_TITLE = 120
LONGEST_NOTE = 10_000
LONGEST_ADDRESS = 200


def incident_id(call_id: str) -> str:
    """Return the id of the incident of a call; telling a call twice makes one incident."""
    return hashlib.sha256(f"incident {call_id}".encode()).hexdigest()[:16]


def changed_text(field: str, text: str) -> str:
    """Return a text that a dispatcher typed, or refuse it."""
    longest = {"title": LONGEST_TITLE, "note": LONGEST_NOTE, "address": LONGEST_ADDRESS}
    return numbers.plain_text(text, field, longest.get(field, LONGEST_TITLE))


def outdated(incident: str, version: int) -> Refusal:
    """Return the refusal for a change that was made on an older picture."""
    return conflict(
        "incident_changed",
        f"Incident {incident} was changed by somebody else; it is at version {version}.",
        "Read it again, then repeat your change.",
    )
