"""Going over from one act to another in the same call, live."""

from __future__ import annotations

from intercept import store
from intercept.acting import Acting
from intercept.asking import Asking
from intercept.books import Books
from intercept.ends import REJECTED, Ends
from intercept.hands import Hands
from intercept.look import Look
from intercept.model import Act
from intercept.place import Place, Places
from intercept.session import Requester, Session, Stage
from softswitch.calls.engine import Engine
from softswitch.clock import Clock
from softswitch.errors import Refusal, conflict, not_found
from softswitch.ports import ActFailed
from softswitch.store.database import Database


class Switching:
    """Switches intercepts; nobody rings."""

    def __init__(
        self,
        engine: Engine,
        db: Database,
        books: Books,
        look: Look,
        hands: Hands,
        asking: Asking,
        acting: Acting,
        ends: Ends,
        places: Places,
        clock: Clock,
    ) -> None:
        self._engine = engine
        self._db = db
        self._books = books
        self._look = look
        self._hands = hands
        self._asking = asking
        self._acting = acting
        self._ends = ends
        self._places = places
        self._clock = clock

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
        session = self._books.own(requester, session_id)
        if act is Act.WHISPER and target is None:
            target = session.target or self._first_desk(session)
        wanted = Session(
            session.id, session.call_id, act, requester, session.reason, session.since,
            target if act in (Act.WHISPER, Act.RELEASE) else None, waive_tone, second=session.second,
        )  # fmt: skip
        wanted.place = session.place
        self._check_switch(session, wanted)
        decision = await self._asking.decided(wanted, within=session)
        if decision.second_person:
            await self._books.refused(wanted, "second_person_needed")
            raise conflict(
                "second_person_needed",
                "A second person must confirm this.",
                "Leave the call and ask for it anew.",
            )
        await self._db.write(store.switch, wanted.row(), self._clock())
        async with self._engine.locked(session.key):
            place = self._places.of(session.key)
            if place is None or session.id not in self._books.sessions:
                raise not_found("intercept", session_id, "The call has ended.")
            session.act, session.target, session.waive_tone = act, wanted.target, waive_tone
            await self._switched(place, session)
        return session

    def _check_switch(self, session: Session, wanted: Session) -> None:
        if session.stage is Stage.RINGING or session.channel_id is None:
            raise conflict("not_up", "The own phone is not up yet.", "Answer it first.")
        place = self._places.of(session.key)
        silent = wanted.act in (Act.MONITOR, Act.WHISPER)
        if place is None or not silent or not place.holds(session.channel_id):
            return
        if len(place.others(session.channel_id)) < 2:
            raise conflict(
                "last_other",
                "You are one of the two who talk now.",
                "Take the call over, or hang up.",
            )

    async def _switched(self, place: Place, session: Session) -> None:
        try:
            self._books.hide(session)
            await self._acting.apply(place, session)
        except (ActFailed, Refusal, TimeoutError) as error:
            await self._fall_back(place, session)
            raise conflict(
                "not_done", f"The switch did not do it: {error}.", "You monitor the call now."
            ) from error

    async def _fall_back(self, place: Place, session: Session) -> None:
        """What could not be done leaves the requester where nobody hears him."""
        session.act, session.target, session.stage = Act.MONITOR, None, Stage.UP
        try:
            await self._hands.listen(place, session)
        except (ActFailed, Refusal):
            self._ends.over(session, "failed")
            self._ends.hang_up(session, REJECTED)
        self._books.show(session)
        place.changed()

    async def lost_target(self, session: Session, snoop_id: str) -> None:
        """The party that was whispered to has left: go on as a monitor while there is a call."""
        async with self._engine.locked(session.key):
            place = self._places.of(session.key)
            if (
                session.snoop_id != snoop_id
                or session.id not in self._books.sessions
                or place is None
            ):
                return
            await self._fall_back(place, session)

    def _first_desk(self, session: Session) -> str | None:
        """Return whom to whisper to when nobody is named: the dispatcher, else the first party."""
        parties = self._look.call(session.key, session.channel_id).parties
        book = self._engine.book
        desk = next(
            (p for p in parties if p.number in book.extensions() and book.is_desk(p.number)), None
        )
        chosen = desk or (parties[0] if parties else None)
        return chosen.channel_id if chosen else None

    def next_target(self, session: Session) -> str | None:
        """Return the party after the one that is whispered to, round and round."""
        ids = [p.channel_id for p in self._look.call(session.key, session.channel_id).parties]
        if session.target in ids:
            return ids[(ids.index(session.target) + 1) % len(ids)]
        return ids[0] if ids else None
