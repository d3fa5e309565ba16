"""The two-person rule: who waits for a second person, who confirms, who says no."""

from __future__ import annotations

import asyncio

from intercept import store
from intercept.acting import Acting
from intercept.asking import Asking
from intercept.books import Books
from intercept.config import Config
from intercept.ends import REJECTED, Ends
from intercept.session import Session, Stage
from softswitch.calls.engine import Engine
from softswitch.clock import Clock
from softswitch.errors import Kind, Refusal, forbidden
from softswitch.store.database import Database


class SecondPerson:
    """Requests that wait for a second person."""

    def __init__(
        self,
        engine: Engine,
        db: Database,
        config: Config,
        books: Books,
        asking: Asking,
        acting: Acting,
        ends: Ends,
        clock: Clock,
    ) -> None:
        self._engine = engine
        self._db = db
        self._config = config
        self._books = books
        self._asking = asking
        self._acting = acting
        self._ends = ends
        self._clock = clock

    async def wait(self, session: Session) -> None:
        session.stage = Stage.PENDING
        seconds = self._config.settings.confirm_seconds
        session.expires_at = self._clock() + seconds * 1000
        await self._db.write(store.ask, session.row())
        self._books.add_pending(session)
        asyncio.get_running_loop().call_later(seconds, self._expire, session.id)

    def _expire(self, session_id: str) -> None:
        session = self._books.pending.get(session_id)
        if session is not None:
            self._engine.spawn(self._turned_down(session, "expired", "system"))

    async def confirm(self, login: str, rights: frozenset[str], session_id: str) -> Session:
        """Let a second person confirm what another asked for; it is carried out then."""
        session = self._pending(session_id)
        if login == session.requester.login:
            raise forbidden(
                "same_person", "You asked for this yourself.", "Another supervisor must confirm it."
            )
        if "intercept.confirm" not in rights:
            raise forbidden("no_right", "Your role does not include this.", "Ask a supervisor.")
        self._books.drop_pending(session)
        session.second, session.since = login, self._clock()
        try:
            await self._asking.decided(session)
            await self._acting.intend(session)
        except BaseException:
            self._ends.hang_up(session, REJECTED)
            raise
        return session

    async def turn_down(self, login: str, session_id: str) -> Session:
        """Let a second person, or the one who asked, say no."""
        session = self._pending(session_id)
        await self._turned_down(session, "turned down", login)
        return session

    async def _turned_down(self, session: Session, why: str, login: str) -> None:
        self._books.drop_pending(session)
        self._ends.hang_up(session, REJECTED)
        await self._books.refused(session, why, login)

    def _pending(self, session_id: str) -> Session:
        session = self._books.pending.get(session_id)
        if session is None:
            raise Refusal(
                Kind.GONE,
                "nothing_to_confirm",
                f"Request {session_id[:40]} waits no more.",
                "It was confirmed, turned down, or its time was over.",
            )
        return session
