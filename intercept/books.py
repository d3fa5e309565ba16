"""The books of intercept: sessions by id and by channel, those that wait, what is hidden, and its database."""

from __future__ import annotations

import logging

from intercept import store
from intercept.session import Requester, Session, Stage
from intercept.told import Screen, Told
from softswitch.calls.center import CallCenter
from softswitch.clock import Clock, now
from softswitch.errors import Refusal, forbidden, not_found
from softswitch.store.database import Database

log = logging.getLogger(__name__)
ENTITY = "intercept"
_INTERNAL = ("Snoop/", "Announcer/", "Recorder/")


class Books:
    """Who is in which call of others."""

    def __init__(
        self, center: CallCenter, db: Database, screen: Screen, *, clock: Clock = now
    ) -> None:
        self._center = center
        self._db = db
        self._screen = screen
        self._clock = clock
        self.told = Told(center.book, screen, clock)
        self.sessions: dict[str, Session] = {}
        self.pending: dict[str, Session] = {}
        self.by_channel: dict[str, Session] = {}
        self._hidden: set[str] = set()

    # ---- sessions

    def add(self, session: Session) -> None:
        """Begin a session."""
        session.stage = Stage.RINGING
        self.sessions[session.id] = session
        if session.channel_id is not None:
            self.by_channel[session.channel_id] = session
            self._hidden.add(session.channel_id)
        self.show(session)

    def rings(self, session: Session, channel_id: str) -> None:
        """A phone of the requester is about to ring."""
        session.rung.add(channel_id)
        self.by_channel[channel_id] = session
        self._hidden.add(channel_id)

    def unring(self, session: Session, channel_id: str) -> None:
        """That phone could not be rung."""
        session.rung.discard(channel_id)
        self.by_channel.pop(channel_id, None)
        self._hidden.discard(channel_id)

    def remove(self, session: Session, reason: str) -> None:
        """End a session and write that down; its legs stay hidden until they are gone."""
        self.sessions.pop(session.id, None)
        for channel_id in [c for c, s in self.by_channel.items() if s is session]:
            del self.by_channel[channel_id]
        self._screen.drop(ENTITY, session.id)
        self.told.over(session, reason)
        self._center.spawn(self.write_end(session.id, session.call_id, reason))

    async def write_end(self, intercept_id: str, call_id: str, reason: str) -> None:
        """Write that an intercept is over; when that fails, the next start does."""
        try:
            await self._db.write(store.end, intercept_id, call_id, reason, self._clock())
        except Refusal as refusal:
            log.error("the end of intercept %s is not written: %s", intercept_id, refusal)

    def of_desk(self, desk: str) -> Session | None:
        """Return the session of a desk."""
        return next((s for s in self.sessions.values() if s.requester.desk == desk), None)

    def of_call(self, key: str) -> list[Session]:
        """Return the sessions in a call, or in a conference room by its key."""
        return [s for s in self.sessions.values() if s.key == key]

    def own(self, requester: Requester, session_id: str) -> Session:
        """Return a session of the requester, or refuse."""
        session = self.sessions.get(session_id)
        if session is None:
            raise not_found("intercept", session_id[:40], "It is over.")
        if session.requester.login != requester.login and session.requester.desk != requester.desk:
            raise forbidden(
                "not_yours",
                f"This is the intercept of {session.requester.login}.",
                "Begin your own.",
            )
        return session

    # ---- who waits for a second person

    def add_pending(self, session: Session) -> None:
        """Somebody waits for a second person."""
        self.pending[session.id] = session
        self._screen.put(ENTITY, session.id, session.view())

    def drop_pending(self, session: Session) -> None:
        """Nobody waits any more."""
        self.pending.pop(session.id, None)
        session.expires_at = None
        self._screen.drop(ENTITY, session.id)

    async def refused(self, session: Session, code: str, login: str | None = None) -> None:
        """Write down a request that came to nothing; the answer does not wait for a database that is down."""
        details = {
            "id": session.id,
            "asked_by": session.requester.login,
            "desk": session.requester.desk,
        }
        try:
            await self._db.write(
                store.refuse,
                login or session.requester.login,
                session.act.value,
                session.call_id,
                code,
                details,
                self._clock(),
            )
        except Refusal as refusal:
            log.error("a refused intercept is not written: %s", refusal)

    # ---- what is seen

    def show(self, session: Session) -> None:
        """Show a session, and its leg when the others hear it."""
        if session.id not in self.sessions:
            return
        if session.silent:
            self.hide(session)
        else:
            self.reveal(session)
        self._screen.put(ENTITY, session.id, session.view())
        self.told.show(session)

    def hide(self, session: Session) -> None:
        """Take the requester's leg off the views of all."""
        if session.channel_id is not None:
            self._hidden.add(session.channel_id)

    def reveal(self, session: Session) -> None:
        """Show the requester's leg as one of the call."""
        self._hidden.discard(session.channel_id or "")

    def forget(self, channel_id: str) -> None:
        """A channel is gone."""
        self._hidden.discard(channel_id)

    def hides(self, channel_id: str) -> bool:
        """Return whether a leg is nobody's business, or no person's at all."""
        if channel_id in self._hidden:
            return True
        leg = self._center.board.legs.get(channel_id)
        return leg is not None and leg.channel.name.startswith(_INTERNAL)
