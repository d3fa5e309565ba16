"""When the next turn begins: few large turns cost less than many small ones, as long as nobody runs out of work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

TURN_SECONDS = 0.05
"""A turn is not begun sooner after the last one while every lane has enough that is ready."""

FILLED_SECONDS = 0.03
"""But so soon when a window has just been filled: its next answers are a while away, and find the interpreter free."""

RECEIPT_SECONDS = 0.004
"""And while receipts wait: a centre may hold back the next one until the first is acknowledged."""

_SHORTEST = 0.005


class Pacer:
    """Calls ``kick`` when it is time to look again."""

    def __init__(self, loop: asyncio.AbstractEventLoop, kick: Callable[[], None]) -> None:
        self._loop = loop
        self._kick = kick
        self.last = 0.0
        """When the last turn began."""

        self._turn: asyncio.TimerHandle | None = None
        self._held: asyncio.TimerHandle | None = None

    @property
    def is_waiting(self) -> bool:
        """Tell whether a turn is planned."""
        return self._turn is not None

    def began(self) -> None:
        """A turn begins now."""
        self._stop_turn()
        self.last = self._loop.time()

    def can_wait(self, *, hungry: bool, receipts: bool, filled: bool) -> bool:
        """Tell whether the next turn may grow a little; then it is planned."""
        due, now = self.last + (RECEIPT_SECONDS if receipts else TURN_SECONDS), self._loop.time()
        if hungry or due <= now or (filled and self.is_nearly_due(now)):
            return False
        if self._turn is None or self._turn.when() > due:
            self._stop_turn()
            self._turn = self._loop.call_at(due, self._turn_due)
        return True

    def is_nearly_due(self, now: float) -> bool:
        """Tell whether a turn may begin when the moment is good."""
        return self.last + FILLED_SECONDS <= now

    def wake_in(self, seconds: float) -> None:
        """Come back when a held lane may send again."""
        if self._held is None:
            self._held = self._loop.call_later(max(_SHORTEST, seconds), self._held_due)

    def close(self) -> None:
        """Come back no more."""
        self._stop_turn()
        if self._held is not None:
            self._held.cancel()

    def _stop_turn(self) -> None:
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None

    def _turn_due(self) -> None:
        self._turn = None
        self._kick()

    def _held_due(self) -> None:
        self._held = None
        self._kick()
