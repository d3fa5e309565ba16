"""Whom a step reaches, exactly: one pure function for the dry run and for the real one.

What the plan names (groups, posts on duty, people, numbers, an area) is looked up first and given as a
:class:`World`; the same world and the same step give the same list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from softswitch.layers.plans.model import Kind, Step


class Trouble(StrEnum):
    """Why somebody or a whole list is not reached."""

    NO_GROUP = "no_group"
    EMPTY_GROUP = "empty_group"
    NO_ROSTER = "no_roster"
    NOBODY_ON_DUTY = "nobody_on_duty"
    NO_PERSON = "no_person"
    LEFT = "left"
    ON_LEAVE = "on_leave"
    NO_NUMBER = "no_number"
    EMERGENCY_NUMBER = "emergency_number"
    NO_AREA = "no_area"
    NOBODY_INSIDE = "nobody_inside"
    NO_MAP = "no_map"
    NO_SMS = "no_sms"
    NO_PLAN = "no_plan"
    NOBODY = "nobody"
    TOO_MANY = "too_many"


MOST = {
    Kind.RING: 100,
    Kind.CONFERENCE: 100,
    Kind.NOTIFY: 1_000,
    Kind.TASK: 100,
    Kind.SMS: 1_000_000,
}
"""How many a step reaches at most."""
TELLS = frozenset({Kind.NOTIFY, Kind.TASK})
"""What goes on to the next number, and to the deputy, when somebody does not answer."""


@dataclass(frozen=True, slots=True)
class Reached:
    """One who is reached. ``then``: the number that is rung when the first does not answer; ``via``: by which list.

    ``deputy`` is told when a deadline passes.
    """

    number: str
    name: str = ""
    then: str = ""
    via: str = ""
    deputy: str = ""


@dataclass(frozen=True, slots=True)
class Missed:
    """One, or a list, that is not reached, and why."""

    what: str
    why: Trouble


@dataclass(frozen=True, slots=True)
class StepReach:
    """All that a step does, before it does it."""

    step: str
    kind: Kind
    reached: tuple[Reached, ...] = ()
    missed: tuple[Missed, ...] = ()
    available: bool = True


@dataclass(frozen=True, slots=True)
class Contact:
    """A person as the layers know him. ``state`` tells one who cannot be called."""

    name: str
    numbers: tuple[str, ...]
    deputy_number: str = ""
    state: Trouble | None = None


@dataclass(frozen=True, slots=True)
class World:
    """What the steps name, looked up at one instant. A key that is missing: there is no such thing."""

    groups: Mapping[str, tuple[Contact, ...]] = field(default_factory=dict)
    duty: Mapping[str, tuple[Contact, ...]] = field(default_factory=dict)
    people: Mapping[str, Contact] = field(default_factory=dict)
    area: tuple[Contact, ...] | None = None
    has_map: bool = False
    has_sms: bool = False
    is_emergency: Callable[[str], bool] = lambda number: False
    name_of: Callable[[str], str] = lambda number: ""


def reach(step: Step, world: World) -> StepReach:
    """Return whom a step reaches, each number once, in the order of the plan, and whom it does not."""
    found: dict[str, Reached] = {}
    missed: list[Missed] = []
    for via, contact in _named(step, world, missed):
        _add(found, missed, via, contact, world)
    if step.kind is Kind.PLAN:
        missed.append(Missed(step.plan, Trouble.NO_PLAN))
    sms = step.kind is not Kind.SMS or world.has_sms
    if not sms:
        missed.append(Missed("sms", Trouble.NO_SMS))
    if not found and not step.to.is_empty():
        missed.append(Missed(step.id, Trouble.NOBODY))
    reached = tuple(found.values())
    if step.kind not in TELLS:
        reached = tuple(replace(each, then="", deputy="") for each in reached)
    too_many = len(reached) > MOST.get(step.kind, len(reached))
    if too_many:
        missed.append(Missed(str(len(reached)), Trouble.TOO_MANY))
        reached = ()
    return StepReach(step.id, step.kind, reached, tuple(missed), sms and not too_many)


def _named(step: Step, world: World, missed: list[Missed]) -> Iterable[tuple[str, Contact]]:
    to = step.to
    for key in to.groups:
        yield from _list(key, world.groups.get(key), missed, Trouble.NO_GROUP, Trouble.EMPTY_GROUP)
    for key in to.duty:
        yield from _list(
            key, world.duty.get(key), missed, Trouble.NO_ROSTER, Trouble.NOBODY_ON_DUTY
        )
    for key in to.people:
        contact = world.people.get(key)
        if contact is None:
            missed.append(Missed(key, Trouble.NO_PERSON))
        else:
            yield key, contact
    for number in to.numbers:
        yield number, Contact(world.name_of(number), (number,))
    if to.area:
        yield from _area(world, missed)


def _list(
    key: str, members: tuple[Contact, ...] | None, missed: list[Missed], none: Trouble, empty: Trouble
) -> Iterable[tuple[str, Contact]]:  # fmt: skip
    if not members:
        missed.append(Missed(key, none if members is None else empty))
        return
    for member in members:
        yield key, member


def _area(world: World, missed: list[Missed]) -> Iterable[tuple[str, Contact]]:
    if not world.has_map:
        missed.append(Missed("area", Trouble.NO_MAP))
    elif world.area is None:
        missed.append(Missed("area", Trouble.NO_AREA))
    elif not world.area:
        missed.append(Missed("area", Trouble.NOBODY_INSIDE))
    else:
        for contact in world.area:
            yield "area", contact


def _add(
    found: dict[str, Reached], missed: list[Missed], via: str, contact: Contact, world: World
) -> None:
    if contact.state is not None:
        missed.append(Missed(contact.name or via, contact.state))
        return
    good = [number for number in contact.numbers if not world.is_emergency(number)]
    if not good:
        why = Trouble.EMERGENCY_NUMBER if contact.numbers else Trouble.NO_NUMBER
        missed.append(Missed(contact.name or via, why))
        return
    first, *others = good
    later = (*others, contact.deputy_number)
    then = next((n for n in later if n and n != first and not world.is_emergency(n)), "")
    deputy = "" if world.is_emergency(contact.deputy_number) else contact.deputy_number
    name = contact.name or world.name_of(first)
    found.setdefault(first, Reached(first, name, then, via, deputy or then))
