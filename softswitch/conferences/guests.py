"""Hears the facts of control that concern rooms, and takes rooms up again after a restart or a cut."""

from __future__ import annotations

import asyncio
import logging

from softswitch.calls.conference import Conference
from softswitch.calls.core import Guests
from softswitch.conferences.books import Books
from softswitch.conferences.door import RoomDoor
from softswitch.conferences.legs import RoomLegs
from softswitch.conferences.model import PENDING, MemberState
from softswitch.conferences.room import Room, RoomMember
from softswitch.conferences.shared import shared_room
from softswitch.ports import (
    Channel,
    ChannelState,
    ControlFact,
    ControlUp,
    Entered,
    KeyPressed,
    Left,
    LegEnded,
    Spoke,
    TransferAsked,
)

log = logging.getLogger(__name__)
LEFT_SECONDS = 1.0
GONE_SECONDS = 1.0
"""How long control may take to tell the cause of an end that the board has seen."""


class ConferenceGuests(Guests):
    """The legs of rooms among those of the calls."""

    def __init__(self, books: Books, legs: RoomLegs, door: RoomDoor) -> None:
        self._books = books
        self._legs = legs
        self._door = door
        self._center = books.center

    def take(self, fact: ControlFact) -> bool:
        """Take a fact; return whether it is for no one else."""
        if isinstance(fact, Entered):
            return self._entered(fact.channel, fact.args)
        if isinstance(fact, KeyPressed):
            return self._door.key(fact.channel_id, fact.digit)
        if isinstance(fact, Spoke):
            self._legs.spoke(fact.channel_id, fact.on)
            return False
        if isinstance(fact, LegEnded):
            self._ended(fact.channel_id, fact.cause)
        elif isinstance(fact, Left):
            self._later(LEFT_SECONDS, fact.channel_id, 16)
        elif isinstance(fact, TransferAsked) and fact.channel_id in self._books.by_channel:
            engine = self._center.engine
            refused = engine.acts.transfer_result(fact.channel_id, False)
            self._center.spawn(engine.quietly(refused))
            return True
        elif isinstance(fact, ControlUp):
            self._up(fact)
        return False

    def _entered(self, channel: Channel, args: tuple[str, ...]) -> bool:
        if args[:1] == ("room",) and len(args) == 3:
            self._legs.answered(channel, args[1], args[2])
            return True
        if args[:2] == ("feature", "room") and len(args) == 3:
            if channel.id not in self._books.by_channel and channel.id not in self._door.waiting:
                self._center.spawn(self._door.dialled(channel, args[2]))
            return True
        return False

    def _ended(self, channel_id: str, cause: int) -> None:
        self._door.gone(channel_id)
        self._legs.ended(channel_id, cause)

    def _later(self, seconds: float, channel_id: str, cause: int) -> None:
        if channel_id in self._books.by_channel or channel_id in self._door.waiting:
            loop = asyncio.get_running_loop()
            loop.call_later(seconds, self._ended, channel_id, cause)

    def gone(self, channel_id: str) -> None:
        """The board has lost a channel; control tells the cause, unless it was cut."""
        self._later(GONE_SECONDS, channel_id, 0)

    def holds(self, call_id: str) -> bool:
        """Return whether a call is a room: its legs are moved by nobody else."""
        call = self._center.board.calls.get(call_id)
        return call is not None and any(leg in self._books.by_channel for leg in call.legs)

    def conference(self, call_id: str) -> Conference | None:
        """Return the room that a call is, if it is one."""
        return shared_room(self._books, self._legs, call_id)

    # ---- after a restart or a cut

    def adopts(self, channel: Channel, args: tuple[str, ...]) -> bool:
        """Take a channel that was found; those of rooms that are over are ended by the engine."""
        if args[:1] == ("room",) and len(args) == 3:
            room = self._books.rooms.get(args[1])
            return room is not None and args[2] in room.members
        if args[:2] == ("feature", "room"):
            if channel.id not in self._books.by_channel and channel.id not in self._door.waiting:
                self._center.spawn(self._door.dialled(channel, args[2]))
            return True
        return False

    def _up(self, up: ControlUp) -> None:
        """Make the books of rooms equal to what the switch tells."""
        present = {channel.id: (channel, args) for channel, args in up.channels}
        for room in list(self._books.rooms.values()):
            room.bridge_open = room.own_bridge in up.bridges
            for member in list(room.members.values()):
                self._settle(room, member, present, up.bridges.get(room.bridge_id, ()))
        for channel, args in up.channels:
            if args[:1] == ("room",) and len(args) == 3 and channel.state is ChannelState.UP:
                self._legs.answered(channel, args[1], args[2])
        for room in list(self._books.rooms.values()):
            if room.bridge_open:
                self._legs.check_empty(room)

    def _settle(
        self,
        room: Room,
        member: RoomMember,
        present: dict[str, tuple[Channel, tuple[str, ...]]],
        bridged: tuple[str, ...],
    ) -> None:
        if member.is_in:
            channel_id = member.channel_id or ""
            if channel_id not in present:
                self._legs.ended(channel_id, 0)
            elif channel_id not in bridged:
                self._legs.rejoin(room, member)
            else:
                self._center.spawn(self._legs.hear(room, member, surely=True))
        elif member.state in PENDING and not member.rings:
            self._legs.take_up(room, member)
        elif member.state is MemberState.DROPPED and member.keep and not member.tries:
            self._center.spawn(self._legs.ring(room, [member]))
