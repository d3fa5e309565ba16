"""Control of the switch in memory: acts on calls under dispatch, as ARI does them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING

from softswitch.ports import ActFailed, ChannelState, ControlDown, ControlFact, DialBegan, Leg

if TYPE_CHECKING:
    from softswitch.testing.machine import FakeLeg, FakeMachine

_NOT_IN_STASIS = 409
_GONE = 404


class FakeControl:
    """Implements ``ports.CallActs`` and tells ``ports.ControlFact``; ``acts`` remembers what was asked."""

    def __init__(self, switch: FakeMachine) -> None:
        self.connected = False
        self.acts: list[tuple[str, ...]] = []
        self.placed: list[Leg] = []
        self._switch = switch
        self._queue: asyncio.Queue[ControlFact] = asyncio.Queue()

    async def facts(self) -> AsyncIterator[ControlFact]:
        """Yield what happens under dispatch, from a snapshot on."""
        self.connect()
        while True:
            yield await self._queue.get()

    def connect(self) -> None:
        """Connect (again)."""
        self.connected = True
        self._queue.put_nowait(self._switch.control_picture())

    def cut(self) -> None:
        """Break the connection; acts fail until `connect`."""
        self.connected = False
        self._queue.put_nowait(ControlDown("cut by the test"))

    def tell(self, fact: ControlFact) -> None:
        if self.connected:
            self._queue.put_nowait(fact)

    # ---- acts ---------------------------------------------------------------------------------------

    async def place(self, leg: Leg) -> None:
        """Ring a phone."""
        self._note("place", leg.channel_id)
        switch = self._switch
        if leg.channel_id in switch.legs:
            return
        phone = switch.phones.get(leg.phone_id)
        if phone is None or not phone.reachable:
            raise ActFailed(f"{leg.phone_id} is not registered", 500)
        self.placed.append(leg)
        made = switch.new_leg(
            leg.channel_id, leg.phone_id, ChannelState.DOWN, leg.caller_number, "s", "from-phones"
        )
        made.ours, made.pending_args = True, leg.args
        if leg.originator in switch.legs:
            switch.change(made, linked_id=switch.legs[leg.originator].channel.linked_id)
        switch.tell(DialBegan(leg.channel_id, ""))
        switch.ring(made)
        if leg.auto_answer and leg.channel_id in switch.legs:
            switch.lift(made)

    async def answer(self, channel_id: str) -> None:
        """Answer a channel."""
        self._switch.change(self._leg("answer", channel_id), state=ChannelState.UP)

    async def ring(self, channel_id: str, on: bool = True) -> None:
        """Start or stop the ringing tone."""
        self._leg("ring", channel_id, str(on))

    async def hangup(self, channel_id: str, cause: int = 16) -> None:
        """End a channel; one that is gone already is no error."""
        self._note("hangup", channel_id, str(cause))
        leg = self._switch.legs.get(channel_id)
        if leg is not None:
            self._switch.end(leg, cause)

    async def open_bridge(self, bridge_id: str) -> None:
        """Make a bridge; one that is there already is no error."""
        self._note("open_bridge", bridge_id)
        self._switch.bridges.setdefault(bridge_id, [])

    async def close_bridge(self, bridge_id: str) -> None:
        """Remove a bridge; one that is gone already is no error."""
        self._note("close_bridge", bridge_id)
        for member in list(self._switch.bridges.get(bridge_id, ())):
            self._switch.out_of_bridge(member)
        self._switch.bridges.pop(bridge_id, None)

    async def join(self, bridge_id: str, *channel_ids: str) -> None:
        """Bring channels into a bridge."""
        self._note("join", bridge_id, *channel_ids)
        if bridge_id not in self._switch.bridges:
            raise ActFailed(f"No bridge {bridge_id}", _GONE)
        for channel_id in channel_ids:
            if channel_id not in self._switch.legs:
                raise ActFailed(f"No channel {channel_id}", 400)
            if self._switch.legs[channel_id].args is None:
                raise ActFailed(f"{channel_id} is not under dispatch", 422)
        for channel_id in channel_ids:
            self._switch.into(bridge_id, channel_id)

    async def leave(self, bridge_id: str, *channel_ids: str) -> None:
        """Take channels out of a bridge."""
        self._note("leave", bridge_id, *channel_ids)
        for channel_id in channel_ids:
            if channel_id in self._switch.bridges.get(bridge_id, ()):
                self._switch.out_of_bridge(channel_id)

    async def music(self, channel_id: str, on: bool) -> None:
        """Start or stop music on hold."""
        self._leg("music", channel_id, str(on))

    async def bridge_music(self, bridge_id: str, on: bool) -> None:
        """Start or stop music on hold for a bridge."""
        self._note("bridge_music", bridge_id, str(on))
        if bridge_id not in self._switch.bridges:
            raise ActFailed(f"No bridge {bridge_id}", _GONE)

    async def play(self, channel_id: str, playback_id: str, media: str) -> None:
        """Play a sound."""
        self._leg("play", channel_id, playback_id, media)

    async def send_keys(self, channel_id: str, digits: str) -> None:
        """Send keys."""
        self._leg("send_keys", channel_id, digits)

    async def release(self, channel_id: str, context: str, exten: str) -> None:
        """Send a channel back into the dialplan."""
        leg = self._leg("release", channel_id, context, exten)
        self._switch.out_of_bridge(channel_id)
        self._switch.leave_dispatch(leg)
        self._switch.change(leg, context=context, dialed=exten)

    async def set_variables(self, channel_id: str, variables: Mapping[str, str]) -> None:
        """Set variables."""
        leg = self._leg("set_variables", channel_id, *sorted(variables))
        leg.variables.update(variables)

    async def transfer_result(self, channel_id: str, succeeded: bool) -> None:
        """Tell a phone how its transfer went."""
        self._note("transfer_result", channel_id, str(succeeded))

    async def mute(self, channel_id: str, on: bool) -> None:
        """Mute a channel."""
        self._leg("mute", channel_id, str(on))

    async def watch_talking(self, channel_id: str) -> None:
        """Watch the talking on a channel."""
        self._leg("watch_talking", channel_id)

    async def join_aside(self, bridge_id: str, *channel_ids: str) -> None:
        """Bring channels into a bridge."""
        await self.join(bridge_id, *channel_ids)

    async def snoop(self, channel_id: str, snoop_id: str, args: tuple[str, ...]) -> None:
        """Make a channel that hears another and is heard by it."""
        self._note("snoop", channel_id, snoop_id)
        target = self._switch.legs.get(channel_id)
        if target is None:
            raise ActFailed(f"No channel {channel_id}", _GONE)
        if snoop_id in self._switch.legs:
            return
        made = self._switch.new_leg(snoop_id, "", ChannelState.UP, "", "", "")
        name, linked = f"Snoop/{channel_id}-{snoop_id}", target.channel.linked_id
        self._switch.change(made, name=name, linked_id=linked)
        made.ours = True
        self._switch.enter(made, args)

    async def play_to_bridge(self, bridge_id: str, playback_id: str, media: str) -> None:
        """Play to all in a bridge."""
        self._note("play_to_bridge", bridge_id, playback_id, media)
        if bridge_id not in self._switch.bridges:
            raise ActFailed(f"No bridge {bridge_id}", _GONE)

    async def stop_playback(self, playback_id: str) -> None:
        """End a playback."""
        self._note("stop_playback", playback_id)

    def _leg(self, act: str, channel_id: str, *more: str) -> FakeLeg:
        self._note(act, channel_id, *more)
        leg = self._switch.legs.get(channel_id)
        if leg is None:
            raise ActFailed(f"No channel {channel_id}", _GONE)
        if leg.args is None:
            raise ActFailed(f"{channel_id} is not under dispatch", _NOT_IN_STASIS)
        return leg

    def _note(self, *act: str) -> None:
        if not self.connected:
            raise ActFailed("Control is not connected")
        self.acts.append(act)
