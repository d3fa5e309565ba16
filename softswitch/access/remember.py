"""What was looked up a moment ago, so that a request costs no read and a store that is down ends no session."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from softswitch.clock import Clock, Millis
from softswitch.errors import Kind, Refusal

T = TypeVar("T")
FRESH = 5_000
"""Milliseconds for which a look-up is believed; changes by this process are seen at once."""

MOST = 10_000


class Remember(Generic[T]):
    """Keeps values by key, and when each key gave a sign of life."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._values: OrderedDict[str, tuple[Millis, T]] = OrderedDict()
        self._seen: OrderedDict[str, Millis] = OrderedDict()
        self._generation = 0

    async def get(self, key: str, look_up: Callable[[], Awaitable[T | None]]) -> T | None:
        """Return the value of ``key``; an old one when the store is not available."""
        known = self._values.get(key)
        if known is not None and self._clock() - known[0] < FRESH:
            return known[1]
        generation = self._generation
        try:
            value = await look_up()
        except Refusal as refusal:
            if known is None or refusal.kind is not Kind.UNAVAILABLE:
                raise
            return known[1]
        if value is None:
            self._values.pop(key, None)
        elif generation == self._generation:  # else it may be older than what cleared us
            _keep(self._values, key, (self._clock(), value))
        return value

    def clear(self) -> None:
        """Forget every value: something changed."""
        self._generation += 1
        self._values.clear()

    def seen(self, key: str) -> Millis:
        """Return the last sign of life of ``key`` in this process, 0 when there was none."""
        return self._seen.get(key, 0)

    def saw(self, key: str, at: Millis, stored: Millis, after: int) -> bool:
        """Take note of a sign of life; return whether it is time to store it again."""
        last = max(stored, self._seen.get(key, 0))
        if at - last < after:
            return False
        _keep(self._seen, key, at)
        return True


V = TypeVar("V")


def _keep(entries: OrderedDict[str, V], key: str, value: V) -> None:
    entries[key] = value
    entries.move_to_end(key)
    while len(entries) > MOST:
        entries.popitem(last=False)
