"""Builds telephone features from what they need and connects their parts."""

from __future__ import annotations

from typing import Any, Protocol

from softswitch.calls.center import CallCenter
from softswitch.calls.core import GuestList
from softswitch.features.camps import CampService
from softswitch.features.guests import FeatureGuests
from softswitch.features.intercom import Intercom
from softswitch.features.nights import NightService
from softswitch.features.phone import FeaturePhones, Voice
from softswitch.store.database import Database


class Screen(Protocol):
    """Where views are shown (the live hub)."""

    def put(self, entity: str, id: str, value: dict[str, Any]) -> None: ...  # noqa: A002
    def drop(self, entity: str, id: str) -> None: ...  # noqa: A002


class Features:
    """The capability: camp-on, intercom and night service."""

    def __init__(
        self, center: CallCenter, db: Database, screen: Screen, nights: NightService, voice: Voice
    ) -> None:
        self.center = center
        self.nights = nights
        self.camps = CampService(center, db, screen)
        self.intercom = Intercom(center, db, screen)
        self.phones = FeaturePhones(center, self.camps, self.intercom, nights, voice)
        self.guests = FeatureGuests(center, self.camps, self.phones)

    async def start(self) -> None:
        """Read what is stored and begin to hear the facts of control. Call it before they flow."""
        await self.camps.load()
        await self.intercom.load()
        engine = self.center.engine
        engine.guests = GuestList(engine.guests, self.guests)
        self.center.intake.night_targets = self.nights.targets
