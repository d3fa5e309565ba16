"""Pure values of calls: what a leg and a call look like to people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from softswitch.clock import Millis
from softswitch.ports import Channel, ChannelState


class LegState(StrEnum):
    """What one leg does."""

    DIALING = "dialing"
    RINGING = "ringing"
    UP = "up"
    HELD = "held"


class CallState(StrEnum):
    """What a call does."""

    WAITING = "waiting"
    RINGING = "ringing"
    TALKING = "talking"
    HELD = "held"
    PARKED = "parked"


class CallKind(StrEnum):
    """Where a call comes from and goes to."""

    EMERGENCY = "emergency"
    INTERNAL = "internal"
    INCOMING = "incoming"
    OUTGOING = "outgoing"


class ExtensionState(StrEnum):
    """What the lamp of an extension shows."""

    UNREGISTERED = "unregistered"
    IDLE = "idle"
    DIALING = "dialing"
    RINGING = "ringing"
    TALKING = "talking"
    HELD = "held"


class Role(StrEnum):
    """The part that a leg plays in its call."""

    CALLER = "caller"
    DESK = "desk"
    PARTY = "party"


@dataclass(slots=True)
class Leg:
    """One channel in a call, as the board keeps it. ``since`` is when its state began."""

    channel: Channel
    since: Millis
    held: bool = False
    incoming: bool = False
    """True for a channel that called the switch, False for one that the switch calls."""

    @property
    def state(self) -> LegState:
        """What the leg does now."""
        if self.channel.state is ChannelState.UP:
            return LegState.HELD if self.held else LegState.UP
        if self.incoming or self.channel.state is not ChannelState.RINGING:
            return LegState.DIALING
        return LegState.RINGING


@dataclass(slots=True)
class Call:
    """The legs that share one linked id."""

    id: str
    started_at: Millis
    since: Millis
    answered_at: Millis | None = None
    legs: dict[str, Leg] = field(default_factory=dict)
    last_state: CallState | None = None

    @property
    def first(self) -> Leg | None:
        """The leg that began the call: the one whose channel id is the call's, else the oldest."""
        return self.legs.get(self.id) or next(iter(self.legs.values()), None)

    def state(self) -> CallState:
        """The state that the legs alone tell; waiting and parked are known to the dispatch side only."""
        states = {leg.state for leg in self.legs.values()}
        up = [leg for leg in self.legs.values() if leg.channel.state is ChannelState.UP]
        if len(up) >= 2:
            return CallState.HELD if LegState.HELD in states else CallState.TALKING
        return CallState.RINGING


def extension_state(legs: list[Leg], registered: bool) -> ExtensionState:
    """Return the lamp of an extension from the legs of its phones."""
    states = {leg.state for leg in legs}
    if LegState.UP in states:
        return ExtensionState.TALKING
    if LegState.HELD in states:
        return ExtensionState.HELD
    if any(not leg.incoming for leg in legs):
        return ExtensionState.RINGING
    if legs:
        return ExtensionState.DIALING
    return ExtensionState.IDLE if registered else ExtensionState.UNREGISTERED


ExtensionOf = Callable[[str], str | None]
"""Phone id → extension number, None for lines and strangers."""
