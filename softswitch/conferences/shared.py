"""A room as those see it who act on calls (``softswitch.calls.conference``)."""

from __future__ import annotations

from softswitch.calls.dispatch_call import Member
from softswitch.calls.model import Role
from softswitch.conferences.books import Books
from softswitch.conferences.legs import RoomLegs
from softswitch.conferences.room import Room, RoomMember

PREFIX = "room-"


class SharedRoom:
    """A room with the rooms that share its bridge."""

    def __init__(self, books: Books, legs: RoomLegs, room: Room) -> None:
        self._books = books
        self._legs = legs
        self._room = room

    @property
    def key(self) -> str:
        """The name of the room's own bridge, which never changes."""
        return self._room.own_bridge

    @property
    def bridge_id(self) -> str:
        """Where the members are."""
        return self._room.bridge_id

    @property
    def number(self) -> str:
        """The number of the room."""
        return self._room.number

    @property
    def name(self) -> str:
        """The name of the room."""
        return self._room.name

    def _all(self) -> list[tuple[Room, RoomMember]]:
        return [
            (room, member)
            for room in self._books.rooms.values()
            if room.bridge_id == self.bridge_id
            for member in room.members.values()
        ]

    def members(self) -> list[Member]:
        """Return who is in, as parties of a call."""
        book = self._books.center.book
        return [
            Member(
                member.channel_id,
                Role.DESK if book.is_desk(member.number) else Role.PARTY,
                member.extension,
                member.number,
                member.name,
                joined=True,
            )
            for _, member in self._all()
            if member.is_in and member.channel_id is not None
        ]

    def call_id(self) -> str:
        """Return the call of its legs on the board."""
        legs = self._books.center.board.legs
        ids = (member.channel_id for member in self.members())
        return next((legs[each].channel.linked_id for each in ids if each in legs), "")

    def let_go(self, channel_id: str, cause: int) -> None:
        """Take one leg out of the books."""
        member = self._books.by_channel.get(channel_id)
        room = self._books.room_of(member) if member else None
        if room is not None and member is not None:
            self._legs.let_go(room, member, cause)

    def let_all_go(self, cause: int, kept: str | None = None) -> list[str]:
        """Take all legs but one out of the books; return those that were in."""
        found = [
            self._legs.let_go(room, member, cause)
            for room, member in self._all()
            if member.channel_id is None or member.channel_id != kept
        ]
        return [channel_id for channel_id in found if channel_id is not None]


def shared_room(books: Books, legs: RoomLegs, call_id: str) -> SharedRoom | None:
    """Return the room that is called so, or whose legs are the call; the one that others are joined to."""
    if call_id.startswith(PREFIX):
        room = books.rooms.get(call_id.removeprefix(PREFIX))
        return SharedRoom(books, legs, room) if room is not None else None
    call = books.center.board.calls.get(call_id)
    members = (books.by_channel.get(leg) for leg in call.legs) if call is not None else ()
    rooms = (books.room_of(member) for member in members if member is not None and member.is_in)
    found = next((room for room in rooms if room is not None), None)
    if found is None:
        return None
    return SharedRoom(books, legs, books.rooms.get(found.joined_to or "", found))
