"""Night service, the decisions: when it is night by the timetable, what a switch by hand does. Pure.

Local time comes in as minutes of the week: Monday 00:00 is 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum

from softswitch.clock import Millis

DAY = 1_440
WEEK = 7 * DAY
MINUTE: Millis = 60_000


class Mode(StrEnum):
    """What decides: the timetable, or a person."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Period:
    """Night on some days of the week (1 Monday to 7 Sunday), from one minute of the day to another.

    ``end`` at or before ``begin``: until that time of the next day; equal is a whole day.
    """

    days: tuple[int, ...]
    begin: int
    end: int

    def spans(self) -> list[tuple[int, int]]:
        """Return it as (first, behind the last) minutes of the week; the last may lie in the next week."""
        length = (self.end - self.begin) % DAY or DAY
        return [
            ((d - 1) * DAY + self.begin, (d - 1) * DAY + self.begin + length) for d in self.days
        ]


def minute_of_week(at: Millis, zone: tzinfo | None = None) -> int:
    """Return the local minute of the week; without a zone that of the machine."""
    local = datetime.fromtimestamp(at / 1000, zone)
    return local.weekday() * DAY + local.hour * 60 + local.minute


def is_night(periods: Iterable[Period], minute: int) -> bool:
    """Tell whether a minute of the week lies in the timetable."""
    return any(
        begin <= minute < end or begin <= minute + WEEK < end
        for period in periods
        for begin, end in period.spans()
    )


def minutes_to_change(periods: Sequence[Period], minute: int) -> int | None:
    """Return how many minutes until the timetable changes between night and day; None when it never does."""
    present = is_night(periods, minute)
    edges = {edge % WEEK for period in periods for span in period.spans() for edge in span}
    waits = sorted((edge - minute) % WEEK or WEEK for edge in edges)
    return next((w for w in waits if is_night(periods, (minute + w) % WEEK) is not present), None)


@dataclass(slots=True)
class Night:
    """The switch and the timetable. ``until``: when a switch by hand gives way to the timetable."""

    mode: Mode = Mode.AUTO
    periods: tuple[Period, ...] = ()
    targets: tuple[str, ...] = ()
    """Who takes emergency calls at night, in order."""
    lines: tuple[tuple[str, str], ...] = ()
    """Extensions whose calls go to another number at night."""
    until: Millis | None = None
    by: str = ""
    since: Millis = 0
    was_on: bool = False
    """What was told last."""

    def settle(self, at: Millis, zone: tzinfo | None = None) -> bool:
        """End a switch by hand whose time is over; return whether it is night."""
        if self.mode is not Mode.AUTO and self.until is not None and at >= self.until:
            self.mode, self.until, self.by = Mode.AUTO, None, ""
        if self.mode is Mode.AUTO:
            return is_night(self.periods, minute_of_week(at, zone))
        return self.mode is Mode.ON

    def switch(self, mode: Mode, at: Millis, by: str, zone: tzinfo | None = None) -> None:
        """Switch by hand: until the timetable changes next, so that nobody is left with yesterday's switch."""
        self.mode, self.by = mode, by
        change = minutes_to_change(self.periods, minute_of_week(at, zone))
        until = None if change is None else (at // MINUTE + change) * MINUTE
        self.until = None if mode is Mode.AUTO else until
