"""Duty as pure decisions: who is on duty at an instant, where a roster has gaps, who is named twice.

Shifts and leaves are instants, half open: one who serves until 20:00 is off duty at 20:00.  Local times become
instants once, at the door (:mod:`softswitch.layers.duty.localtime`), so that no change of the clock moves a shift.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from softswitch.clock import Millis

HOUR: Millis = 3_600_000
LONGEST_SHIFT: Millis = 49 * HOUR  # two days, one of them with 25 hours
MOST_DEPUTIES = 3
"""How far it goes from a person to his deputy, to the deputy's deputy, ..."""


class Use(StrEnum):
    """Who asks a roster by itself."""

    INTAKE = "intake"  # emergency calls that no desk answers: the duty mobile
    NIGHT = "night"  # the targets of night service


@dataclass(frozen=True, slots=True)
class Person:
    """One of the address book. ``numbers`` in the order in which they are rung; ``left``: no longer here."""

    key: str
    name: str
    title: str = ""
    unit: str = ""
    numbers: tuple[str, ...] = ()
    deputy: str = ""
    note: str = ""
    left: bool = False


@dataclass(frozen=True, slots=True)
class Roster:
    """A post that is filled around the clock. ``zone`` is an IANA name; ``need``: how many must be there."""

    key: str
    name: str
    zone: str
    need: int = 1
    uses: frozenset[Use] = frozenset()


@dataclass(frozen=True, slots=True)
class Shift:
    """One person at one post from ``begin`` until before ``end``; ``position``: whom to ring first."""

    id: str
    roster: str
    person: str
    begin: Millis
    end: Millis
    deputy: str = ""
    position: int = 1

    def covers(self, at: Millis) -> bool:
        """Tell whether the instant lies in it."""
        return self.begin <= at < self.end


@dataclass(frozen=True, slots=True)
class Leave:
    """A person is away; ``deputy`` stands in for all shifts of that time, before the shift's own."""

    id: str
    person: str
    begin: Millis
    end: Millis
    deputy: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class OnDuty:
    """Who serves: the person of the shift, or the deputy who stands in ``instead_of`` him."""

    person: Person
    shift: Shift
    instead_of: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which a roster has fewer people than it needs."""

    roster: str
    begin: Millis
    end: Millis
    there: int
    need: int


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two shifts of one person at the same time."""

    person: str
    first: Shift
    second: Shift


class Book:
    """People, shifts and leaves of a span of time, ready to be asked."""

    def __init__(
        self, people: Iterable[Person], shifts: Iterable[Shift], leaves: Iterable[Leave]
    ) -> None:
        self.people: Mapping[str, Person] = {person.key: person for person in people}
        self._shifts: dict[str, list[Shift]] = {}
        for shift in sorted(shifts, key=lambda each: (each.position, each.begin, each.id)):
            self._shifts.setdefault(shift.roster, []).append(shift)
        self._leaves: dict[str, list[Leave]] = {}
        for leave in leaves:
            self._leaves.setdefault(leave.person, []).append(leave)

    def shifts(self, roster: str) -> Sequence[Shift]:
        """Return the shifts of a roster, by position and time."""
        return self._shifts.get(roster, ())

    def leave_of(self, person: str, at: Millis) -> Leave | None:
        """Return the leave that a person is on."""
        return next(
            (each for each in self._leaves.get(person, ()) if each.begin <= at < each.end), None
        )

    def is_there(self, key: str, at: Millis) -> bool:
        """Tell whether a person is here at all: known, not gone for good, not on leave."""
        person = self.people.get(key)
        return person is not None and not person.left and self.leave_of(key, at) is None

    def on_duty(self, roster: str, at: Millis) -> tuple[OnDuty, ...]:
        """Return who is on duty, in the order in which to ring; nobody twice."""
        found: dict[str, OnDuty] = {}
        for shift in self.shifts(roster):
            if not shift.covers(at):
                continue
            key = self._serving(shift, at)
            if key is not None and key not in found:
                instead = "" if key == shift.person else shift.person
                found[key] = OnDuty(self.people[key], shift, instead)
        return tuple(found.values())

    def deputy_of(self, one: OnDuty, at: Millis) -> Person | None:
        """Return who is told when the one on duty is not reached: next in line, and here."""
        named = (one.shift.deputy, one.person.deputy)
        key = next((k for k in named if k and k != one.person.key and self.is_there(k, at)), None)
        return self.people[key] if key is not None else None

    def _serving(self, shift: Shift, at: Millis) -> str | None:
        key, seen = shift.person, set[str]()
        while not self.is_there(key, at):
            seen.add(key)
            if len(seen) > MOST_DEPUTIES:
                return None
            named = self._deputies(shift, key, at)
            later = next((each for each in named if each and each not in seen), None)
            if later is None:
                return None
            key = later
        return key

    def _deputies(self, shift: Shift, key: str, at: Millis) -> Iterator[str]:
        leave, person = self.leave_of(key, at), self.people.get(key)
        yield leave.deputy if leave else ""
        yield shift.deputy
        yield person.deputy if person else ""

    # ---- what is wrong with a roster

    def gaps(self, roster: Roster, begin: Millis, end: Millis) -> list[Gap]:
        """Return where fewer than ``need`` are on duty between two instants, neighbours joined."""
        found: list[Gap] = []
        edges = self._edges(roster.key, begin, end)
        for start, stop in itertools.pairwise(edges):
            there = len(self.on_duty(roster.key, start))
            if there >= roster.need:
                continue
            last = found[-1] if found else None
            if last is not None and last.end == start and last.there == there:
                found[-1] = Gap(roster.key, last.begin, stop, there, roster.need)
            else:
                found.append(Gap(roster.key, start, stop, there, roster.need))
        return found

    def _edges(self, roster: str, begin: Millis, end: Millis) -> list[Millis]:
        """Return every instant at which the answer may change."""
        edges = {begin, end}
        for shift in self.shifts(roster):
            if shift.end > begin and shift.begin < end:
                edges |= {shift.begin, shift.end}
        for leaves in self._leaves.values():
            for leave in leaves:
                edges |= {leave.begin, leave.end}
        return sorted(edge for edge in edges if begin <= edge <= end)


def overlaps(shifts: Iterable[Shift]) -> list[Overlap]:
    """Return the pairs of shifts in which one person is named twice at the same time, at any post."""
    found: list[Overlap] = []
    until: dict[str, Shift] = {}
    for shift in sorted(shifts, key=lambda each: (each.begin, each.end, each.id)):
        before = until.get(shift.person)
        if before is not None and shift.begin < before.end:
            found.append(Overlap(shift.person, before, shift))
        if before is None or shift.end > before.end:
            until[shift.person] = shift
    return found
