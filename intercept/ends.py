"""How an intercept ends: the books forget it, the requester's legs are let go."""

from __future__ import annotations

from intercept.books import Books
from intercept.hands import Hands
from intercept.session import Session, Stage
from softswitch.calls.engine import Engine

REJECTED = 21
"""Q.850 21, call rejected."""


class Ends:
    """Ends intercepts, once each."""

    def __init__(self, engine: Engine, books: Books, hands: Hands) -> None:
        self._engine = engine
        self._books = books
        self._hands = hands

    def leg_gone(self, session: Session, channel_id: str) -> None:
        """A leg of the requester has ended."""
        if channel_id == session.channel_id:
            self.over(session, "left")
        elif channel_id in session.rung:
            session.rung.discard(channel_id)
            if not session.rung and session.channel_id is None:
                self.over(session, "not answered")

    def call_over(self, session: Session) -> None:
        """The call has ended; the requester is let go."""
        self.over(session, "call ended")
        self.hang_up(session)

    def over(self, session: Session, reason: str) -> None:
        session.written.set()  # who waits for it finds that it is over
        if session.stage is Stage.ENDED:
            return
        session.stage = Stage.ENDED
        if session.snoop_id is not None:
            self._engine.spawn(self._hands.end_whisper(session))
        self._books.remove(session, reason)
        self._engine.changed(session.call_id)

    def hang_up(self, session: Session, cause: int = 16) -> None:
        legs = session.rung | ({session.channel_id} if session.channel_id else set())
        for channel_id in legs:
            self._engine.spawn(self._engine.drop(channel_id, cause))
