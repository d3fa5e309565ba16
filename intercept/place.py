"""Where an intercept happens: a call under dispatch, or a conference room. Both look the same to who acts there.

A room keeps its own books. Whoever comes in by intercept is no member of it: he is never rung again, needs no
PIN, and when he leaves, the room is as it was.
"""

from __future__ import annotations

from typing import Protocol

from softswitch.calls.conference import Conference
from softswitch.calls.dispatch_call import DispatchCall, Member
from softswitch.calls.engine import Engine


class Place(Protocol):
    """A bridge with parties in it."""

    @property
    def bridge_id(self) -> str:
        """The bridge in which all hear each other."""

    def holds(self, channel_id: str | None) -> bool:
        """Return whether a leg is a party in the books of the place."""

    def others(self, channel_id: str) -> list[str]:
        """Return the legs of the parties other than one."""

    async def open(self) -> None:
        """See that the bridge is there."""

    def take_in(self, member: Member) -> None:
        """Somebody in the bridge is a party now."""

    def take_out(self, channel_id: str | None) -> None:
        """Somebody is a party no more; his leg stays where it is."""

    def changed(self) -> None:
        """Show it anew."""


class CallPlace:
    """A call under dispatch."""

    def __init__(self, engine: Engine, call: DispatchCall) -> None:
        self._engine = engine
        self.call = call

    @property
    def bridge_id(self) -> str:
        """The bridge of the call."""
        return self.call.bridge_id

    def holds(self, channel_id: str | None) -> bool:
        """Return whether a leg is a member of the call."""
        return channel_id in self.call.members

    def others(self, channel_id: str) -> list[str]:
        """Return the members other than one."""
        return [member for member in self.call.members if member != channel_id]

    async def open(self) -> None:
        """Make the bridge when there is none: the call is on hold, or waits."""
        if not self.call.bridge_open:
            await self._engine.acts.open_bridge(self.call.bridge_id)
            self.call.bridge_open = True

    def take_in(self, member: Member) -> None:
        """Make somebody a member of the call."""
        self._engine.add(self.call, member)
        self.call.members[member.channel_id].joined = True

    def take_out(self, channel_id: str | None) -> None:
        """Make somebody no member any more."""
        if channel_id is not None and channel_id in self.call.members:
            self._engine.remove(self.call, channel_id)

    def changed(self) -> None:
        """Show the call anew."""
        self._engine.changed(self.call.id)


class RoomPlace:
    """A conference room."""

    def __init__(self, engine: Engine, room: Conference) -> None:
        self._engine = engine
        self.room = room

    @property
    def bridge_id(self) -> str:
        """The bridge in which the members are now."""
        return self.room.bridge_id

    def holds(self, channel_id: str | None) -> bool:
        """Nobody who came by intercept is in the books of the room."""
        return False

    def others(self, channel_id: str) -> list[str]:
        """Return the members."""
        return [member.channel_id for member in self.room.members()]

    async def open(self) -> None:
        """The bridge of a room with members is open."""

    def take_in(self, member: Member) -> None:
        """Who is inserted stays a guest."""

    def take_out(self, channel_id: str | None) -> None:
        """He never was a member."""

    def changed(self) -> None:
        """Show the call of the room anew."""
        self._engine.changed(self.room.call_id())


class Places:
    """Finds them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def room(self, call_id: str) -> Conference | None:
        """Return the conference that a call is, if it is one."""
        if call_id in self._engine.calls:
            return None
        return self._engine.guests.conference(call_id)

    def key(self, call_id: str) -> str:
        """Return what the place is called as long as it lasts: the id of the call, or that of the room."""
        room = self.room(call_id)
        return room.key if room is not None else call_id

    def call_id(self, key: str) -> str:
        """Return the call on the board that a place is now."""
        room = self.room(key)
        return (room.call_id() if room is not None else "") or key

    def of(self, key: str) -> Place | None:
        """Return a place that is there and under dispatch."""
        call = self._engine.calls.get(key)
        if call is not None:
            return CallPlace(self._engine, call)
        room = self.room(key)
        return RoomPlace(self._engine, room) if room is not None and room.members() else None

    async def take(self, key: str) -> Place:
        """Return a place; a plain call comes under dispatch first. The lock is held."""
        found = self.of(key)
        return found or CallPlace(self._engine, await self._engine.take_in(key))
