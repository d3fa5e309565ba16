"""The door of rooms: who dials a room number, the PIN, and the keys that members press.

| key | who | does |
|---|---|---|
| 1 | all | raise the hand, and again: lower it |
| 2 | all | mute oneself, and again: be heard |
| 7 | chair | lock the room, and again: unlock it |
| 8 | chair | give the floor to the earliest hand |
| 9 | chair | begin a lecture, and again: end it |
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from softswitch.calls.core import new_id
from softswitch.conferences.books import Books
from softswitch.conferences.legs import RoomLegs
from softswitch.conferences.model import Door, MemberState, RoomRole, at_the_door
from softswitch.conferences.room import Room, RoomMember
from softswitch.conferences.voice import TEXTS, Voice
from softswitch.errors import Refusal
from softswitch.ports import ActFailed, Channel, ChannelState

log = logging.getLogger(__name__)
MOST_TRIES = 3
LONGEST_PIN = 16
REFUSED = 21
"""Q.850 21, call rejected."""


@dataclass(slots=True)
class Waiting:
    """One who is asked for the PIN."""

    channel: Channel
    room: Room
    digits: str = ""
    tries: int = 0


class KeyActs(Protocol):
    """What members do by key."""

    async def hand(self, room: Room, member: RoomMember) -> None: ...
    async def self_mute(self, room: Room, member: RoomMember) -> None: ...
    async def chair_key(self, room: Room, member: RoomMember, key: str) -> None: ...


class RoomDoor:
    """Lets in who dials, and reads keys."""

    def __init__(self, books: Books, legs: RoomLegs, voice: Voice, keys: KeyActs) -> None:
        self._books = books
        self._legs = legs
        self._voice = voice
        self._keys = keys
        self._engine = books.center.engine
        self.waiting: dict[str, Waiting] = {}
        self.key_hooks: list[Callable[[Room, RoomMember, str], bool]] = []
        """Asked first for each key of a member; one that takes it returns True (roll calls)."""

    # ---- dialling in

    async def dialled(self, channel: Channel, number: str) -> None:
        """A phone dialled the number of a room."""
        room = self._books.by_number(number)
        if room is None:
            await self._turn_away(channel, "unknown")
            return
        answer = self._ask(room, self._number_of(channel))
        if answer is not Door.OPEN:
            await self._turn_away(channel, answer.value)
        elif room.pin:
            await self._ask_pin(Waiting(channel, room))
        else:
            self._let_in(room, channel)

    def _number_of(self, channel: Channel) -> str:
        return self._engine.book.extension_of(channel.endpoint) or channel.caller_number

    def _ask(self, room: Room, number: str) -> Door:
        known = room.by_number(number)
        there = sum(1 for m in room.present if m is not known)
        return at_the_door(
            locked=room.locked,
            present=there,
            most=room.most,
            invited=(known is not None and known.invited) or number in room.chairs,
            put_out=known is not None and known.state is MemberState.KICKED,
            starts_at=room.starts_at,
            ends_at=room.ends_at,
            at=self._books.clock(),
        )

    def _let_in(self, room: Room, channel: Channel) -> None:
        number = self._number_of(channel)
        extension = self._engine.book.extension_of(channel.endpoint)
        member = room.by_number(number) if number else None
        if member is None:
            role = RoomRole.CHAIR if number in room.chairs else RoomRole.MEMBER
            name = self._engine.book.name_of(extension) if extension else channel.caller_name
            member = RoomMember(
                new_id(),
                room.id,
                number,
                name,
                extension,
                role,
                invited=False,
                keep=bool(extension),
            )
            room.members[member.id] = member
        elif member.is_in and member.channel_id is not None:
            # Dialled from a second phone of his, or again after a loss that nobody has noticed yet.
            old, member.channel_id = member.channel_id, None
            self._books.by_channel.pop(old, None)
            self._books.center.spawn(self._engine.drop(old))
        self._legs.come_in(room, member, channel)

    async def _turn_away(self, channel: Channel, why: str) -> None:
        await self._say(channel, why)
        await self._engine.drop(channel.id, REFUSED)

    async def _say(self, channel: Channel, name: str) -> None:
        """Say something and wait until it was heard; nobody is turned away in silence."""
        acts = self._engine.acts
        spoken = await self._voice.speak(TEXTS[name][0], "zh")
        try:
            if channel.state is not ChannelState.UP:
                await acts.answer(channel.id)
            await acts.play(channel.id, new_id(), spoken.media)
        except ActFailed as error:
            log.info("nothing could be said to %s: %s", channel.name, error)
            return
        await asyncio.sleep(spoken.milliseconds / 1000)

    # ---- the PIN

    async def _ask_pin(self, waiting: Waiting) -> None:
        channel = waiting.channel
        self.waiting[channel.id] = waiting
        spoken = await self._voice.speak(TEXTS["pin"][0], "zh")
        try:
            await self._engine.acts.answer(channel.id)
            await self._engine.acts.play(channel.id, new_id(), spoken.media)
        except ActFailed as error:
            log.info("%s was not asked for the PIN: %s", channel.name, error)

    def _pin_key(self, waiting: Waiting, digit: str) -> None:
        if digit != "#":
            waiting.digits = (waiting.digits + digit)[-LONGEST_PIN:]
            return
        given, waiting.digits = waiting.digits, ""
        if hmac.compare_digest(given.encode(), waiting.room.pin.encode()):
            self.waiting.pop(waiting.channel.id, None)
            self._books.center.spawn(self._after_pin(waiting))
            return
        waiting.tries += 1
        if waiting.tries >= MOST_TRIES:
            self.waiting.pop(waiting.channel.id, None)
            self._books.center.spawn(self._turn_away(waiting.channel, "wrong_pin"))
        else:
            self._books.center.spawn(self._wrong(waiting))

    async def _wrong(self, waiting: Waiting) -> None:
        spoken = await self._voice.speak(TEXTS["wrong_pin"][0], "zh")
        act = self._engine.acts.play(waiting.channel.id, new_id(), spoken.media)
        await self._engine.quietly(act)

    async def _after_pin(self, waiting: Waiting) -> None:
        """The room may have filled up while the digits were pressed."""
        room, channel = waiting.room, waiting.channel
        open_ = room.id in self._books.rooms
        answer = self._ask(room, self._number_of(channel)) if open_ else Door.OVER
        if answer is Door.OPEN:
            self._let_in(room, channel)
        else:
            await self._turn_away(channel, answer.value)

    def gone(self, channel_id: str) -> None:
        """A channel is over."""
        self.waiting.pop(channel_id, None)

    # ---- keys

    def key(self, channel_id: str, digit: str) -> bool:
        """Take a key; return whether it came from a leg of a room."""
        if (waiting := self.waiting.get(channel_id)) is not None:
            self._pin_key(waiting, digit)
            return True
        member = self._books.by_channel.get(channel_id)
        room = self._books.room_of(member) if member else None
        if member is None or room is None:
            return False
        if any(hook(room, member, digit) for hook in self.key_hooks):
            return True
        self._books.center.spawn(self._member_key(room, member, digit))
        return True

    async def _member_key(self, room: Room, member: RoomMember, digit: str) -> None:
        try:
            if digit == "1":
                await self._keys.hand(room, member)
            elif digit == "2":
                await self._keys.self_mute(room, member)
            elif digit in "789" and member.role is RoomRole.CHAIR:
                await self._keys.chair_key(room, member, digit)
        except Refusal as refusal:
            log.info("key %s of %s in room %s: %s", digit, member.number, room.number, refusal)
