"""The machine inside the switch in memory: channels, bridges, and whom it tells of them."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field, replace

from softswitch.clock import Clock, Millis, now
from softswitch.ports import (
    Channel,
    ChannelGone,
    ChannelSeen,
    ChannelState,
    Connected,
    ControlUp,
    Entered,
    Left,
    LegEnded,
    LegRinging,
    PhoneReachable,
    RecordingBegan,
    SwitchFact,
)
from softswitch.testing.control import FakeControl

PREEMPTION, NORMAL, BUSY, NO_ANSWER, ABSENT = 8, 16, 17, 19, 20
"""Q.850 causes."""


@dataclass(slots=True)
class FakeLeg:
    """What the fake knows of one channel."""

    channel: Channel
    args: tuple[str, ...] | None = None
    """The words under which it is in dispatch; None: it is not."""
    ours: bool = False
    """Dispatch placed it, so its end is told even when it never came under dispatch."""
    peer: str = ""
    """The other leg of a plain call."""
    recorded: bool = False
    pending_args: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)
    """What was told to it for the dialplan."""


@dataclass(slots=True)
class FakePhone:
    """A phone; ``busy`` makes it refuse calls."""

    id: str
    reachable: bool = True
    busy: bool = False


class FakeMachine:
    """What is up, and how it changes; each change is told at once to those who are connected."""

    def __init__(self, clock: Clock = now, started_at: Millis = 1_000_000) -> None:
        self.legs: dict[str, FakeLeg] = {}
        self.phones: dict[str, FakePhone] = {}
        self.bridges: dict[str, list[str]] = {}
        self.recordings: list[str] = []
        self.started_at = started_at
        self.connected = False
        self.control = FakeControl(self)
        self._clock = clock
        self._numbers = itertools.count(1)
        self._queue: asyncio.Queue[SwitchFact] = asyncio.Queue()

    def tell(self, fact: SwitchFact) -> None:
        if self.connected:
            self._queue.put_nowait(fact)

    def picture(self) -> Connected:
        """Return what is up."""
        return Connected(
            self.started_at,
            tuple(leg.channel for leg in self.legs.values()),
            tuple(PhoneReachable(phone.id, phone.reachable) for phone in self.phones.values()),
        )

    def next_id(self) -> str:
        return f"{self.started_at // 1000}.{next(self._numbers)}"

    def new_leg(
        self,
        channel_id: str,
        endpoint: str,
        state: ChannelState,
        number: str,
        dialed: str,
        context: str,
    ) -> FakeLeg:
        channel = Channel(
            id=channel_id,
            name=f"PJSIP/{endpoint}-{next(self._numbers):08x}",
            linked_id=channel_id,
            state=state,
            endpoint=endpoint,
            caller_number=number,
            dialed=dialed,
            context=context,
            created_at=self._clock(),
        )
        leg = self.legs[channel_id] = FakeLeg(channel)
        self.tell(ChannelSeen(channel))
        return leg

    def change(self, leg: FakeLeg, **changes: object) -> None:
        changed = replace(leg.channel, **changes)  # type: ignore[arg-type]  # names are checked by replace
        if changed != leg.channel:
            leg.channel = changed
            self.tell(ChannelSeen(changed))

    def enter(self, leg: FakeLeg, args: tuple[str, ...]) -> None:
        leg.args = args
        self.change(leg, application="Stasis", application_data=",".join(("softswitch", *args)))
        self.control.tell(Entered(leg.channel, args))

    def leave_dispatch(self, leg: FakeLeg) -> None:
        if leg.args is not None:
            leg.args = None
            self.control.tell(Left(leg.channel.id))

    def into(self, bridge_id: str, channel_id: str) -> None:
        if channel_id in self.bridges.get(bridge_id, ()):
            return
        self.out_of_bridge(channel_id)
        members = self.bridges.setdefault(bridge_id, [])
        members.append(channel_id)
        # The call whose first channel is the oldest gives its id to all (ast_bridge_channel linkedid merge).
        linked = min(
            (self.legs[member].channel for member in members), key=lambda c: c.created_at
        ).linked_id
        for member in members:
            self.change(self.legs[member], linked_id=linked, bridge_id=bridge_id)

    def out_of_bridge(self, channel_id: str) -> None:
        for members in self.bridges.values():
            if channel_id in members:
                members.remove(channel_id)
                self.change(self.legs[channel_id], bridge_id="")

    def ring(self, leg: FakeLeg) -> None:
        """A placed leg reaches its phone."""
        phone = self.phones[leg.channel.endpoint]
        if phone.busy:
            self.end(leg, BUSY)
            return
        self.change(leg, state=ChannelState.RINGING)
        self.control.tell(LegRinging(leg.channel.id))

    def lift(self, leg: FakeLeg) -> None:
        """A leg is answered; one that dispatch placed comes under it."""
        self.change(leg, state=ChannelState.UP)
        if leg.ours:
            self.enter(leg, leg.pending_args)

    def end(self, leg: FakeLeg, cause: int) -> None:
        channel = leg.channel
        self.out_of_bridge(channel.id)
        known = leg.ours or leg.args is not None
        self.leave_dispatch(leg)
        self.legs.pop(channel.id, None)
        # No RecordingEnded: MixMonitor tells its stop only when it is stopped, not when its channel ends.
        self.tell(ChannelGone(channel.id, leg.channel.linked_id, cause))
        if known:
            self.control.tell(LegEnded(channel.id, cause))

    def start_recording(self, leg: FakeLeg) -> None:
        leg.recorded = True
        self.recordings.append(leg.channel.id)
        self.tell(RecordingBegan(leg.channel.id, leg.channel.linked_id))

    def control_picture(self) -> ControlUp:
        """Return what is under dispatch."""
        return ControlUp(
            tuple((leg.channel, leg.args) for leg in self.legs.values() if leg.args is not None),
            {
                bridge: tuple(members)
                for bridge, members in self.bridges.items()
                if not bridge.startswith("plain-")
            },
        )
