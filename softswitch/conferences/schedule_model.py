"""Scheduled rooms, the decisions: when to begin, to warn and to end. Pure; time is an input."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from softswitch.clock import Millis

WARN_BEFORE: Millis = 120_000


class Due(StrEnum):
    """What is to be done with a scheduled room now."""

    BEGIN = "begin"
    WARN = "warn"
    END = "end"


@dataclass(slots=True)
class Schedule:
    """Whom a room invites at its beginning, and how far it has come."""

    room_id: str
    numbers: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    begun: bool = False
    warned: bool = False


def warn_at(starts_at: Millis, ends_at: Millis) -> Millis:
    """Return when to warn: two minutes before the end, in short rooms in the last quarter."""
    return ends_at - min(WARN_BEFORE, (ends_at - starts_at) // 4)


def due(schedule: Schedule, starts_at: Millis, ends_at: Millis, at: Millis) -> Due | None:
    """Return what is to be done; one whose time went by unseen is only ended."""
    if at >= ends_at:
        return Due.END
    if at >= starts_at and not schedule.begun:
        return Due.BEGIN
    if at >= warn_at(starts_at, ends_at) and not schedule.warned:
        return Due.WARN
    return None
