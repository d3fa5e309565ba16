"""Intercept as others see it: asked for, confirmed, switched, left, ended.

Every act is in the audit log before it happens; when that cannot be written, nothing happens.
"""

from __future__ import annotations

from intercept.acting import Acting
from intercept.asking import Asking
from intercept.books import Books
from intercept.config import Config
from intercept.ends import Ends
from intercept.hands import Hands
from intercept.look import Look
from intercept.model import Act
from intercept.place import Places
from intercept.release import Release
from intercept.second import SecondPerson
from intercept.session import Requester, Session
from intercept.switching import Switching
from softswitch.calls.center import CallCenter
from softswitch.calls.core import new_id
from softswitch.clock import Clock, now
from softswitch.errors import Refusal
from softswitch.ports import Channel
from softswitch.store.database import Database


class InterceptService:
    """Who is in which call of others, and how they came there."""

    def __init__(
        self,
        center: CallCenter,
        db: Database,
        config: Config,
        books: Books,
        look: Look,
        *,
        clock: Clock = now,
    ) -> None:
        engine = center.engine
        self._db = db
        self._books = books
        self._clock = clock
        self._places = places = Places(engine)
        self.hands = hands = Hands(engine)
        self._ends = ends = Ends(engine, books, hands)
        self._asking = asking = Asking(engine, config, books, look, places)
        self._release = Release(center, config, books, hands, ends, places)
        self._acting = acting = Acting(
            center, db, config, books, hands, ends, places, self._release
        )
        self._second = SecondPerson(engine, db, config, books, asking, acting, ends, clock)
        self._switching = Switching(
            engine, db, books, look, hands, asking, acting, ends, places, clock
        )
        self.sessions = books.sessions
        self.options = asking.options
        self.confirm = self._second.confirm
        self.turn_down = self._second.turn_down
        self.came = acting.came
        self.take_line = self._release.take_line
        self.lost_target = self._switching.lost_target
        self.next_target = self._switching.next_target
        self.leg_gone = ends.leg_gone
        self.call_over = ends.call_over
        self.places = places
        self.room_changed = acting.room_changed

    # ---- asking

    async def clear_call(self, call_id: str) -> None:
        """Clear a call with cause 8 for one of higher precedence; whoever asks has written it before."""
        await self._release.clear_call(call_id)

    async def begin(
        self,
        requester: Requester,
        act: Act,
        call_id: str,
        *,
        reason: str = "",
        target: str | None = None,
        waive_tone: bool = False,
        channel: Channel | None = None,
    ) -> Session:
        """Do something to a call of others, or refuse with the reason.

        The session that is returned is over at once (a release), rings the own phone, or waits for a second
        person.  With a ``channel`` the requester is on the line already.
        """
        key = self._places.key(call_id)
        session = Session(
            new_id(),
            self._places.call_id(key),
            act,
            requester,
            reason.strip()[:200],
            self._clock(),
            target,
            waive_tone,
        )
        session.place = key if key != session.call_id else ""
        own = self._books.of_desk(requester.desk)
        if own is not None and own.key == key and channel is None and act is not Act.RELEASE:
            try:
                return await self.switch(
                    requester, own.id, act, target=target, waive_tone=waive_tone
                )
            except Refusal:
                if own.id in self._books.sessions:
                    raise
                own = None  # he has hung up at this moment: he asks from outside
        decision = await self._asking.decided(session)
        self._asking.check_desk(session, own, channel)
        session.channel_id = channel.id if channel else None
        if decision.second_person:
            await self._second.wait(session)
            return session
        await self._acting.intend(session)
        return session

    # ---- switching and leaving

    async def switch(
        self,
        requester: Requester,
        session_id: str,
        act: Act,
        *,
        target: str | None = None,
        waive_tone: bool = False,
    ) -> Session:
        """Go over to another act in the same call; nobody rings."""
        if act is Act.RELEASE and target is None:
            session = self._books.own(requester, session_id)
            return await self.begin(requester, act, session.call_id, reason=session.reason)
        return await self._switching.switch(
            requester, session_id, act, target=target, waive_tone=waive_tone
        )

    async def leave(self, requester: Requester, session_id: str) -> Session:
        """Leave the call of the others; it goes on as it was."""
        session = self._books.own(requester, session_id)
        self._ends.over(session, "left")
        self._ends.hang_up(session)
        return session
