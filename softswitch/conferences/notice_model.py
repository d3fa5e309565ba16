"""Notification as pure decisions: who is rung next and when, when to turn to the deputy, when it is over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from softswitch.clock import Millis


class PersonState(StrEnum):
    """What the ledger says of a person."""

    WAITING = "waiting"  # to be rung at ``next_at``
    RINGING = "ringing"
    TALKING = "talking"  # on the line, hears the text
    CONFIRMED = "confirmed"
    REACHED = "reached"  # heard it, no key was asked for
    ESCALATED = "escalated"  # the deputy is told in his place
    FAILED = "failed"
    STOPPED = "stopped"


OPEN = frozenset({PersonState.WAITING, PersonState.RINGING, PersonState.TALKING})
TOLD = frozenset({PersonState.CONFIRMED, PersonState.REACHED})


@dataclass(frozen=True, slots=True)
class Rules:
    """How a notification is carried out. ``pause`` in milliseconds between the tries of one person."""

    tries: int = 3
    pause: Millis = 60_000
    confirm: bool = True
    at_once: int = 20
    """How many lines are used at the same time."""


@dataclass(slots=True)
class Person:
    """A row of the ledger: one who is to be told."""

    id: str
    number: str
    name: str = ""
    deputy: str = ""
    deputy_for: str = ""
    state: PersonState = PersonState.WAITING
    tries: int = 0
    next_at: Millis = 0
    done_at: Millis | None = None
    why: str = ""
    channel_id: str | None = None
    """The leg of the present try; its id is written before the leg is placed."""

    text: str = ""
    """What he is told in place of the notification's text; empty: that."""


def channel_of(person: Person) -> str:
    """Return the id of the leg of the present try: made of the row and the try, so it can exist only once."""
    return f"{person.id}-{person.tries}"


def due(people: Iterable[Person], rules: Rules, at: Millis) -> list[Person]:
    """Return whom to ring now: whose time has come, the longest waiting first, as many as there are lines."""
    rows = list(people)
    busy = sum(row.state in {PersonState.RINGING, PersonState.TALKING} for row in rows)
    waiting = [r for r in rows if r.state is PersonState.WAITING and r.next_at <= at]
    waiting.sort(key=lambda row: (row.tries, row.next_at))
    return waiting[: max(0, rules.at_once - busy)]


def next_due_at(people: Iterable[Person]) -> Millis | None:
    """Return when the next one is to be rung; None when nobody waits."""
    return min((r.next_at for r in people if r.state is PersonState.WAITING), default=None)


def begin_try(person: Person) -> None:
    """Count a try; write the row before the leg is placed."""
    person.tries += 1
    person.state = PersonState.RINGING
    person.channel_id = channel_of(person)
    person.why = ""


def succeed(person: Person, confirmed: bool, at: Millis) -> None:
    """He was told."""
    person.state = PersonState.CONFIRMED if confirmed else PersonState.REACHED
    person.done_at, person.channel_id, person.why = at, None, ""


def fail_try(person: Person, rules: Rules, why: str, at: Millis, *, dead: bool = False) -> bool:
    """A try came to nothing: wait for the next, or give up. Return whether the deputy is to be told now.

    A number that the network does not know (``dead``) is not tried again.
    """
    person.channel_id, person.why = None, why
    if person.tries < rules.tries and not dead:
        person.state, person.next_at = PersonState.WAITING, at + rules.pause
        return False
    person.done_at = at
    if person.deputy:
        person.state = PersonState.ESCALATED
        return True
    person.state = PersonState.FAILED
    return False


def is_over(people: Iterable[Person]) -> bool:
    """Return whether nobody is to be rung any more."""
    return not any(person.state in OPEN for person in people)
