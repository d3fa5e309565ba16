"""Emergency intake, the decisions: who is first in the queue, and whom to offer the call to. Pure.

The highest precedence is served first (ITU-T I.255.3: a level is the right of a call over those of lower ones),
then the class, then age.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from softswitch.clock import Millis

ROUTINE = 4
"""The lowest precedence level."""


class Stage(StrEnum):
    """How far an unanswered call has gone."""

    DESK = "desk"
    NEXT = "next"
    DUTY = "duty"


class Duty(StrEnum):
    """Whether a desk takes calls."""

    OFF = "off"
    READY = "ready"
    PAUSED = "paused"


@dataclass(slots=True)
class Waiting:
    """An emergency call that nobody has taken. ``rank`` 0 is served first; ``since`` is when it came.

    ``precedence`` 0 (flash override) is the highest; ``level`` is the one it is served with (:func:`served_levels`).
    """

    call_id: str
    digits: str
    rank: int
    since: Millis
    skill: str | None = None
    offered_to: str | None = None
    offered_at: Millis | None = None
    claimed_by: str | None = None
    stage: Stage = Stage.DESK
    refused_by: set[str] = field(default_factory=set)
    """Desks that this call was offered to in this round and that did not answer."""
    precedence: int = ROUTINE
    level: int = ROUTINE
    moved: int = 0
    """A dispatcher has moved it: negative to a higher class, positive to a lower one."""
    duty_tries: int = 0
    """How often somebody on duty was rung for it: the next time it is his next number's turn."""

    @property
    def rings_or_is_claimed(self) -> bool:
        """Tell whether there is nothing to do for it now."""
        return self.offered_to is not None or self.claimed_by is not None

    @property
    def order(self) -> tuple[int, int, Millis, str]:
        """The place in the queue: level, class, then age; the id decides between equals."""
        return (self.level, self.rank, self.since, self.call_id)


@dataclass(frozen=True, slots=True)
class Desk:
    """What intake must know of a desk. ``turn`` orders desks: since when it is idle, or its place."""

    extension: str
    duty: Duty
    free: bool
    turn: Millis
    skills: frozenset[str] = frozenset()

    def takes(self, waiting: Waiting) -> bool:
        """Tell whether the desk may be offered the call; a desk without skills takes every class."""
        if self.duty is not Duty.READY or not self.free:
            return False
        return waiting.skill is None or not self.skills or waiting.skill in self.skills


@dataclass(frozen=True, slots=True)
class Offer:
    """Ring this desk for this call."""

    call_id: str
    extension: str
    stage: Stage


@dataclass(frozen=True, slots=True)
class CallDuty:
    """Ring the duty number for this call: every desk has been tried, or none is there."""

    call_id: str


@dataclass(frozen=True, slots=True)
class CallNight:
    """Ring this night target for this call."""

    call_id: str
    number: str


@dataclass(frozen=True, slots=True)
class BeginAgain:
    """Everything was tried for this call: from the start."""

    call_id: str


Step = Offer | CallDuty
NightStep = Step | CallNight | BeginAgain


def served_levels(queue: Collection[Waiting]) -> dict[str, int]:
    """Return the level that each call is served with: its own, unless a dispatcher has moved it.

    The word of a dispatcher counts more than what callers claim: a call that he moved up is served with the highest
    level that waits, one that he moved down with the lowest; its new class and its age decide among equals.
    """
    levels = [waiting.precedence for waiting in queue]
    highest, lowest = min(levels, default=ROUTINE), max(levels, default=ROUTINE)

    def level(waiting: Waiting) -> int:
        if waiting.moved:
            return highest if waiting.moved < 0 else lowest
        return waiting.precedence

    return {waiting.call_id: level(waiting) for waiting in queue}


def in_order(queue: Iterable[Waiting]) -> list[Waiting]:
    """Return the queue as it is served."""
    return sorted(queue, key=lambda waiting: waiting.order)


def next_steps(
    queue: Iterable[Waiting], desks: Collection[Desk], duty_number: str | None
) -> list[Step]:
    """Return what to do now for the calls that ring nowhere: the first call gets the desk idle longest.

    A call that was refused by all desks that could take it goes to the duty number; when there is none, its
    round starts again.  A desk is used once.
    """
    steps: list[Step] = []
    free = [desk for desk in desks if desk.free]
    for waiting in in_order(queue):
        if waiting.rings_or_is_claimed:
            continue
        able = [desk for desk in free if desk.takes(waiting)]
        fresh = [desk for desk in able if desk.extension not in waiting.refused_by]
        if fresh:
            chosen = min(fresh, key=lambda desk: (desk.turn, desk.extension))
            free.remove(chosen)
            stage = Stage.NEXT if waiting.refused_by else Stage.DESK
            steps.append(Offer(waiting.call_id, chosen.extension, stage))
        elif (
            duty_number is not None
            and waiting.stage is not Stage.DUTY
            and _nobody_else(waiting, desks)
        ):
            steps.append(CallDuty(waiting.call_id))
        elif able:
            chosen = min(able, key=lambda desk: (desk.turn, desk.extension))
            free.remove(chosen)
            steps.append(Offer(waiting.call_id, chosen.extension, Stage.NEXT))
    return steps


def _nobody_else(waiting: Waiting, desks: Collection[Desk]) -> bool:
    """Tell whether no desk is left that could take the call soon: none on duty, or all of them were tried."""
    on_duty = {desk.extension for desk in desks if desk.duty is Duty.READY}
    return not on_duty or bool(waiting.refused_by) or all(not d.takes(waiting) for d in desks)


def night_steps(
    queue: Iterable[Waiting],
    targets: Sequence[str],
    busy: Collection[str],
    desks: Collection[Desk],
    duty_number: str | None,
) -> list[NightStep]:
    """Return what to do at night: the targets in order, then whoever is there at all, and again.

    A desk that is off duty but whose phone is there and free is better than nobody: after the targets every free
    desk is tried, then the duty number. No call ever runs out of steps.
    """
    steps: list[NightStep] = []
    used = set(busy)
    for waiting in in_order(queue):
        if waiting.rings_or_is_claimed:
            continue
        tried = waiting.refused_by | used
        number = next((target for target in targets if target not in tried), None)
        desk = next((d.extension for d in desks if d.free and d.extension not in tried), None)
        if number is not None:
            used.add(number)
            steps.append(CallNight(waiting.call_id, number))
        elif desk is not None:
            used.add(desk)
            steps.append(Offer(waiting.call_id, desk, Stage.NEXT))
        elif duty_number is not None and duty_number not in tried:
            steps.append(CallNight(waiting.call_id, duty_number))
        elif waiting.refused_by:
            steps.append(BeginAgain(waiting.call_id))
    return steps
