"""The recording of rooms: one leg carries it, as it hears all the others."""

from __future__ import annotations

import logging

from softswitch.conferences.books import Books
from softswitch.conferences.model import next_anchor
from softswitch.conferences.room import Room, RoomMember
from softswitch.ports import ActFailed

log = logging.getLogger(__name__)


class RoomRecording:
    """Which legs of rooms are recorded."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._center = books.center
        self._engine = books.center.engine

    async def keep(self, room: Room) -> None:
        """See that one leg carries the recording of a room that is to be recorded."""
        if not room.recording:
            return
        legs = [(m.channel_id, m.recorded) for m in room.present if m.channel_id is not None]
        anchor = next_anchor(legs)
        member = self._books.by_channel.get(anchor or "")
        if member is not None:
            await self.record(member)

    async def record(self, member: RoomMember) -> None:
        """Record the leg of a member, once."""
        if member.recorded or member.channel_id is None:
            return
        member.recorded = True
        try:
            await self._engine.plain.record(member.channel_name, member.channel_id)
        except ActFailed as error:
            member.recorded = False
            log.error("the leg of %s is not recorded: %s", member.number, error)

    async def stop(self, room: Room) -> None:
        """End the recording of a room; the legs of desks stay on record."""
        for member in room.present:
            desk = member.extension is not None and self._center.book.is_desk(member.extension)
            if member.recorded and not desk:
                member.recorded = False
                await self._engine.quietly(self._engine.plain.stop_recording(member.channel_name))
