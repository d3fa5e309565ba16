"""A notification that is being carried out, and how it and its ledger look on the screen. No I/O."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from softswitch.clock import Millis
from softswitch.conferences.notice_model import OPEN, TOLD, Person, PersonState, Rules


@dataclass(slots=True)
class Notice:
    """A notification that is being carried out."""

    id: str
    text: str
    language: str
    sound: str
    rules: Rules
    login: str
    created_at: Millis
    state: str = "running"
    people: dict[str, Person] = field(default_factory=dict)
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    def view(self) -> dict[str, Any]:
        """Return it as the screens show it."""
        states = [person.state for person in self.people.values()]
        return {
            "id": self.id,
            "text": self.text[:200],
            "language": self.language,
            "login": self.login,
            "state": self.state,
            "created_at": self.created_at,
            "people": len(states),
            "reached": sum(state in TOLD for state in states),
            "open": sum(state in OPEN for state in states),
            "failed": sum(
                state in {PersonState.FAILED, PersonState.STOPPED, PersonState.ESCALATED}
                for state in states
            ),
        }

    def ledger(self) -> list[dict[str, Any]]:
        """Return what is known of each person."""
        return [person_view(self.id, person) for person in self.people.values()]


def person_view(notice_id: str, person: Person) -> dict[str, Any]:
    """Return a row of the ledger as the screens show it."""
    return {
        "id": person.id, "notice_id": notice_id, "number": person.number, "name": person.name,
        "state": person.state.value, "tries": person.tries, "next_at": person.next_at,
        "done_at": person.done_at, "why": person.why, "deputy": person.deputy,
        "deputy_for": person.deputy_for,
    }  # fmt: skip
