"""How fast a link may send: the rate that was agreed on, and less while the centre says that it is too much.

Additive increase, multiplicative decrease, as TCP does it (RFC 5681): a centre's limit is found without knowing it.
Pure: time is given, in seconds of a clock that never jumps.
"""

from __future__ import annotations

_DECREASE = 0.7
_INCREASE = 0.05
"""Of the rate in force, each second without throttling."""

_HOLD = 1.0
"""Seconds after throttling in which nothing goes out; answers to what was under way count as one event."""

_BURST_SECONDS = 0.05
_FREE_AGAIN = 3.0
"""A link without a limit of its own is free again at so many times the rate at which it was throttled."""


class Limiter:
    """Gives out permits, in parts. ``rate`` 0: no limit of its own."""

    def __init__(self, rate: float, now: float) -> None:
        self.rate = rate
        self.allowed = rate
        self._permits = 1.0
        self._at = now
        self._hold_until = 0.0
        self._throttled_at_rate = 0.0

    def permits(self, now: float) -> float:
        """Return how many parts may go now; infinite without a limit."""
        self._advance(now)
        if now < self._hold_until:
            return 0
        return self._permits if self.allowed else float("inf")

    def take(self, count: int) -> None:
        """Use permits."""
        if self.allowed:
            self._permits -= count

    def wait(self, now: float) -> float:
        """Return the seconds until one part may go."""
        if now < self._hold_until:
            return self._hold_until - now
        if not self.allowed or self._permits >= 1:
            return 0.0
        return (1 - self._permits) / self.allowed

    def throttled(self, now: float, seen_rate: float) -> None:
        """Slow down; ``seen_rate`` is what went out in the last second, in parts."""
        if now < self._hold_until:
            return
        present = min(self.allowed, seen_rate) if self.allowed else seen_rate
        self._throttled_at_rate = max(present, 1.0)
        self.allowed = max(1.0, present * _DECREASE)
        self._permits = 1.0
        self._hold_until = now + _HOLD

    def set_rate(self, rate: float) -> None:
        """Follow a changed agreement."""
        self.rate = self.allowed = rate

    def _advance(self, now: float) -> None:
        passed, self._at = max(0.0, now - self._at), now
        if not self.allowed:
            return
        self._permits = min(self._permits + passed * self.allowed, self._burst())
        if self.allowed == self.rate or now < self._hold_until:
            return
        self.allowed *= (1 + _INCREASE) ** min(passed, 10.0)
        if self.rate:
            self.allowed = min(self.allowed, self.rate)
        elif self.allowed > _FREE_AGAIN * self._throttled_at_rate:
            self.allowed = 0.0

    def _burst(self) -> float:
        return max(1.0, self.allowed * _BURST_SECONDS)
