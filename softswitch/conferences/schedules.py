"""Scheduled rooms at work: at the beginning those who are invited are rung, at the end the room warns and closes.

Ringing is repeatable (who is in or rung is not rung twice), so it comes before the mark that it was done.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import Any

from softswitch import numbers
from softswitch.calls.core import new_id
from softswitch.conferences import schedule_store
from softswitch.conferences.books import Books
from softswitch.conferences.groups import GroupService
from softswitch.conferences.model import RoomKind
from softswitch.conferences.room import Room
from softswitch.conferences.schedule_model import Due, Schedule, due, warn_at
from softswitch.conferences.service import RoomPlan, RoomService
from softswitch.conferences.voice import Voice
from softswitch.errors import Refusal, invalid

log = logging.getLogger(__name__)
LOOK_SECONDS = 1.0


class ScheduleService:
    """What scheduled rooms do by themselves."""

    def __init__(
        self, books: Books, rooms: RoomService, groups: GroupService, voice: Voice
    ) -> None:
        self._books = books
        self._rooms = rooms
        self._groups = groups
        self._voice = voice
        self._engine = books.center.engine
        self._wake = asyncio.Event()
        self.schedules: dict[str, Schedule] = {}

    # ---- commands

    async def create(
        self, login: str, plan: RoomPlan, invited: Sequence[str], groups: Sequence[str]
    ) -> Room:
        """Make a room; one that is scheduled rings ``invited`` and the members of ``groups`` when it begins."""
        if (invited or groups) and plan.kind is not RoomKind.SCHEDULED:
            raise invalid(
                "not_scheduled",
                "Only a scheduled room invites by itself.",
                "Give its beginning and end, or invite people when the room is there.",
                field="invited",
            )
        typed = tuple(dict.fromkeys(numbers.phone_number(n, "invited") for n in invited))
        await self._groups.lists(groups)  # refuses those that there are not
        room = await self._rooms.create(login, plan)
        if plan.kind is RoomKind.SCHEDULED:
            schedule = Schedule(room.id, typed, tuple(groups))
            self.schedules[room.id] = schedule
            await self._books.db.write_surely(schedule_store.put, schedule)
            self._wake.set()
        return room

    def view(self, room: Room) -> dict[str, Any]:
        """Return whom a room invites by itself."""
        schedule = self.schedules.get(room.id)
        return {
            "invited": list(schedule.numbers) if schedule else [],
            "invited_groups": list(schedule.groups) if schedule else [],
        }

    # ---- life

    async def load(self) -> None:
        """Read the schedules of the rooms that are not over."""
        rooms = list(self._books.rooms)
        self.schedules = await self._books.db.read(schedule_store.load, rooms)

    async def run(self) -> None:
        """Follow the clock until cancelled."""
        while True:
            self._wake.clear()
            await self.look()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), LOOK_SECONDS)

    async def look(self) -> None:
        """Do with each scheduled room what is due."""
        if not self._engine.control_up:
            return
        for room_id in self.schedules.keys() - self._books.rooms.keys():
            del self.schedules[room_id]
        for room in [r for r in self._books.rooms.values() if r.kind is RoomKind.SCHEDULED]:
            try:
                await self._do(room)
            except Refusal as refusal:
                log.warning("scheduled room %s: %s", room.number, refusal)

    async def _do(self, room: Room) -> None:
        if room.starts_at is None or room.ends_at is None:
            return
        schedule = self.schedules.setdefault(room.id, Schedule(room.id))
        what = due(schedule, room.starts_at, room.ends_at, self._books.clock())
        if what is Due.BEGIN:
            await self._begin(room, schedule)
        elif what is Due.WARN:
            schedule.warned = True
            await self._books.db.write_surely(schedule_store.put, schedule)
            left = room.ends_at - warn_at(room.starts_at, room.ends_at)
            await self._say(room, f"会议将在{_spoken(left // 1000)}后结束。")
        elif what is Due.END:
            await self._end(room)

    async def _begin(self, room: Room, schedule: Schedule) -> None:
        lists = [schedule.numbers, *[await self._members(key) for key in schedule.groups]]
        if any(lists):
            try:
                await self._rooms.invite(room.created_by, room.id, *lists)
            except Refusal as refusal:  # full: who dials in comes in as long as there is room
                if refusal.kind.value >= 500:
                    raise
                log.warning("scheduled room %s rings nobody: %s", room.number, refusal)
        schedule.begun = True
        await self._books.db.write_surely(schedule_store.put, schedule)

    async def _members(self, key: str) -> list[str]:
        try:
            return (await self._groups.lists([key]))[0]
        except Refusal as refusal:  # removed since: the others are rung all the same
            log.warning("a scheduled room does not ring group %s: %s", key, refusal)
            return []

    async def _end(self, room: Room) -> None:
        self.schedules.pop(room.id, None)
        room.locked = True
        await self._say(room, "会议时间已到，会议结束。", wait=True)
        if room.id in self._books.rooms:
            await self._rooms.close("", room.id)

    async def _say(self, room: Room, text: str, *, wait: bool = False) -> None:
        if not (room.bridge_open and room.present):
            return
        spoken = await self._voice.speak(text, "zh")
        acts = self._engine.acts
        await self._engine.quietly(acts.play_to_bridge(room.bridge_id, new_id(), spoken.media))
        if wait:
            await asyncio.sleep(spoken.milliseconds / 1000)


def _spoken(seconds: int) -> str:
    return f"{seconds // 60}分钟" if seconds >= 60 else f"{seconds}秒"
