"""Builds conferences from what they need and connects their parts."""

from __future__ import annotations

from pathlib import Path

from softswitch.calls.center import CallCenter
from softswitch.calls.core import GuestList
from softswitch.conferences.books import Books, Screen
from softswitch.conferences.door import RoomDoor
from softswitch.conferences.groups import GroupService
from softswitch.conferences.guests import ConferenceGuests
from softswitch.conferences.legs import RoomLegs
from softswitch.conferences.notice_books import NoticeBooks
from softswitch.conferences.notice_guests import NoticeGuests
from softswitch.conferences.notice_legs import NoticeLegs
from softswitch.conferences.notice_telling import Telling
from softswitch.conferences.notices import NoticeService
from softswitch.conferences.roll_guests import RollGuests
from softswitch.conferences.rollcalls import RollService
from softswitch.conferences.schedules import ScheduleService
from softswitch.conferences.service import RoomService
from softswitch.conferences.voice import Voice
from softswitch.store.database import Database


class Conferences:
    """The capability: ``rooms`` acts, ``books`` has what there is."""

    def __init__(
        self, center: CallCenter, db: Database, screen: Screen, voice: Voice, sounds: Path
    ) -> None:
        self.center = center
        self.db = db
        self.voice = voice
        self.books = Books(center, db, screen)
        self.groups = GroupService(db, center.book)
        self.legs = RoomLegs(self.books)
        self.rooms = RoomService(self.books, self.legs)
        self.schedules = ScheduleService(self.books, self.rooms, self.groups, voice)
        self.door = RoomDoor(self.books, self.legs, voice, self.rooms)
        self.rolls = RollService(self.books, self.legs, self.rooms, self.door, voice, screen)
        self.guests = ConferenceGuests(self.books, self.legs, self.door)

        self.notice_books = NoticeBooks(center, db, screen)
        self._telling = Telling(self.notice_books, voice)
        self._notice_legs = NoticeLegs(self.notice_books, self._telling)
        self.notices = NoticeService(self.notice_books, self._notice_legs, sounds)

    async def start(self) -> None:
        """Read what is stored and begin to hear the facts of control. Call it before they flow."""
        await self.books.load()
        await self.schedules.load()
        await self.rolls.load()
        await self.notices.load()
        engine = self.center.engine
        notices = NoticeGuests(self.notice_books, self._notice_legs, self._telling)
        engine.guests = GuestList(engine.guests, self.guests, RollGuests(self.rolls), notices)
