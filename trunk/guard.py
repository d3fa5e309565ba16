"""The guard against toll fraud: who may call what, how much, and what traffic is unusual. Pure; time is an input."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from softswitch.clock import Millis
from softswitch.errors import Refusal, conflict, forbidden
from trunk.model import CallerClass, Limits, Plan

HOUR: Millis = 3_600_000
DAY: Millis = 24 * HOUR
QUIET_HOURS = 24
"""So many hours tell what is usual."""
LEAST_UNUSUAL = 20
"""Fewer calls in an hour are never unusual."""
MANY_TIMES = 4.0
"""Unusual is so many times the mean of the hours before."""


def class_of(plan: Plan, extension: str) -> CallerClass | None:
    """Return the first class that an extension is a member of; None: no class, and nothing is forbidden."""
    for each in plan.classes:
        if any(member.matches(extension) for member in each.members):
            return each
    return None


def check_destination(caller: str, known: CallerClass | None, number: str) -> None:
    """Refuse a number that the caller's class may not call."""
    if known is None:
        return
    denied = any(each.matches(number) for each in known.deny)
    allowed = not known.allow or any(each.matches(number) for each in known.allow)
    if denied or not allowed:
        raise forbidden(
            "destination_forbidden",
            f"Extension {caller} (class {known.name}) may not call {number}.",
            "Ask a supervisor to call, or have the class changed.",
        )


@dataclass(slots=True)
class Usage:
    """What one user or trunk has used: starts of calls, and talked time, of the last day."""

    starts: deque[Millis] = field(default_factory=deque)
    talked: deque[tuple[Millis, Millis]] = field(default_factory=deque)
    """(end of the call, how long it was)."""

    def start(self, at: Millis) -> None:
        """A call begins."""
        self.starts.append(at)
        self._tidy(at)

    def end(self, at: Millis, talked: Millis) -> None:
        """A call has ended."""
        if talked:
            self.talked.append((at, talked))
        self._tidy(at)

    def _tidy(self, at: Millis) -> None:
        while self.starts and self.starts[0] <= at - (QUIET_HOURS + 1) * HOUR:
            self.starts.popleft()
        while self.talked and self.talked[0][0] <= at - DAY:
            self.talked.popleft()

    def in_hour(self, at: Millis) -> int:
        """Return how many calls began in the last hour."""
        return sum(1 for start in self.starts if start > at - HOUR)

    def minutes_in_day(self, at: Millis) -> float:
        """Return how many minutes were talked in calls that ended within a day."""
        return sum(talked for ended, talked in self.talked if ended > at - DAY) / 60_000

    def is_unusual(self, at: Millis) -> bool:
        """Tell whether the last hour had many times the calls of the hours before."""
        now = self.in_hour(at)
        before = sum(1 for start in self.starts if start <= at - HOUR) / QUIET_HOURS
        return now >= LEAST_UNUSUAL and now > MANY_TIMES * max(before, 1.0)


def check_limits(what: str, limits: Limits, calls: int, usage: Usage, at: Millis) -> None:
    """Refuse a further call of a user or on a trunk that has used up what it may; ``calls`` are up now."""
    if (refusal := over(what, limits, calls, usage, at)) is not None:
        raise refusal


def over(what: str, limits: Limits, calls: int, usage: Usage, at: Millis) -> Refusal | None:
    """Return the limit that a further call would break, None when it breaks none."""
    if limits.calls is not None and calls >= limits.calls:
        return _limit(f"{what} has {calls} calls up, of {limits.calls} allowed.")
    if limits.calls_per_hour is not None and usage.in_hour(at) >= limits.calls_per_hour:
        return _limit(f"{what} has made {limits.calls_per_hour} calls in this hour.")
    if limits.minutes_per_day is not None and usage.minutes_in_day(at) >= limits.minutes_per_day:
        return _limit(f"{what} has used {limits.minutes_per_day} minutes in this day.")
    return None


def _limit(message: str) -> Refusal:
    return conflict(
        "limit_reached",
        message,
        "Wait, or have the limit raised in the description of trunks.",
    )
