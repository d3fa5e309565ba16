"""Builds plans from what they need."""

from __future__ import annotations

import asyncio

from softswitch.layers.plans.consume import KINDS, Watcher
from softswitch.layers.plans.lookup import Parts
from softswitch.layers.plans.runs import Screen
from softswitch.layers.plans.service import PlanService
from softswitch.store.database import Database
from softswitch.store.event_log import EventLog

PAUSE_SECONDS = 0.1
"""Of the three seconds until the first telephone rings; every call drafts an incident, and few are for a plan."""


class Plans:
    """The layer: ``service`` is what people can do."""

    def __init__(self, db: Database, screen: Screen, parts: Parts) -> None:
        self.service = PlanService(db, screen, parts)
        self._watcher = Watcher(self.service)

    async def start(self, events: EventLog) -> None:
        """Follow the facts of incidents, from now on for a new layer: old incidents start nothing."""
        events.subscribe(
            "plans", KINDS, self._watcher.consume, from_start=False, pause=PAUSE_SECONDS
        )

    async def run(self) -> None:
        """Carry out what was not over and what is started, until cancelled; it goes on at the next start."""
        try:
            await self.service.runner.load()
            await asyncio.Event().wait()
        finally:
            await self.service.runner.stop()
