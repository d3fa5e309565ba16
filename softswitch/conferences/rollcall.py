"""Roll call and sequential hunt as a pure machine: facts go in, what is to be done comes out.

A roll call goes through all in order while the dispatcher is on the line; a hunt ends by its rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class RollKind(StrEnum):
    """What the list is gone through for."""

    ROLL = "roll"
    HUNT = "hunt"


class EntryState(StrEnum):
    """What is known of one on the list."""

    WAITING = "waiting"
    RINGING = "ringing"
    TALKING = "talking"
    PRESENT = "present"
    ABSENT = "absent"


class RollState(StrEnum):
    """What the roll call does."""

    RUNNING = "running"
    NO_DESK = "no_desk"  # the dispatcher did not come back; it goes on when he does
    DONE = "done"
    CONFERENCE = "conference"
    STOPPED = "stopped"


class Do(StrEnum):
    """What is to be done."""

    RING = "ring"
    CANCEL = "cancel"
    RELEASE = "release"  # let go of the one who is talked to
    RING_DESK = "ring_desk"
    FINISH = "finish"


@dataclass(frozen=True, slots=True)
class Act:
    """One thing to do; ``entry`` is the place on the list, -1 for the desk or none."""

    do: Do
    entry: int = -1


@dataclass(slots=True)
class Entry:
    """One on the list. ``why`` tells why he is absent."""

    number: str
    state: EntryState = EntryState.WAITING
    why: str = ""


DESK_TRIES = 3


@dataclass(slots=True)
class Roll:
    """A list that is gone through. ``enough``: a hunt ends with so many answers; ``confirm``: a key makes an answer."""

    entries: list[Entry]
    kind: RollKind = RollKind.ROLL
    enough: int = 1
    confirm: bool = False
    state: RollState = RollState.RUNNING
    current: int = -1
    desk_in: bool = False
    desk_tries: int = 0
    confirmed: set[int] = field(default_factory=set)

    @property
    def is_over(self) -> bool:
        """Nobody is rung any more."""
        return self.state in {RollState.DONE, RollState.CONFERENCE, RollState.STOPPED}

    @property
    def absent(self) -> list[Entry]:
        """Who did not answer, in order."""
        return [entry for entry in self.entries if entry.state is EntryState.ABSENT]

    @property
    def present(self) -> list[Entry]:
        """Who answered, in order."""
        reached = (EntryState.PRESENT, EntryState.TALKING)
        return [entry for entry in self.entries if entry.state in reached]

    # ---- facts

    def desk_came(self) -> list[Act]:
        """The dispatcher is on the line."""
        self.desk_in, self.desk_tries = True, 0
        if self.state is RollState.NO_DESK:
            self.state = RollState.RUNNING
        return self._advance()

    def desk_left(self) -> list[Act]:
        """The dispatcher hung up, was lost, or does not answer: his phone rings again while there is work left."""
        self.desk_in = False
        if self.is_over:
            return []
        self.desk_tries += 1
        if self.desk_tries > DESK_TRIES:
            self.state = RollState.NO_DESK
            return []
        return [Act(Do.RING_DESK)]

    def answered(self, index: int) -> list[Act]:
        """One on the list is on the line."""
        if index != self.current or self.is_over:
            return []
        self.entries[index].state = EntryState.TALKING
        return [] if self.confirm else self._maybe_found()

    def key(self, index: int) -> list[Act]:
        """He pressed the key that says: it is me, I take it."""
        if index != self.current or self.entries[index].state is not EntryState.TALKING:
            return []
        self.confirmed.add(index)
        return self._maybe_found()

    def left(self, index: int, why: str) -> list[Act]:
        """His leg is over, or could not be had (``why``)."""
        if index != self.current or self.is_over:
            return []
        entry = self.entries[index]
        reached = entry.state is EntryState.TALKING
        if reached and self.kind is RollKind.HUNT and self.confirm and index not in self.confirmed:
            reached, why = False, "not_confirmed"
        entry.state = EntryState.PRESENT if reached else EntryState.ABSENT
        entry.why = "" if reached else why
        self.current = -1
        return self._advance()

    # ---- commands

    def next(self) -> list[Act]:
        """Go on to the next one now."""
        if self.is_over or self.current < 0:
            return []
        index = self.current
        talking = self.entries[index].state is EntryState.TALKING
        acts = [Act(Do.RELEASE if talking else Do.CANCEL, index)]
        return acts + self.left(index, "skipped")

    def stop(self) -> list[Act]:
        """End it; who was not rung is absent."""
        return self._end(RollState.STOPPED)

    def into_conference(self) -> list[Act]:
        """Make it a conference of those present."""
        if self.state in {RollState.CONFERENCE, RollState.STOPPED}:
            return []
        return self._end(RollState.CONFERENCE)

    # ---- decisions

    def _maybe_found(self) -> list[Act]:
        if self.kind is RollKind.HUNT and len(self.present) >= self.enough:
            return self._end(RollState.DONE)
        return []

    def _advance(self) -> list[Act]:
        if self.is_over or not self.desk_in or self.current >= 0:
            return []
        waiting = (i for i, e in enumerate(self.entries) if e.state is EntryState.WAITING)
        index = next(waiting, None)
        if index is None:
            return self._end(RollState.DONE)
        self.current = index
        self.entries[index].state = EntryState.RINGING
        return [Act(Do.RING, index)]

    def _end(self, state: RollState) -> list[Act]:
        if self.is_over and state is not RollState.CONFERENCE:
            return []
        acts = []
        for index, entry in enumerate(self.entries):
            if entry.state is EntryState.RINGING:
                acts.append(Act(Do.CANCEL, index))
            if entry.state in (EntryState.RINGING, EntryState.WAITING):
                entry.state, entry.why = EntryState.ABSENT, "not_rung"
        self.state, self.current = state, -1
        return [*acts, Act(Do.FINISH)]


def roll_of(numbers: Sequence[str], kind: RollKind, enough: int, confirm: bool) -> Roll:
    """Return a roll call or hunt that has not begun."""
    return Roll([Entry(number) for number in numbers], kind, max(1, enough), confirm)
