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

from collections.abc import AsyncIterator, Sequence

from softswitch.ports import (
    ActFailed,
    ChannelHeld,
    ChannelState,
    Connected,
    DialBegan,
    Disconnected,
    KeyPressed,
    PhoneReachable,
    RecordingEnded,
    SwitchFact,
    TransferAsked,
)
from softswitch.testing.machine import ABSENT, BUSY, NORMAL, FakeLeg, FakeMachine, FakePhone


class FakeSwitch(FakeMachine):
    """Implements ``ports.PlainActs`` and tells ``ports.SwitchFact``; people act through the other methods."""

    # ---- streams ------------------------------------------------------------------------------------

    async def facts(self) -> AsyncIterator[SwitchFact]:
        """Yield what the switch tells, from a snapshot on."""
        self.connect()
        while True:
            yield await self._queue.get()

    def connect(self) -> None:
        """Connect the stream (again)."""
        self.connected = True
        self._queue.put_nowait(self.picture())

    def cut(self) -> None:
        """Break the stream of facts; `connect` mends it. What happens meanwhile is in the next snapshot."""
        self.connected = False
        self._queue.put_nowait(Disconnected("cut by the test"))

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
        self.start_recording(leg)
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
        self.lift(leg)
        if leg.peer:
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

    async def clear_dialled(self, caller: str, called: str, cause: int) -> None:
        """End a call that the dialplan connected."""
        await self.clear([caller, called], cause)

    async def record(self, channel_name: str, channel_id: str) -> None:
        """Record a channel, once."""
        leg = self._named(channel_name)
        if not leg.recorded:
            self.start_recording(leg)

    async def stop_recording(self, channel_name: str) -> None:
        """End the recording of a channel."""
        leg = self._named(channel_name)
        if leg.recorded:
            leg.recorded = False
            self.tell(RecordingEnded(leg.channel.id))

    async def snapshot(self) -> Connected:
        """Return what is up."""
        self._require()
        return self.picture()

    def _require(self) -> None:
        if not self.connected:
            raise ActFailed("The switch is not connected")

    def _named(self, name: str) -> FakeLeg:
        self._require()
        for leg in self.legs.values():
            if leg.channel.name == name:
                return leg
        raise ActFailed(f"No such channel {name}", 404)
