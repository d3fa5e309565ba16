"""The legs of rooms: ringing at a pace, coming in, being heard or not, leaving, being rung again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable

from softswitch.calls.core import new_id
from softswitch.calls.ringing import ANSWERED_ELSEWHERE
from softswitch.conferences import store
from softswitch.conferences.books import Books
from softswitch.conferences.model import (
    MemberState,
    Pacer,
    RoomKind,
    RoomState,
    left_state,
    redial_pause,
    unanswered_state,
)
from softswitch.conferences.recording import RoomRecording
from softswitch.conferences.room import Room, RoomMember
from softswitch.errors import Refusal
from softswitch.ports import ActFailed, Channel, ChannelState, Leg

log = logging.getLogger(__name__)

RING_SECONDS = 40
PLACED_AT_ONCE = 40
"""How many legs the switch is asked for before it has taken the first: it sets the pace itself."""
TONE_IN = "tone:!750/120,!0/60,!1150/120"
TONE_OUT = "tone:!1150/120,!0/60,!750/120"
TONE_SECONDS = 0.6
"""How long they sound, with time for the bridge to let in who plays them."""
TONE_GAP = 1_000
"""Milliseconds between two entry tones: when many come at once, one tone tells of all."""


class RoomLegs:
    """What rooms do to channels."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._center = books.center
        self._engine = books.center.engine
        self._acts = books.center.engine.acts
        self._pacer = Pacer()
        self.recording = RoomRecording(books)
        self._window = asyncio.Semaphore(PLACED_AT_ONCE)
        self.over_hooks: list[Callable[[Room], None]] = []
        """Told of each room that is over."""
        self.hooks: list[Callable[[Room, RoomMember], None]] = []
        """Told of each member whose state changed (roll calls)."""

    # ---- opening and closing

    async def open(self, room: Room) -> None:
        """Make the bridge of a room, once."""
        if room.bridge_open:
            return
        if room.state is RoomState.CLOSED:  # meanwhile: its bridge would be nobody's to close
            raise ActFailed("the room is over")
        room.bridge_open = True
        try:
            await self._acts.open_bridge(room.own_bridge)
        except ActFailed:
            room.bridge_open = False
            raise
        if room.state is RoomState.IDLE:
            room.state, room.since = RoomState.OPEN, self._books.clock()
            await self._books.put(room, "opened")

    async def close(self, room: Room) -> None:
        """Hang up on all and give the bridge back."""
        for other in self._books.joined(room):
            await self.move(other, None)
        room.state = RoomState.CLOSED
        legs = [m.channel_id for m in room.members.values() if m.channel_id]
        rung = [channel for m in room.members.values() for channel in m.rings]
        for member in room.members.values():
            if member.is_in or member in room.pending:
                self._books.state(member, MemberState.LEFT, 16)
        self._books.forget(room)
        for hook in self.over_hooks:
            hook(room)
        self._engine.conference_changed(room.own_bridge)
        await asyncio.gather(*(self._engine.drop(c) for c in legs + rung))
        if room.bridge_open:
            room.bridge_open = False
            await self._engine.quietly(self._acts.close_bridge(room.own_bridge))

    async def _empty(self, room: Room) -> None:
        """Nobody is in and nobody is rung."""
        if room.present or room.pending or self._books.joined(room) or self._waits(room):
            return
        if room.id not in self._books.rooms or room.state is RoomState.CLOSED:
            return
        if room.kind is RoomKind.ADHOC:
            room.state = RoomState.CLOSED  # nobody comes in any more
            # Written before it is off the screens: who looks then finds it among the past ones.
            await self._books.db.write_surely(store.close_room, room.id, self._books.clock())
            await self.close(room)
        elif room.bridge_open:
            room.bridge_open, room.state = False, RoomState.IDLE
            room.recording = room.locked = False
            await self._engine.quietly(self._acts.close_bridge(room.own_bridge))
            await self._books.put(room, "emptied")

    def _waits(self, room: Room) -> bool:
        return any(
            m.state is MemberState.DROPPED and m.keep and redial_pause(m.tries - 1) is not None
            for m in room.members.values()
        )

    def check_empty(self, room: Room) -> None:
        """Close a room that lost its last member."""
        self._center.spawn(self._empty(room))

    # ---- ringing

    async def ring(self, room: Room, members: Iterable[RoomMember]) -> None:
        """Ring members at the pace of the switch, after they are written: a restart finds their legs by them."""
        wanted = list(members)
        await self.open(room)
        await self._books.queue(wanted)
        for member in wanted:
            self._center.spawn(self._ring_in_turn(room, member))

    async def _ring_in_turn(self, room: Room, member: RoomMember) -> None:
        if member.extension is None:  # lines have a rate of calls that they take
            await asyncio.sleep(self._pacer.wait(asyncio.get_running_loop().time()))
        if member.state is not MemberState.QUEUED or room.id not in self._books.rooms:
            return
        try:
            legs = self._legs_for(room, member)
        except Refusal as refusal:
            log.info("room %s cannot ring %s: %s", room.number, member.number, refusal)
            self._set(room, member, MemberState.UNREACHABLE, 20)
            return
        if member.extension is not None and not self._engine.is_free(member.extension):
            self._set(room, member, MemberState.BUSY, 17)
            return
        member.rung_at = self._books.clock()
        member.rings = {leg.channel_id for leg in legs}
        for leg in legs:
            self._books.by_channel[leg.channel_id] = member
        self._set(room, member, MemberState.RINGING)
        await asyncio.gather(*(self._place(room, member, leg) for leg in legs))

    def _legs_for(self, room: Room, member: RoomMember) -> list[Leg]:
        extension, phones = self._engine.destinations(member.number)
        member.rung += 1
        present = next((m.channel_id for m in room.present if m.channel_id), None)
        args = ("room", room.id, member.id)
        return [
            Leg(
                channel_id=f"{member.id}-{member.rung}-{index}",
                phone_id=phone,
                args=args,
                number="" if extension else member.number,
                caller_number=room.number,
                caller_name=room.name[:40],
                originator=present or "",
                auto_answer=member.auto_answer and extension is not None,
                timeout_seconds=RING_SECONDS,
            )
            for index, phone in enumerate(phones)
        ]

    async def _place(self, room: Room, member: RoomMember, leg: Leg) -> None:
        try:
            async with self._window:
                await self._acts.place(leg)
        except ActFailed as error:
            log.warning("room %s could not ring %s: %s", room.number, member.number, error)
            self._hang_up(leg.channel_id)  # of unknown outcome it may ring
            self.ended(leg.channel_id, 41)

    def _set(self, room: Room, member: RoomMember, state: MemberState, cause: int = 0) -> None:
        self._books.state(member, state, cause)
        for hook in self.hooks:
            hook(room, member)
        self._engine.conference_changed(room.own_bridge)
        if state not in (MemberState.IN, MemberState.RINGING, MemberState.QUEUED):
            self.check_empty(room)

    # ---- coming in

    def answered(self, channel: Channel, room_id: str, member_id: str) -> None:
        """A phone that was rung for a room answered."""
        room = self._books.rooms.get(room_id)
        member = room.members.get(member_id) if room else None
        if room is None or member is None or member.state not in (
            MemberState.RINGING, MemberState.QUEUED, MemberState.IN,
        ):  # fmt: skip
            self._hang_up(channel.id)
            return
        if member.is_in and member.channel_id != channel.id:
            self._hang_up(channel.id, ANSWERED_ELSEWHERE)
            return
        if member.is_in:
            return  # told twice: by the snapshot after a cut, and by the event behind it
        if len(room.present) >= room.most:
            self._hang_up(channel.id, 17)
            return
        self.come_in(room, member, channel)

    def come_in(self, room: Room, member: RoomMember, channel: Channel) -> None:
        """A channel becomes the leg of a member."""
        for other in member.rings - {channel.id}:
            self._books.by_channel.pop(other, None)
            self._hang_up(other, ANSWERED_ELSEWHERE)
        member.rings = set()
        member.channel_id, member.channel_name = channel.id, channel.name
        member.tries, member.heard, member.recorded = 0, True, False
        self._books.by_channel[channel.id] = member
        self._set(room, member, MemberState.IN)
        self._center.spawn(self._bring_in(room, member, channel))

    async def _bring_in(self, room: Room, member: RoomMember, channel: Channel) -> None:
        try:
            if channel.state is not ChannelState.UP:
                await self._acts.answer(channel.id)
            await self.open(room)
            if not room.heard(member):
                await self.hear(room, member)  # before the others could hear him
            await self._into_bridge(room, channel.id)
        except ActFailed as error:
            log.info("%s did not come into room %s: %s", member.number, room.number, error)
            self._hang_up(channel.id, 41)
            return
        await self._after_entry(room, member)

    async def _into_bridge(self, room: Room, channel_id: str) -> None:
        while True:
            bridge = room.bridge_id
            await self._acts.join_aside(bridge, channel_id)
            if room.bridge_id == bridge:  # else the room was joined to another meanwhile
                return

    def rejoin(self, room: Room, member: RoomMember) -> None:
        """Bring back into the bridge who was found beside it."""
        leg = self._center.board.legs.get(member.channel_id or "")
        if leg is not None:
            self._center.spawn(self._bring_in(room, member, leg.channel))

    def take_up(self, room: Room, member: RoomMember) -> None:
        """After a restart: the phones that still ring for a member go on, else he is rung again."""
        begun = f"{member.id}-"
        member.rings = {channel for channel in self._center.board.legs if channel.startswith(begun)}
        # The last ring may not have been written any more; its number must not come twice.
        member.rung = max([member.rung, *(int(c.split("-")[1]) for c in member.rings)])
        for channel_id in member.rings:
            self._books.by_channel[channel_id] = member
        if not member.rings:
            self._center.spawn(self.ring(room, [member]))
        elif member.state is not MemberState.RINGING:
            self._set(room, member, MemberState.RINGING)

    async def _after_entry(self, room: Room, member: RoomMember) -> None:
        if member.is_in:
            await self.hear(room, member)
            self._tone(room, TONE_IN)
            if member.channel_id is not None:
                await self._engine.quietly(self._acts.watch_talking(member.channel_id))
            if member.extension is not None and self._center.book.is_desk(member.extension):
                await self.recording.record(member)
            await self.recording.keep(room)
            self._books.show(room, member)

    def _tone(self, room: Room, media: str) -> None:
        at = self._books.clock()
        if room.entry_tone and room.bridge_open and at - room.tone_at >= TONE_GAP and room.present:
            room.tone_at = at
            self._center.spawn(self._engine.quietly(self._sound(room.bridge_id, media)))

    async def _sound(self, bridge_id: str, media: str) -> None:
        """Play a tone and end it: it would go on in silence, and all that is played to the bridge wait behind it."""
        playback = new_id()
        await self._acts.play_to_bridge(bridge_id, playback, media)
        await asyncio.sleep(TONE_SECONDS)
        await self._acts.stop_playback(playback)

    # ---- being heard

    async def hear(self, room: Room, member: RoomMember, *, surely: bool = False) -> None:
        """Make the switch do what is decided: whether the others hear a member.

        ``surely``: tell it even if it was told before; after a restart that is not known.
        """
        wanted = room.heard(member)
        if member.channel_id is None or (member.heard is wanted and not surely):
            return
        member.heard = wanted
        self._books.show_speaking(member)
        await self._engine.quietly(self._acts.mute(member.channel_id, not wanted))

    def spoke(self, channel_id: str, on: bool) -> None:
        """A member begins or ends to talk."""
        member = self._books.by_channel.get(channel_id)
        if member is not None and member.channel_id == channel_id:
            member.talking = on
            self._books.show_speaking(member)

    async def hear_all(self, room: Room) -> None:
        """The same for everybody in a room."""
        await asyncio.gather(*(self.hear(room, member) for member in room.present))

    # ---- leaving

    def ended(self, channel_id: str, cause: int) -> None:
        """A leg of a room is over."""
        member = self._books.by_channel.pop(channel_id, None)
        room = self._books.room_of(member) if member else None
        if member is None or room is None:
            return
        if member.channel_id == channel_id:
            member.channel_id, member.recorded = None, False
            if member.is_in:
                self._left(room, member, cause)
            else:
                self.check_empty(room)
            return
        member.rings.discard(channel_id)
        if member.state is MemberState.RINGING and not member.rings:
            waited = self._books.clock() - member.rung_at
            state = unanswered_state(cause, waited >= (RING_SECONDS - 2) * 1000)
            again = member.tries > 0 and member.keep
            self._set(room, member, MemberState.DROPPED if again else state, cause)
            if again:
                self._bring_back(room, member)
        else:
            self.check_empty(room)

    def _left(self, room: Room, member: RoomMember, cause: int) -> None:
        room.hands.lower(member.id)
        member.floor = False
        state = left_state(cause)
        self._set(room, member, state, cause)
        self._tone(room, TONE_OUT)
        if state is MemberState.DROPPED and member.keep:
            self._bring_back(room, member)
        self._center.spawn(self.recording.keep(room))

    def _bring_back(self, room: Room, member: RoomMember) -> None:
        pause = redial_pause(member.tries)
        member.tries += 1
        if pause is not None:
            self._center.spawn(self._ring_later(room, member, pause / 1000))
        else:
            self.check_empty(room)

    async def _ring_later(self, room: Room, member: RoomMember, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if room.id in self._books.rooms and member.state is MemberState.DROPPED:
            await self.ring(room, [member])

    async def put_out(self, room: Room, member: RoomMember, state: MemberState) -> None:
        """End a member's leg, or stop ringing him."""
        channels = [*member.rings, *([member.channel_id] if member.channel_id else [])]
        room.hands.lower(member.id)
        member.floor = False
        self._set(room, member, state, 16)
        await asyncio.gather(*(self._engine.drop(c) for c in channels))

    def let_go(self, room: Room, member: RoomMember, cause: int) -> str | None:
        """Take a member out of the books and return his leg, which is in another's hands now; stop ringing him."""
        channel_id, member.channel_id = member.channel_id, None
        rings, member.rings = member.rings, set()
        for known in (channel_id, *rings):
            self._books.by_channel.pop(known or "", None)
        for ring in rings:
            self._hang_up(ring, cause)
        there = member.is_in or member.state is MemberState.DROPPED or member in room.pending
        if there:
            room.hands.lower(member.id)
            member.floor = member.recorded = False
            self._set(room, member, MemberState.LEFT, cause)
            self._center.spawn(self.recording.keep(room))
        return channel_id

    # ---- rooms that are one for a while

    async def move(self, room: Room, into: Room | None) -> None:
        """Bring everybody of a room into the bridge of another, or back into their own."""
        if into is not None:
            await self.open(into)
        room.joined_to = into.id if into else None
        channels = [m.channel_id for m in room.present if m.channel_id]
        if channels:  # a bridge for nobody would be nobody's to close
            await self._acts.open_bridge(room.bridge_id)
            await self._acts.join_aside(room.bridge_id, *channels)
        self._engine.conference_changed(room.own_bridge)
        await self._books.put(room, "joined" if into else "parted", value=into.id if into else "")

    def _hang_up(self, channel_id: str, cause: int = 16) -> None:
        self._center.spawn(self._engine.drop(channel_id, cause))
