"""The durable facts of duty."""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.clock import Millis
from softswitch.facts import Fact, fact


@fact("duty.changed", right="duty.read")
@dataclass(frozen=True, slots=True)
class DutyChanged(Fact):
    """Somebody else is on duty at a post than before; ``people`` in the order in which they are rung."""

    roster: str
    at: Millis
    people: tuple[str, ...]


@fact("duty.gap", right="duty.read")
@dataclass(frozen=True, slots=True)
class DutyGap(Fact):
    """A roster has fewer people than it needs, between ``begin`` and ``end``; told before it begins."""

    roster: str
    at: Millis
    begin: Millis
    end: Millis
    there: int
    need: int


@fact("duty.handed_over", right="duty.read")
@dataclass(frozen=True, slots=True)
class DutyHandedOver(Fact):
    """An entry of the hand-over log was signed: ``part`` is gave or took; ``digest`` seals it and all before."""

    entry_id: str
    roster: str
    at: Millis
    part: str
    login: str
    digest: str
