"""The durable facts of incidents. ``incident.drafted`` and ``incident.claimed`` stand in ``softswitch.events``."""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.clock import Millis
from softswitch.events import Fact, fact


@fact("incident.changed", right="incident.read")
@dataclass(frozen=True, slots=True)
class IncidentChanged(Fact):
    """An incident has other texts, another type, grade, place or state; the values are those after it."""

    incident_id: str
    at: Millis
    login: str
    fields: tuple[str, ...]
    version: int
    status: str
    type: str = ""
    grade: int = 0
    latitude: float | None = None
    longitude: float | None = None


@fact("incident.moved", right="incident.read")
@dataclass(frozen=True, slots=True)
class IncidentMoved(Fact):
    """An incident came into another state."""

    incident_id: str
    at: Millis
    login: str
    before: str
    after: str
    reason: str = ""
    type: str = ""
    grade: int = 0
    latitude: float | None = None
    longitude: float | None = None


@fact("incident.merged", right="incident.read")
@dataclass(frozen=True, slots=True)
class IncidentMerged(Fact):
    """An incident became part of another."""

    incident_id: str
    at: Millis
    login: str
    into_incident_id: str


@fact("incident.split", right="incident.read")
@dataclass(frozen=True, slots=True)
class IncidentSplit(Fact):
    """A part of an incident stands for itself again, or for the first time."""

    incident_id: str
    at: Millis
    login: str
    from_incident_id: str
    status: str = ""
    latitude: float | None = None
    longitude: float | None = None


@fact("incident.ordered", right="incident.read")
@dataclass(frozen=True, slots=True)
class OrderChanged(Fact):
    """An order to a unit came into another state; ``overdue``: its deadline passed without a receipt."""

    incident_id: str
    at: Millis
    order_id: str
    unit: str
    state: str
    login: str = ""
    overdue: bool = False


@fact("incident.reported", right="incident.read")
@dataclass(frozen=True, slots=True)
class ReportChanged(Fact):
    """A report upward came into another state."""

    incident_id: str
    at: Millis
    report_id: str
    number: int
    state: str
    login: str = ""


@fact("incident.report_overdue", right="incident.read")
@dataclass(frozen=True, slots=True)
class ReportOverdue(Fact):
    """The time for the next report upward is over and it was not sent."""

    incident_id: str
    at: Millis
    due_at: Millis
