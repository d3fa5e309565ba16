"""A switch in memory: the same ports as the real one, without SIP, sound or time.

    fake = FakeSwitch()
    fake.add_phone("p1001")
    caller = fake.call_emergency("120", "13800138000")     # waits under dispatch
    await fake.control.place(Leg("leg-1", "p1001", ("leg",)))
    fake.answer("leg-1")                                    # the person at p1001 lifts
    fake.hang_up(caller)                                    # the caller gives up

`fake.facts()` and `fake.control.facts()` are the two streams; `fake` has the plain acts and `fake.control` the
acts on calls under dispatch. Things happen at once, in the order of the calls; nothing waits. The
contract suite in tests/asterisk runs on this and on Asterisk.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

from softswitch.clock import Clock, Millis, now
from softswitch.ports import (
    ActFailed,
    Channel,
    ChannelGone,
    ChannelHeld,
    ChannelSeen,
    ChannelState,
    Connected,
    ControlUp,
    DialBegan,
    Disconnected,
    Entered,
    KeyPressed,
    Left,
    LegEnded,
    LegRinging,
    PhoneReachable,
    RecordingBegan,
    SwitchFact,
    TransferAsked,
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


@dataclass(slots=True)
class FakePhone:
    """A phone; ``busy`` makes it refuse calls."""

    id: str
    reachable: bool = True
    busy: bool = False


class FakeSwitch:
    """Implements ``ports.PlainActs`` and tells ``ports.SwitchFact``; people act through the other methods."""

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

    # ---- streams ------------------------------------------------------------------------------------

    async def facts(self) -> AsyncIterator[SwitchFact]:
        """Yield what the switch tells, from a snapshot on."""
        self.connect()
        while True:
            yield await self._queue.get()

    def connect(self) -> None:
        """Connect the stream (again)."""
        self.connected = True
        self._queue.put_nowait(self._picture())

    def cut(self) -> None:
        """Break the stream of facts; `connect` mends it. What happens meanwhile is in the next snapshot."""
        self.connected = False
        self._queue.put_nowait(Disconnected("cut by the test"))

    def tell(self, fact: SwitchFact) -> None:
        if self.connected:
            self._queue.put_nowait(fact)

    def _picture(self) -> Connected:
        return Connected(
            self.started_at,
            tuple(leg.channel for leg in self.legs.values()),
            tuple(PhoneReachable(phone.id, phone.reachable) for phone in self.phones.values()),
        )

    # ---- what people do -----------------------------------------------------------------------------

    def add_phone(self, phone_id: str, *, reachable: bool = True, busy: bool = False) -> FakePhone:
        """Add a phone; it registers."""
        phone = self.phones[phone_id] = FakePhone(phone_id, reachable, busy)
        self.tell(PhoneReachable(phone_id, reachable))
        return phone

    def call_emergency(self, digits: str, number: str, gateway: str = "citizens") -> str:
        """A citizen dials; return the channel, which waits under dispatch (if that is connected)."""
        leg = self.new_leg(
            self.next_id(), gateway, ChannelState.DIALING, number, digits, "emergency"
        )
        self._start_recording(leg)
        if self.control.connected:
            self.enter(leg, ("emergency", digits))
        return leg.channel.id

    def plain_call(self, caller: str, called: str) -> tuple[str, str]:
        """A phone dials another, which rings; return both channels."""
        first = self.new_leg(
            self.next_id(), caller, ChannelState.DIALING, caller, called, "extensions"
        )
        second = self.new_leg(self.next_id(), called, ChannelState.DOWN, called, "", "from-phones")
        first.peer, second.peer = second.channel.id, first.channel.id
        self.change(second, linked_id=first.channel.linked_id)
        self.tell(DialBegan(second.channel.id, first.channel.id))
        if self.phones[called].busy or not self.phones[called].reachable:
            self.end(second, BUSY if self.phones[called].busy else ABSENT)
            self.end(first, BUSY if self.phones[called].busy else ABSENT)
        else:
            self.change(second, state=ChannelState.RINGING)
        return first.channel.id, second.channel.id

    def answer(self, channel_id: str) -> None:
        """The person at a ringing phone lifts."""
        leg = self.legs[channel_id]
        self.change(leg, state=ChannelState.UP)
        if leg.ours:
            self.enter(leg, leg.pending_args)
        elif leg.peer:
            bridge = f"plain-{channel_id}"
            self.change(self.legs[leg.peer], state=ChannelState.UP)
            self.into(bridge, leg.peer)
            self.into(bridge, channel_id)

    def hang_up(self, channel_id: str, cause: int = NORMAL) -> None:
        """The person at a channel hangs up, or rejects a call with ``cause``."""
        leg = self.legs[channel_id]
        peer = self.legs.get(leg.peer)
        self.end(leg, cause)
        if peer is not None:
            self.end(peer, cause)

    def hold(self, channel_id: str, held: bool = True) -> None:
        """The person at a channel presses hold or resume."""
        self.tell(ChannelHeld(channel_id, held))

    def press(self, channel_id: str, digits: str) -> None:
        """The person at a channel presses keys."""
        if self.legs[channel_id].args is not None:
            for digit in digits:
                self.control.tell(KeyPressed(channel_id, digit))

    def refer(self, channel_id: str, number: str = "", other_channel_id: str = "") -> None:
        """A phone asks by REFER to transfer."""
        self.control.tell(TransferAsked(channel_id, number, other_channel_id))

    def restart(self) -> None:
        """The switch dies and is back: every call is gone, without a word."""
        self.legs.clear()
        self.bridges.clear()
        self.started_at += 1000
        self.cut()
        self.control.cut()
        self.connect()
        self.control.connect()

    # ---- plain acts ---------------------------------------------------------------------------------

    async def redirect(self, channel_names: Sequence[str], context: str, exten: str) -> None:
        """Send channels to a place in the dialplan; ``softswitch-absorb`` leads under dispatch."""
        legs = [self._named(name) for name in channel_names]
        for leg in legs:
            self.out_of_bridge(leg.channel.id)
            leg.peer = ""
            self.change(leg, context=context, dialed=exten)
        for leg in legs:
            if context == "softswitch-absorb" and self.control.connected:
                self.enter(leg, ("absorb", exten))

    async def hangup(self, channel_name: str, cause: int = NORMAL) -> None:
        """End a channel; one that is gone already is no error."""
        try:
            leg = self._named(channel_name)
        except ActFailed as error:
            if error.status == 404:
                return
            raise
        self.hang_up(leg.channel.id, cause)

    async def clear(self, channel_names: Sequence[str], cause: int) -> None:
        """End channels at once."""
        legs = [leg for leg in self.legs.values() if leg.channel.name in channel_names]
        for leg in legs:
            self.end(leg, cause)

    async def record(self, channel_name: str, channel_id: str) -> None:
        """Record a channel, once."""
        leg = self._named(channel_name)
        if not leg.recorded:
            self._start_recording(leg)

    async def snapshot(self) -> Connected:
        """Return what is up."""
        self._require()
        return self._picture()

    def _require(self) -> None:
        if not self.connected:
            raise ActFailed("The switch is not connected")

    def _named(self, name: str) -> FakeLeg:
        self._require()
        for leg in self.legs.values():
            if leg.channel.name == name:
                return leg
        raise ActFailed(f"No such channel {name}", 404)

    # ---- the machine --------------------------------------------------------------------------------

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

    def _start_recording(self, leg: FakeLeg) -> None:
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
