"""The durable facts of plans."""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.clock import Millis
from softswitch.facts import Fact, fact


@fact("plan.stored", right="plan.read")
@dataclass(frozen=True, slots=True)
class PlanStored(Fact):
    """A plan was written in a new version; ``run_id`` when it was revised after that run."""

    plan: str
    at: Millis
    version: int
    login: str
    run_id: str = ""


@fact("plan.matched", right="plan.read")
@dataclass(frozen=True, slots=True)
class PlanMatched(Fact):
    """An incident is of the kind that a plan is for; ``auto``: the plan starts by itself."""

    plan: str
    at: Millis
    incident_id: str
    level: str
    auto: bool


@fact("plan.started", right="plan.read")
@dataclass(frozen=True, slots=True)
class PlanStarted(Fact):
    """A plan was started; in the state ``waiting`` others must approve first."""

    run_id: str
    at: Millis
    plan: str
    version: int
    level: str
    state: str
    login: str
    incident_id: str = ""


@fact("plan.approved", right="plan.read")
@dataclass(frozen=True, slots=True)
class PlanApproved(Fact):
    """Somebody else agreed to a run."""

    run_id: str
    at: Millis
    login: str
    missing: int


@fact("plan.step", right="plan.read")
@dataclass(frozen=True, slots=True)
class PlanStepChanged(Fact):
    """A step of a run came into another state; ``ref`` is the room, notification or message that it made."""

    run_id: str
    at: Millis
    step: str
    state: str
    reached: int = 0
    missed: int = 0
    ref: str = ""
    why: str = ""
    incident_id: str = ""


@fact("plan.task", right="plan.read")
@dataclass(frozen=True, slots=True)
class PlanTaskChanged(Fact):
    """A task was given, done, cancelled, or its deadline passed and the deputy is told."""

    run_id: str
    at: Millis
    task_id: str
    state: str
    number: str
    name: str = ""
    login: str = ""
    incident_id: str = ""


@fact("plan.published", right="plan.read")
@dataclass(frozen=True, slots=True)
class PlanPublished(Fact):
    """A step published a text."""

    run_id: str
    at: Millis
    step: str
    text: str
    language: str = "zh"
    incident_id: str = ""


@fact("plan.ended", right="plan.read")
@dataclass(frozen=True, slots=True)
class PlanEnded(Fact):
    """A run is over: done, or aborted by somebody."""

    run_id: str
    at: Millis
    state: str
    login: str = ""
    incident_id: str = ""
