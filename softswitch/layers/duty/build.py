"""Builds duty from what it needs."""

from __future__ import annotations

from softswitch.layers.duty.changes import DutyChanges
from softswitch.layers.duty.entries import IsEmergency
from softswitch.layers.duty.service import DutyService, Screen
from softswitch.store.database import Database
from softswitch.store.event_log import EventLog


class Duty:
    """The layer: ``service`` answers, ``changes`` keeps the books."""

    def __init__(self, db: Database, screen: Screen, is_emergency: IsEmergency) -> None:
        self.service = DutyService(db, screen)
        self.changes = DutyChanges(self.service, is_emergency)

    async def start(self, events: EventLog) -> None:
        """Read the books and follow the facts."""
        await self.service.start(events)
