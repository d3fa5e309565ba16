"""The board: what is up in the switch, kept from its one ordered stream of facts.

The board holds nothing that the switch does not tell, so a snapshot can replace it at any moment.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from softswitch.calls.model import Call, Leg
from softswitch.clock import Millis
from softswitch.ports import (
    Channel,
    ChannelGone,
    ChannelHeld,
    ChannelSeen,
    ChannelState,
    Connected,
    DialBegan,
    Disconnected,
    PhoneReachable,
    SwitchFact,
)


@dataclass(slots=True)
class Changes:
    """What one fact changed: calls and phones to show anew, calls that ended or were merged into another."""

    calls: set[str] = field(default_factory=set)
    phones: set[str] = field(default_factory=set)
    ended_legs: list[tuple[Leg, int]] = field(default_factory=list)
    ended_calls: list[Call] = field(default_factory=list)
    merged: list[tuple[str, str]] = field(default_factory=list)


class Board:
    """Calls by linked id and legs by channel id."""

    def __init__(self) -> None:
        self.calls: dict[str, Call] = {}
        self.legs: dict[str, Leg] = {}
        self.reachable: dict[str, PhoneReachable] = {}
        self.by_phone: dict[str, set[str]] = {}
        self._called: set[str] = set()
        self.up = False
        """The stream is connected: what is not here is not in the switch."""

    # ---- reading

    def legs_of(self, phone_ids: Iterable[str]) -> list[Leg]:
        """Return the legs of some phones."""
        return [
            self.legs[channel_id]
            for phone_id in phone_ids
            for channel_id in sorted(self.by_phone.get(phone_id, ()))
        ]

    def is_registered(self, phone_ids: Iterable[str]) -> bool:
        """Tell whether any of the phones can be reached."""
        return any(
            self.reachable[phone_id].reachable
            for phone_id in phone_ids
            if phone_id in self.reachable
        )

    def call_of(self, channel_id: str) -> Call | None:
        """Return the call that a channel is in."""
        leg = self.legs.get(channel_id)
        return self.calls.get(leg.channel.linked_id) if leg else None

    def peers(self, leg: Leg) -> list[Leg]:
        """Return the legs that share the bridge of a leg; before there is one, the other legs of the call."""
        call = self.calls.get(leg.channel.linked_id)
        if call is None:
            return []
        others = [other for other in call.legs.values() if other is not leg]
        if leg.channel.bridge_id:
            return [o for o in others if o.channel.bridge_id == leg.channel.bridge_id]
        return others

    # ---- changing

    def apply(self, fact: SwitchFact, at: Millis) -> Changes:
        """Take one fact; ``at`` is the instant it arrived."""
        changes = Changes()
        if isinstance(fact, ChannelSeen):
            self._seen(fact.channel, at, changes)
        elif isinstance(fact, ChannelGone):
            self._gone(fact.channel_id, fact.cause, changes)
        elif isinstance(fact, ChannelHeld):
            self._held(fact, at, changes)
        elif isinstance(fact, DialBegan):
            self._dialed(fact, changes)
        elif isinstance(fact, PhoneReachable):
            self._reachable(fact, changes)
        elif isinstance(fact, Connected):
            self.up = True
            self._reset(fact, at, changes)
        elif isinstance(fact, Disconnected):
            self.up = False
        return changes

    def _seen(self, channel: Channel, at: Millis, changes: Changes) -> None:
        leg = self.legs.get(channel.id)
        if leg is None:
            incoming = _called_us(channel) and channel.id not in self._called
            leg = Leg(channel, since=at, incoming=incoming)
            self.legs[channel.id] = leg
            if channel.endpoint:
                self.by_phone.setdefault(channel.endpoint, set()).add(channel.id)
            self._enter_call(leg, channel, at, changes)
        else:
            if channel.linked_id != leg.channel.linked_id:
                self._move(leg, channel, at, changes)
            if channel.endpoint != leg.channel.endpoint:
                self._forget_phone(leg.channel)  # the same leg, now on another trunk
                if channel.endpoint:
                    self.by_phone.setdefault(channel.endpoint, set()).add(channel.id)
            before = leg.state
            leg.channel = channel
            if leg.state is not before:
                leg.since = at
        self._touch(leg, at, changes)

    def _enter_call(self, leg: Leg, channel: Channel, at: Millis, changes: Changes) -> None:
        call = self.calls.get(channel.linked_id)
        if call is None:
            started = channel.created_at or at
            call = self.calls[channel.linked_id] = Call(channel.linked_id, started, since=at)
        call.legs[channel.id] = leg

    def _move(self, leg: Leg, channel: Channel, at: Millis, changes: Changes) -> None:
        """Follow Asterisk when it merges two calls by bridging them (linked id changes)."""
        old = self.calls[leg.channel.linked_id]
        del old.legs[channel.id]
        self._enter_call(leg, channel, at, changes)
        changes.calls.add(old.id)
        if not old.legs:
            del self.calls[old.id]
            changes.merged.append((old.id, channel.linked_id))
            new = self.calls[channel.linked_id]
            if old.answered_at is not None and new.answered_at is None:
                new.answered_at = old.answered_at

    def _touch(self, leg: Leg, at: Millis, changes: Changes) -> None:
        call = self.calls[leg.channel.linked_id]
        state = call.state()
        if state is not call.last_state:
            call.last_state, call.since = state, at
        if call.answered_at is None and state.value in ("talking", "held"):
            call.answered_at = at
        changes.calls.add(call.id)
        changes.phones.update(o.channel.endpoint for o in call.legs.values() if o.channel.endpoint)

    def _gone(self, channel_id: str, cause: int, changes: Changes) -> None:
        self._called.discard(channel_id)
        leg = self.legs.pop(channel_id, None)
        if leg is None:
            return
        self._forget_phone(leg.channel)
        if leg.channel.endpoint:
            changes.phones.add(leg.channel.endpoint)
        call = self.calls[leg.channel.linked_id]
        del call.legs[channel_id]
        changes.calls.add(call.id)
        changes.phones.update(o.channel.endpoint for o in call.legs.values() if o.channel.endpoint)
        changes.ended_legs.append((leg, cause))
        if not call.legs:
            del self.calls[call.id]
            changes.ended_calls.append(call)

    def _forget_phone(self, channel: Channel) -> None:
        """Take a channel away from its phone."""
        channels = self.by_phone.get(channel.endpoint)
        if channels is not None:
            channels.discard(channel.id)
            if not channels:
                del self.by_phone[channel.endpoint]

    def _held(self, fact: ChannelHeld, at: Millis, changes: Changes) -> None:
        leg = self.legs.get(fact.channel_id)
        if leg is None or leg.held is fact.held:
            return
        leg.held, leg.since = fact.held, at
        self._touch(leg, at, changes)

    def _dialed(self, fact: DialBegan, changes: Changes) -> None:
        """The switch calls this channel: it did not call us, whatever its first state said."""
        self._called.add(fact.channel_id)
        leg = self.legs.get(fact.channel_id)
        if leg is not None and leg.incoming:
            leg.incoming = False
            changes.phones.add(leg.channel.endpoint)

    def _reachable(self, fact: PhoneReachable, changes: Changes) -> None:
        self.reachable[fact.phone_id] = fact
        changes.phones.add(fact.phone_id)

    def _reset(self, fact: Connected, at: Millis, changes: Changes) -> None:
        """Replace all by the snapshot: what is gone ends, what is new appears, what stays keeps its times."""
        alive = {channel.id for channel in fact.channels}
        for channel_id in [known for known in self.legs if known not in alive]:
            self._gone(channel_id, 0, changes)
        for channel in fact.channels:
            known = self.legs.get(channel.id)
            self._seen(channel, known.since if known else channel.created_at or at, changes)
        told = {phone.phone_id: phone for phone in fact.phones}
        for phone_id in [known for known in self.reachable if known not in told]:
            self._reachable(replace(self.reachable[phone_id], reachable=False), changes)
        for phone in fact.phones:
            self._reachable(phone, changes)


def _called_us(channel: Channel) -> bool:
    """Tell whether a channel that is seen first called the switch, and not the switch it.

    One that is up already (after a restart) tells by what it runs: the dialplan for its caller, or dispatch.
    """
    if channel.state is ChannelState.DIALING:
        return True
    words = channel.application_data.split(",")
    placed = channel.application == "AppDial" or words[1:2] == ["leg"]
    return channel.state is ChannelState.UP and bool(channel.application) and not placed


def drift(board: Board, truth: Connected) -> list[str]:
    """Return the differences between the board and a snapshot, in words; none when it is true."""
    found = []
    actual = {channel.id: channel for channel in truth.channels}
    found += [f"{gone} is on the board only" for gone in board.legs.keys() - actual.keys()]
    found += [f"{new} is in the switch only" for new in actual.keys() - board.legs.keys()]
    for channel_id in board.legs.keys() & actual.keys():
        shown, real = board.legs[channel_id].channel, actual[channel_id]
        for name in ("linked_id", "state", "bridge_id"):
            if getattr(shown, name) != getattr(real, name):
                found.append(f"{channel_id} {name}: {getattr(shown, name)} ≠ {getattr(real, name)}")
    return sorted(found)
