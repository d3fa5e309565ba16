"""Builds intercept from what it needs and connects its parts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from intercept.announcements import Announcements
from intercept.books import Books
from intercept.config import Config
from intercept.guests import InterceptGuests
from intercept.look import Look
from intercept.mlpp import PrecedenceCalls
from intercept.phone import InterceptPhones
from intercept.service import InterceptService
from intercept.told import Screen
from softswitch.calls.center import CallCenter
from softswitch.setup.espeak import EspeakInstall
from softswitch.store.database import Database

Roles = Callable[[], Awaitable[Mapping[str, str]]]
"""Returns login → role of everybody who may sign in."""


class Intercept:
    """The capability: ``service`` acts, ``config`` has what was set, ``look`` reads calls."""

    def __init__(
        self,
        center: CallCenter,
        db: Database,
        screen: Screen,
        roles: Roles,
        sounds: Path,
        espeak: EspeakInstall | None,
    ) -> None:
        self.center = center
        self.db = db
        self.config = Config(db)
        self.announcements = Announcements(sounds, espeak)
        self.books = Books(center, db, screen)
        self.look = Look(center, self.config, roles, self.books.hides)
        self.service = InterceptService(center, db, self.config, self.books, self.look)
        self.phones = InterceptPhones(
            center, self.service, self.look, self.config, self.announcements
        )
        self.precedence = PrecedenceCalls(
            center, db, self.config, self.look, self.service, self.announcements
        )
        self.guests = InterceptGuests(
            center, db, self.books, self.service, self.phones, self.precedence, self.look
        )

    async def start(self) -> None:
        """Read what is stored and begin to hear the facts of control. Call it before they flow."""
        await self.config.load()
        await self.guests.load()
        await self.look.refresh()
        self.center.engine.guests = self.guests
        self.center.screens.precedence_of = lambda call_id: int(self.look.precedence(call_id))
        self.center.intake.precedence_of = self.center.screens.precedence_of
        self.center.engine.conference_changed = self.service.room_changed
        self.center.engine.label = self.look.label
        self.center.spawn(self.announcements.prepare())
