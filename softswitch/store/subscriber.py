"""One subscriber of the event log: what it has been handed, how far it is, and when its turn comes."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from softswitch.store.event_rows import Stored

Handler = Callable[[Sequence[Stored]], Awaitable[object]]
Change = Callable[[Connection, Sequence[Stored]], object]

PAUSE_SECONDS = 0.01
"""So long a subscriber collects facts; what it shows of a call comes so much later."""
MOST_HELD = 5_000
"""Facts that wait in memory; one that lags more reads them from the log."""
_REST, _LONGEST_REST = 1.0, 0.01
"""A batch is followed by a rest so many times as long, up to so many seconds: calls go first."""
LATE_SECONDS = 0.005
"""A timer that fires so much too late tells of a loop that is busy with calls: subscribers wait on."""
_FIRST_DELAY, LONGEST_DELAY = 0.01, 4.0
"""So long at first, twice as long each time, until it is so long in all."""


@dataclass(slots=True, eq=False)
class Subscriber:
    """It is served by one task. A fact is handed on at least once, in order."""

    name: str
    kinds: frozenset[str]
    from_start: bool
    pause: float
    handler: Handler | None = None
    change: Change | None = None
    cursor: int = 0
    """How far it has read."""
    kept: int = 0
    """How far that is written."""
    behind: bool = True
    """It has to read the log: it has just started, lagged or failed."""
    failures: int = 0
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    _held: deque[Stored] = field(default_factory=deque)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _timer: asyncio.TimerHandle | None = None
    _awaited: bool = False
    """Somebody waits until it is idle."""
    _not_before: float = 0.0
    _delayed: float = 0.0
    """So long it has waited for a busy loop."""

    def hear(self, facts: Sequence[Stored], *, gap: bool) -> None:
        """Take what was committed; with ``gap`` something was committed that nobody handed on."""
        wanted = [fact for fact in facts if fact.event.kind in self.kinds]
        if gap or len(self._held) + len(wanted) > MOST_HELD:
            self._held.clear()
            self.behind = True
        elif not self.behind:
            self._held.extend(wanted)
        if (wanted or gap) and self._timer is None:
            self._plan(max(asyncio.get_running_loop().time() + self.pause, self._not_before))

    def _plan(self, at: float) -> None:
        self._timer = asyncio.get_running_loop().call_at(at, self._due, at)

    def _due(self, planned: float) -> None:
        """Its turn comes, unless calls keep the loop busy."""
        at = asyncio.get_running_loop().time()
        if at - planned > LATE_SECONDS and self._delayed < LONGEST_DELAY:
            wait = min(max(_FIRST_DELAY, self._delayed), LONGEST_DELAY - self._delayed)
            self._delayed += wait
            self._plan(at + wait)
            return
        self._delayed = 0.0
        self._timer = None
        self._wake.set()

    async def ready(self) -> None:
        """Wait until there is something to do, and calls have had their share."""
        loop = asyncio.get_running_loop()
        while not (self.behind or self._awaited):
            await self._wake.wait()
            self._wake.clear()
            if loop.time() >= self._not_before:
                return
            if self._timer is None:
                self._plan(self._not_before)

    def catch_up(self) -> None:
        """The log is about to be read: all that was heard before stands there."""
        self.behind = False
        self._held.clear()

    def take(self, most: int) -> list[Stored]:
        """Return what was handed on and is not handled, up to so many; what is left has its turn at once."""
        held = self._held
        while held and held[0].seq <= self.cursor:
            held.popleft()
        taken = [held.popleft() for _ in range(min(most, len(held)))]
        if held:
            self._wake.set()
        return taken

    def worked(self, seconds: float) -> None:
        """A batch took so long."""
        rest = min(_REST * seconds, _LONGEST_REST)
        self._not_before = asyncio.get_running_loop().time() + rest

    def hurry(self) -> None:
        """Handle all that is in the log now, without a pause; ``idle`` is set afterwards."""
        self.idle.clear()
        self._awaited = self.behind = True
        self._wake.set()

    def rest(self) -> None:
        """There was nothing left to do."""
        if self._awaited and not self.behind:
            self._awaited = False
            self.idle.set()
