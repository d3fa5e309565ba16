"""One 20 ms clock for all phones of an event loop: one timer, however many calls."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable

PERIOD = 0.02
# After a stall longer than this a phone goes on from now, as real ones do, in place of a burst.
_MOST_CATCH_UP = 0.2

Tick = Callable[[], None]


class FrameClock:
    """Calls every subscriber each 20 ms on an absolute grid: late once is not late for ever."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        # Only a weak hold on the loop: the clock must not keep the key of its own entry alive.
        self._loop = weakref.ref(loop)
        self._ticks: dict[Tick, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._next = 0.0
        self.stalls = 0

    @classmethod
    def running(cls) -> FrameClock:
        loop = asyncio.get_running_loop()
        return _of_loop.setdefault(loop, cls(loop))

    def add(self, tick: Tick) -> None:
        self._ticks[tick] = None
        if self._timer is None:
            self._next = asyncio.get_running_loop().time() + PERIOD
            self._arm()

    def remove(self, tick: Tick) -> None:
        self._ticks.pop(tick, None)
        if not self._ticks and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        loop = self._loop()
        assert loop is not None
        self._timer = loop.call_at(self._next, self._run)

    def _run(self) -> None:
        loop = self._loop()
        assert loop is not None
        now = loop.time()
        if now - self._next > _MOST_CATCH_UP:
            self.stalls += 1
            self._next = now
        while self._next <= now and self._ticks:
            self._next += PERIOD
            for tick in list(self._ticks):
                tick()
        if self._ticks:
            self._arm()
        else:
            self._timer = None


_of_loop: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, FrameClock] = (
    weakref.WeakKeyDictionary()
)
