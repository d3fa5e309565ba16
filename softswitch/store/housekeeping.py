"""What must be done now and then: removing what has run out, so that nothing grows for ever."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from softswitch.clock import Clock, now
from softswitch.errors import Refusal
from softswitch.store.database import Database
from softswitch.store.event_log import prune

log = logging.getLogger(__name__)

EVERY_SECONDS = 3_600.0
KEEP_EVENTS_DAYS = 90
"""Facts stay so long in the event log; history has its own tables."""

_DAY = 86_400_000
Work = Callable[[], Awaitable[object]]


class Housekeeping:
    """Does each work at the start and then every hour; one that fails stops no other."""

    def __init__(
        self,
        db: Database,
        *,
        clock: Clock = now,
        every_seconds: float = EVERY_SECONDS,
        keep_events_days: int = KEEP_EVENTS_DAYS,
    ) -> None:
        self._db = db
        self._clock = clock
        self._every_seconds = every_seconds
        self._keep_events = keep_events_days * _DAY
        self._works: dict[str, Work] = {"event log": self._prune_events}

    def add(self, name: str, work: Work) -> None:
        """Add a work, for example ``Access.end_old_sessions``."""
        self._works[name] = work

    async def once(self) -> None:
        """Do every work now."""
        for name, work in self._works.items():
            try:
                await work()
            except Refusal as refusal:
                log.warning("Housekeeping of %s waits: %s", name, refusal)
            except Exception:
                log.exception("Housekeeping of %s failed.", name)

    async def run(self) -> None:
        """Keep house until cancelled."""
        while True:
            await self.once()
            await asyncio.sleep(self._every_seconds)

    async def _prune_events(self) -> int:
        return await self._db.write(prune, self._clock() - self._keep_events)
