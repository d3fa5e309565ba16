"""The breaker of a trunk: closed (in service), open (out of service), half-open (one call may try). Pure.

It opens when failures come in a row, when too few of many calls get through, or when the driver says that the line is
down; it lets one call or probe through after a pause that doubles, and closes by itself when that gets through.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum

from softswitch.clock import Millis


class Circuit(StrEnum):
    """The state of a breaker."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class Rules:
    """When a trunk is taken out of service, and when it is tried again. Times are milliseconds."""

    failures_in_row: int = 3
    window: int = 30
    """Of so many last attempts the share that got through counts."""
    least_attempts: int = 10
    least_share: float = 0.2
    """Of attempts that reached the network at all: one that is busy or not answered did."""
    pause: Millis = 5_000
    longest_pause: Millis = 60_000
    patience: Millis = 40_000
    """How long a half-open trial may take before another is let through."""


RULES = Rules()


@dataclass(slots=True)
class Breaker:
    """The health of one trunk. Every method takes the time; nothing here reads a clock."""

    rules: Rules = RULES
    state: Circuit = Circuit.CLOSED
    since: Millis = 0
    why: str = ""
    failures: int = 0
    """In a row."""
    pause: Millis = 0
    trial_at: Millis | None = None
    """When the one call of the half-open state was let through."""
    down: str = ""
    """What the driver says is wrong with the line; empty: nothing."""
    down_since: Millis = 0
    results: deque[bool] = field(default_factory=deque)

    def allows(self, at: Millis) -> bool:
        """Tell whether a call may be tried now. Asking changes nothing."""
        if self.down:
            return False
        if self.state is Circuit.CLOSED:
            return True
        if self.state is Circuit.OPEN:
            return at >= self.since + self.pause
        return self.trial_at is None or at >= self.trial_at + self.rules.patience

    def tries(self, at: Millis) -> None:
        """A call or probe goes out: an open breaker whose pause is over becomes half-open with it."""
        if self.state is Circuit.CLOSED:
            return
        if self.state is Circuit.OPEN:
            self._become(Circuit.HALF_OPEN, at, self.why)
        self.trial_at = at

    def succeeded(self, at: Millis) -> None:
        """The far end answered, rang, or refused for a reason of the number's own."""
        self.failures = 0
        self._note(True)
        if self.state is not Circuit.CLOSED and not self.down:
            self._close(at)

    def failed(self, at: Millis, why: str) -> None:
        """An attempt failed for a reason of the trunk's own."""
        self.failures += 1
        self._note(False)
        if self.state is Circuit.HALF_OPEN or (
            self.state is Circuit.CLOSED
            and (self.failures >= self.rules.failures_in_row or self._too_few())
        ):
            self._open(at, why)

    def line(self, at: Millis, fault: str) -> None:
        """The driver told of the line: ``fault`` is what is wrong, empty that it is up."""
        before, self.down = self.down, fault
        if fault and not before:
            self.down_since = at
            self._open(at, fault)
        elif before and not fault:
            # What made it fail is over: no pause, and no proof by a call, for the driver has proved it.
            self._close(at)

    def release(self, at: Millis) -> None:
        """A person puts the trunk back into service."""
        self.failures = 0
        self._close(at)

    @property
    def share(self) -> float | None:
        """The share of the last attempts that got through, None while there were too few to tell."""
        if len(self.results) < self.rules.least_attempts:
            return None
        return sum(self.results) / len(self.results)

    def _too_few(self) -> bool:
        share = self.share
        return share is not None and share < self.rules.least_share

    def _note(self, through: bool) -> None:
        self.results.append(through)
        if len(self.results) > self.rules.window:
            self.results.popleft()

    def _open(self, at: Millis, why: str) -> None:
        longer = self.pause * 2 if self.state is Circuit.HALF_OPEN else self.rules.pause
        self.pause = min(max(longer, self.rules.pause), self.rules.longest_pause)
        self._become(Circuit.OPEN, at, why)

    def _close(self, at: Millis) -> None:
        self.pause, self.failures = 0, 0
        self.results.clear()
        self._become(Circuit.CLOSED, at, "")

    def _become(self, state: Circuit, at: Millis, why: str) -> None:
        self.trial_at = None
        if state is not self.state or why != self.why:
            self.state, self.since, self.why = state, at, why
        elif state is Circuit.OPEN:
            self.since = at
