"""What everybody may know of an intercept: that somebody comes into a call, took it or cleared it.

The parties hear it in any case (the warning tone, the voice, the announcement); their consoles show who it is.
Of those who only listen nothing is told here.
"""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from intercept.model import Act
from intercept.session import Session, Stage
from softswitch.calls.phonebook import Phonebook
from softswitch.clock import Clock

ENTITY = "intrusion"
DONE_SECONDS = 15.0
"""How long a finished act stays told: consoles that were cut off for a moment see it too."""

_ENDS = {"taken over": Act.TAKEOVER, "connected": Act.RELEASE}


class Screen(Protocol):
    """Where views are shown (the live hub)."""

    def put(self, entity: str, id: str, value: dict[str, Any]) -> None: ...  # noqa: A002
    def drop(self, entity: str, id: str) -> None: ...  # noqa: A002


class Told:
    """Keeps the live entity ``intrusion``."""

    def __init__(self, book: Phonebook, screen: Screen, clock: Clock) -> None:
        self._book = book
        self._screen = screen
        self._clock = clock

    def show(self, session: Session) -> None:
        """Tell of an insert from its tone on; everything else is nobody's business."""
        if session.act is Act.INSERT and session.stage in (Stage.WARNING, Stage.UP):
            self._put(
                session.id, session.call_id, Act.INSERT, session.stage.value, session.requester.desk
            )
        else:
            self._screen.drop(ENTITY, session.id)

    def over(self, session: Session, reason: str) -> None:
        """An intercept has ended: who took the call, or cleared it to talk to one party, is told."""
        act = _ENDS.get(reason)
        if act is None:
            self._screen.drop(ENTITY, session.id)
        else:
            self._done(session.id, session.call_id, act, session.requester.desk)

    def cleared(self, call_id: str, desk: str) -> None:
        """A call was cleared for somebody."""
        self._done(f"cleared-{call_id}", call_id, Act.RELEASE, desk)

    def _done(self, key: str, call_id: str, act: Act, desk: str) -> None:
        self._put(key, call_id, act, "done", desk)
        asyncio.get_running_loop().call_later(DONE_SECONDS, self._screen.drop, ENTITY, key)

    def _put(self, key: str, call_id: str, act: Act, stage: str, desk: str) -> None:
        value = {
            "id": key,
            "call_id": call_id,
            "act": act.value,
            "stage": stage,
            "desk": desk,
            "name": self._book.name_of(desk),
            "since": self._clock(),
        }
        self._screen.put(ENTITY, key, value)
