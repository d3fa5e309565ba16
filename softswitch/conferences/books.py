"""The books of rooms: which there are, whose legs, what is shown and what is written."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

from softswitch.calls.center import CallCenter
from softswitch.clock import Clock, now
from softswitch.conferences import store
from softswitch.conferences.model import MemberState, RoomState
from softswitch.conferences.room import Room, RoomMember
from softswitch.errors import not_found
from softswitch.store.database import Database

ROOM, MEMBER, SPEAKER = "room", "room_member", "room_speaker"


class Screen(Protocol):
    """Where views are shown (the live hub)."""

    def put(self, entity: str, id: str, value: dict[str, Any]) -> None: ...  # noqa: A002
    def drop(self, entity: str, id: str) -> None: ...  # noqa: A002


class Books:
    """Rooms by id, members by channel."""

    def __init__(
        self, center: CallCenter, db: Database, screen: Screen, *, clock: Clock = now
    ) -> None:
        self.center = center
        self.db = db
        self.clock = clock
        self.rooms: dict[str, Room] = {}
        self.by_channel: dict[str, RoomMember] = {}
        self._screen = screen
        self._unwritten: list[tuple[store.Row, str, bool]] = []
        """Members that changed, the call of each, and whether that is news."""

    async def load(self) -> None:
        """Read the rooms that were not over."""
        for room in await self.db.read(store.open_rooms):
            self.rooms[room.id] = room
            for member in room.members.values():
                if member.channel_id is not None:
                    self.by_channel[member.channel_id] = member
            self.show(room, *room.members.values())

    def room(self, room_id: str) -> Room:
        """Return a room or refuse."""
        room = self.rooms.get(room_id)
        if room is None:
            raise not_found("room", room_id, "Look at the list of rooms; it may be over.")
        return room

    def by_number(self, number: str) -> Room | None:
        """Return the room with a number."""
        return next((room for room in self.rooms.values() if room.number == number), None)

    def member(self, room: Room, member_id: str) -> RoomMember:
        """Return a member by id or number, or refuse."""
        member = room.members.get(member_id) or room.by_number(member_id)
        if member is None:
            raise not_found("member", member_id, f"Look at the members of room {room.number}.")
        return member

    def room_of(self, member: RoomMember) -> Room | None:
        """Return the room of a member while it is there."""
        return self.rooms.get(member.room_id)

    def joined(self, room: Room) -> list[Room]:
        """Return the rooms whose members are in the bridge of this one."""
        return [other for other in self.rooms.values() if other.joined_to == room.id]

    # ---- showing and writing

    def show(self, room: Room, *members: RoomMember) -> None:
        """Show a room and those of its members that changed."""
        if room.id not in self.rooms:
            return
        for member in members:
            self._screen.put(MEMBER, member.id, room.member_view(member))
        self._screen.put(ROOM, room.id, room.view())

    def state(self, member: RoomMember, state: MemberState, cause: int = 0) -> None:
        """A member comes into another state: shown at once, then written."""
        member.state, member.cause, member.since = state, cause, self.clock()
        if not member.is_in:
            member.talking = False
            self.show_speaking(member)
        self.save(member)

    async def queue(self, members: Sequence[RoomMember]) -> None:
        """Members are to be rung: shown, and written in one go before their legs are placed."""
        at = self.clock()
        for member in members:
            member.state, member.cause, member.since = MemberState.QUEUED, 0, at
            if (room := self.room_of(member)) is not None:
                self.show(room, member)
        rows = [store.member_row(member) for member in members]
        await self.db.write_surely(store.put_members, rows, at)

    def show_speaking(self, member: RoomMember) -> None:
        """Show who talks now and is heard: a tick that is written nowhere and may be missed."""
        room = self.room_of(member)
        if member.talking and member.is_in and room is not None and room.heard(member):
            self._screen.put(SPEAKER, member.id, {"id": member.id, "room_id": member.room_id})
        else:
            self._screen.drop(SPEAKER, member.id)

    def save(self, member: RoomMember, *, told: bool = True) -> None:
        """Show a member and write him down."""
        if (room := self.room_of(member)) is not None:
            self.show(room, member)
        leg = self.center.board.legs.get(member.channel_id or "")
        call_id = leg.channel.linked_id if leg else ""
        self._unwritten.append((store.member_row(member), call_id, told))
        if len(self._unwritten) == 1:
            self.center.spawn(self._write_members())

    async def _write_members(self) -> None:
        """Write all that changed in the meantime in one go, in order; when a hundred come in that counts."""
        await asyncio.sleep(0)
        batch, self._unwritten = self._unwritten, []
        await self.db.write_surely(store.put_changes, batch)

    async def put(self, room: Room, what: str, login: str = "", value: str = "") -> None:
        """Write a room as it is now; what a person does is written before it is shown."""
        await self.db.write(store.put_room, store.room_row(room), what, login, self.clock(), value)
        self.show(room)

    async def act(self, login: str, what: str, target: str, **details: Any) -> None:
        """Write what a person is about to do; what cannot be written must not be done."""
        await self.db.write(store.act, login, what, target, details, self.clock())

    def forget(self, room: Room) -> None:
        """A room is over: take it off the screens."""
        room.state = RoomState.CLOSED
        self.rooms.pop(room.id, None)
        for member in room.members.values():
            self._screen.drop(SPEAKER, member.id)
            self._screen.drop(MEMBER, member.id)
        self._screen.drop(ROOM, room.id)

    def forget_members(self, room: Room) -> None:
        """A room that stays is empty: who was in it the last time is history."""
        for member in room.members.values():
            self._screen.drop(MEMBER, member.id)
        room.members.clear()
        room.hands.queue.clear()
        self.show(room)
