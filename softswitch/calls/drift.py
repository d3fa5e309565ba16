"""Compares the board with the switch now and then, and mends it: lamps never drift."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from softswitch.calls.board import drift
from softswitch.calls.center import CallCenter
from softswitch.ports import ActFailed, PlainActs

log = logging.getLogger(__name__)

EVERY_SECONDS = 10.0
SETTLE_SECONDS = 1.0
"""A difference that is gone after this was an event on its way."""


class DriftCheck:
    """What differs in two snapshots in a row is no event on its way; the snapshot is taken for true then."""

    def __init__(
        self,
        center: CallCenter,
        switch: PlainActs,
        *,
        every: float = EVERY_SECONDS,
        settle: float = SETTLE_SECONDS,
    ) -> None:
        self._center = center
        self._switch = switch
        self._every = every
        self._settle = settle
        self.mended = 0
        self.doubted = asyncio.Event()
        """Set by who does not believe the board: it is compared at once."""

    async def run(self) -> None:
        """Check for ever."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._every):
                    await self.doubted.wait()
            self.doubted.clear()
            try:
                await self.check()
            except ActFailed as error:
                log.info("the board was not compared: %s", error)

    async def check(self) -> list[str]:
        """Compare once; return what was mended."""
        first = await self._differences()
        if not first:
            return []
        await asyncio.sleep(self._settle)
        truth = await self._switch.snapshot()
        lasting = sorted(set(first) & set(drift(self._center.board, truth)))
        if lasting:
            self.mended += 1
            log.error("the board differed from the switch and is mended: %s", "; ".join(lasting))
            self._center.on_switch(truth)
        return lasting

    async def _differences(self) -> list[str]:
        truth = await self._switch.snapshot()
        return drift(self._center.board, truth)
