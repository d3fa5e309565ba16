"""The durable facts of telephone features."""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.clock import Millis
from softswitch.events import Fact, fact


@fact("camp.changed", right="call.read")
@dataclass(frozen=True, slots=True)
class CampChanged(Fact):
    """A camp-on was made, is being called, or is over; ``why`` when it came to nothing."""

    camp_id: str
    at: Millis
    caller: str
    target: str
    state: str
    why: str = ""
    call_id: str | None = None


@fact("night.switched", right="intake.read")
@dataclass(frozen=True, slots=True)
class NightSwitched(Fact):
    """Night service began or ended, by the timetable (no login) or by a person."""

    at: Millis
    on: bool
    login: str = ""
