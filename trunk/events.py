"""The durable facts of trunks."""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.clock import Millis
from softswitch.events import Fact, fact


@fact("trunk.changed", right="trunk.read")
@dataclass(frozen=True, slots=True)
class TrunkChanged(Fact):
    """A trunk went out of service or came back; ``why`` tells what was wrong."""

    trunk: str
    at: Millis
    state: str
    why: str = ""


@fact("trunk.call_ended", right="trunk.read")
@dataclass(frozen=True, slots=True)
class TrunkCallEnded(Fact):
    """A call on a trunk is over: its Q.850 cause, who ended it, and how many milliseconds were talked."""

    trunk: str
    at: Millis
    call_id: str
    circuit: str
    outgoing: bool
    number: str
    caller: str
    cause: int
    source: str
    talked: Millis


@fact("trunk.preempted", right="trunk.read")
@dataclass(frozen=True, slots=True)
class TrunkPreempted(Fact):
    """A call gives its circuit to one of higher precedence (ITU-T I.255.3)."""

    trunk: str
    at: Millis
    call_id: str
    level: int
    for_level: int


@fact("trunk.unusual_traffic", right="trunk.read")
@dataclass(frozen=True, slots=True)
class UnusualTraffic(Fact):
    """A user or trunk had many times its usual calls in an hour."""

    who: str
    at: Millis
    calls: int
