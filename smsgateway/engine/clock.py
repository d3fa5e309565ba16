"""A clock for validities: the wall clock, as long as it goes as clocks go.

A wall clock that jumps (a mistaken operator, a late time server) would make a whole campaign expire at once.  The
jump is believed only when it has stood for a while; until then time goes on from where it was.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from softswitch.clock import Clock, Millis, now

log = logging.getLogger(__name__)

_SLACK = 2_000
"""Milliseconds that wall and steady clock may drift apart between two looks: slewing, a busy machine."""


class SteadyClock:
    """Call it for the instant in milliseconds. ``believe_after`` in seconds."""

    def __init__(
        self,
        wall: Clock = now,
        steady: Callable[[], float] = time.monotonic,
        believe_after: float = 60.0,
    ) -> None:
        self._wall = wall
        self._steady = steady
        self._believe_after = believe_after
        self._offset = wall() - steady() * 1_000
        self._doubted: tuple[float, float] | None = None
        self.jumps = 0

    def __call__(self) -> Millis:
        steady = self._steady()
        offset = self._wall() - steady * 1_000
        if abs(offset - self._offset) <= _SLACK:
            self._offset, self._doubted = offset, None
        else:
            self._consider(offset, steady)
        return round(steady * 1_000 + self._offset)

    def _consider(self, offset: float, steady: float) -> None:
        if self._doubted is None or abs(self._doubted[0] - offset) > _SLACK:
            self.jumps += 1
            seconds = (offset - self._offset) / 1_000
            log.warning("The clock jumped by %.0f s; validities go on from before.", seconds)
            self._doubted = (offset, steady)
        elif steady - self._doubted[1] >= self._believe_after:
            log.warning("The new time has stood; it is taken over.")
            self._offset, self._doubted = offset, None
