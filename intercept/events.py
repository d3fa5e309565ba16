"""The durable facts of intercept, for the timeline of a call. Who watches whom takes a right to read."""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.clock import Millis
from softswitch.events import Fact, fact


@fact("intercept.asked", right="intercept.read")
@dataclass(frozen=True, slots=True)
class InterceptAsked(Fact):
    """Somebody asked for an act that a second person must confirm."""

    call_id: str
    at: Millis
    intercept_id: str
    act: str
    login: str
    reason: str


@fact("intercept.began", right="intercept.read")
@dataclass(frozen=True, slots=True)
class InterceptBegan(Fact):
    """An act on a call is about to be carried out; it is written before."""

    call_id: str
    at: Millis
    intercept_id: str
    act: str
    login: str
    desk: str
    reason: str
    target: str = ""
    second: str = ""  # who confirmed


@fact("intercept.switched", right="intercept.read")
@dataclass(frozen=True, slots=True)
class InterceptSwitched(Fact):
    """An intercept goes over to another act."""

    call_id: str
    at: Millis
    intercept_id: str
    act: str
    login: str
    target: str = ""


@fact("intercept.ended", right="intercept.read")
@dataclass(frozen=True, slots=True)
class InterceptEnded(Fact):
    """An intercept is over; ``reason`` is left, call ended, taken over, released, not answered, ..."""

    call_id: str
    at: Millis
    intercept_id: str
    reason: str


@fact("intercept.refused", right="intercept.read")
@dataclass(frozen=True, slots=True)
class InterceptRefused(Fact):
    """Somebody asked for what he may not do."""

    call_id: str
    at: Millis
    act: str
    login: str
    code: str
