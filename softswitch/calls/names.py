"""Who stands behind a number, for the screens: asked for in passing, shown when the answer is there."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from softswitch.calls.phonebook import Known, Phonebook
from softswitch.clock import Clock, Millis

MOST = 10_000
FRESH: Millis = 30_000
"""Milliseconds for which an answer is believed: the registry may change meanwhile."""


class Names:
    """Remembers answers of the registry for a short while. ``found(number)`` is called when one has come."""

    def __init__(
        self,
        book: Phonebook,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        found: Callable[[str], None],
        clock: Clock,
    ) -> None:
        self._book = book
        self._spawn = spawn
        self._found = found
        self._clock = clock
        self._kept: dict[str, tuple[Millis, Known | None]] = {}

    def known(self, number: str) -> Known | None:
        """Return what is known of a number now; an old or missing answer is asked for again."""
        if not number or self._book.has(number):
            return None
        at = self._clock()
        asked_at, known = self._kept.get(number, (None, None))
        if asked_at is None or at - asked_at > FRESH:
            if len(self._kept) >= MOST:
                self._kept.clear()
            self._kept[number] = (at, known)
            self._spawn(self._ask(number))
        return known

    async def _ask(self, number: str) -> None:
        before = self._kept.get(number, (0, None))[1]
        known = await self._book.who(number)
        self._kept[number] = (self._clock(), known)
        if known != before:
            self._found(number)
