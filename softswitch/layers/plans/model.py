"""Plans as values: triggers, levels, steps and whom they reach; what makes a plan start, and what makes it a circle."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from softswitch.clock import Millis

MINUTE: Millis = 60_000
MOST_LEVELS = 8
MOST_STEPS = 100


class Kind(StrEnum):
    """What a step does."""

    RING = "ring"  # ring people into a room of their own: a group call
    CONFERENCE = "conference"  # open a named room and invite people; it stays open when empty
    NOTIFY = "notify"  # tell people by telephone until they confirm
    SMS = "sms"  # send a message to a list or to whoever is in an area
    TASK = "task"  # give people something to do, with a deadline
    PUBLISH = "publish"  # tell all consoles, and who follows the facts
    PLAN = "plan"  # begin another plan as a part of this one


REACHES = frozenset({Kind.RING, Kind.CONFERENCE, Kind.NOTIFY, Kind.SMS, Kind.TASK})
SAYS = frozenset({Kind.NOTIFY, Kind.SMS, Kind.TASK, Kind.PUBLISH})


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a step reaches. ``area``: whoever is inside the area of the run, as the map knows it."""

    groups: tuple[str, ...] = ()
    duty: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    area: bool = False

    def is_empty(self) -> bool:
        """Tell whether nobody is named."""
        return not (self.groups or self.duty or self.people or self.numbers or self.area)


@dataclass(frozen=True, slots=True)
class Step:
    """One act of a level. ``after``: steps of the same level that come first; ``deadline`` in milliseconds."""

    id: str
    kind: Kind
    name: str = ""
    to: Target = Target()
    text: str = ""
    language: str = "zh"
    confirm: bool = True
    tries: int = 3
    pause: Millis = 60_000
    deadline: Millis | None = None
    after: tuple[str, ...] = ()
    plan: str = ""
    level: str = ""


@dataclass(frozen=True, slots=True)
class Level:
    """How far the response goes. ``approvals``: how many others must agree before anybody is rung."""

    id: str
    name: str = ""
    approvals: int = 0
    grades: tuple[int, ...] = ()
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Trigger:
    """Which incidents a plan is for; empty matches all, ``auto``: it starts by itself.

    ``types`` match by their beginning, so that a class stands for all its types; ``grades`` are 1 (worst) to 4;
    ``areas`` are parts of the address.
    """

    types: tuple[str, ...] = ()
    grades: tuple[int, ...] = ()
    areas: tuple[str, ...] = ()
    auto: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan as it is written down, without its version."""

    key: str
    name: str
    trigger: Trigger | None = None
    levels: tuple[Level, ...] = ()
    note: str = ""

    def level(self, level_id: str) -> Level | None:
        """Return a level by its id; the first for an empty one."""
        if not level_id:
            return self.levels[0] if self.levels else None
        return next((level for level in self.levels if level.id == level_id), None)


@dataclass(frozen=True, slots=True)
class Incident:
    """What a trigger looks at. ``grade`` 0: not graded yet; ``area``: where it is, code and address as one text."""

    id: str
    type: str = ""
    grade: int = 0
    area: str = ""
    open: bool = True


def matches(trigger: Trigger | None, incident: Incident) -> bool:
    """Tell whether a plan is for an incident. A condition that the incident says nothing about does not match."""
    if trigger is None or not incident.open:
        return False
    if trigger.types and not any(incident.type.startswith(each) for each in trigger.types):
        return False
    if trigger.grades and incident.grade not in trigger.grades:
        return False
    return not trigger.areas or any(each in incident.area for each in trigger.areas)


def level_for(plan: Plan, incident: Incident) -> Level | None:
    """Return the level for the grade of an incident: the one that names it, else the first that names none."""
    named = next((level for level in plan.levels if incident.grade in level.grades), None)
    return named or next((level for level in plan.levels if not level.grades), None)


def automatic_run(plan_key: str, incident_id: str) -> str:
    """Return the id of the run that a plan begins by itself: telling an incident twice starts one."""
    return hashlib.sha256(f"plan {plan_key} {incident_id}".encode()).hexdigest()[:16]


def act_id(run_id: str, step_id: str, what: str = "") -> str:
    """Return the id of what a step does: the room, notification or message of it can exist only once."""
    return hashlib.sha256(f"step {run_id} {step_id} {what}".encode()).hexdigest()[:16]


# ---- circles


def circle(edges: Mapping[str, Iterable[str]], start: str | None = None) -> list[str]:
    """Return a circle of the arrows that there are, its first again at the end; empty when there is none.

    With ``start`` only what can be reached from there is looked at.
    """
    done: set[str] = set()
    for node in [start] if start is not None else sorted(edges):
        found = _circle_from(node, edges, done)
        if found:
            return found
    return []


def _circle_from(start: str, edges: Mapping[str, Iterable[str]], done: set[str]) -> list[str]:
    path: list[str] = []
    waiting: list[list[str]] = [[start]]
    while waiting:
        if not waiting[-1]:
            waiting.pop()
            if path:
                done.add(path.pop())
            continue
        node = waiting[-1].pop()
        if node in path:
            return [*path[path.index(node) :], node]
        if node in done:
            continue
        path.append(node)
        waiting.append(sorted(edges.get(node, ()), reverse=True))
    return []


def step_arrows(steps: Sequence[Step]) -> dict[str, tuple[str, ...]]:
    """Return which steps come before which."""
    return {step.id: step.after for step in steps}


def plan_arrows(plans: Iterable[Plan]) -> dict[str, list[str]]:
    """Return which level of which plan begins which others, as ``plan/level``."""
    known = {plan.key: plan for plan in plans}
    return {
        place(plan.key, level.id): [
            place(step.plan, chosen.id)
            for step in level.steps
            if step.kind is Kind.PLAN
            and step.plan in known
            and (chosen := known[step.plan].level(step.level)) is not None
        ]
        for plan in known.values()
        for level in plan.levels
    }


def place(plan: str, level: str) -> str:
    """Return the name of a level among those of all plans."""
    return f"{plan}/{level}"


@dataclass(frozen=True, slots=True)
class Expanded:
    """A level with the plans that it begins put in; ids are made of the way there. ``missing``: plans there are not."""

    steps: tuple[Step, ...]
    missing: tuple[str, ...] = ()


def expand(plan: Plan, level: Level, plans: Mapping[str, Plan]) -> Expanded:
    """Put the steps of other plans in place of the steps that begin them. The caller has refused circles."""
    missing: list[str] = []
    steps = _expand(level, plans, "", (), missing, (place(plan.key, level.id),))
    return Expanded(tuple(steps), tuple(dict.fromkeys(missing)))


def _expand(
    level: Level, plans: Mapping[str, Plan], prefix: str, first: tuple[str, ...],
    missing: list[str], way: tuple[str, ...],
) -> list[Step]:  # fmt: skip
    made: list[Step] = []
    ends: dict[str, tuple[str, ...]] = {}
    for step in in_order(level.steps):
        after = tuple(each for name in step.after for each in ends[name]) or first
        if step.kind is not Kind.PLAN:
            made.append(_renamed(step, prefix + step.id, after))
            ends[step.id] = (prefix + step.id,)
            continue
        inner = plans.get(step.plan)
        chosen = inner.level(step.level) if inner else None
        if inner is None or chosen is None or place(inner.key, chosen.id) in way:
            missing.append(step.plan)
            made.append(
                _renamed(step, prefix + step.id, after)
            )  # it will tell that it found no plan
            ends[step.id] = (prefix + step.id,)
            continue
        part = _expand(
            chosen,
            plans,
            f"{prefix}{step.id}/",
            after,
            missing,
            (*way, place(inner.key, chosen.id)),
        )
        made += part
        ends[step.id] = tuple(each.id for each in part) or after
    return made


def _renamed(step: Step, name: str, after: tuple[str, ...]) -> Step:
    return replace(step, id=name, after=after)


def in_order(steps: Sequence[Step]) -> list[Step]:
    """Return steps so that each comes behind those that it waits for; the order of the plan among equals."""
    left, done, found = list(steps), set[str](), list[Step]()
    while left:
        ready = next((step for step in left if set(step.after) <= done), None)
        if ready is None:  # a circle, or a step that there is not: both are refused at the door
            return found + left
        left.remove(ready)
        done.add(ready.id)
        found.append(ready)
    return found
