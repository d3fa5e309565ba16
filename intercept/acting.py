"""Carries out what is decided and written down: rings the requester's phone, brings him where the act wants him."""

from __future__ import annotations

import asyncio
import logging

from intercept import store
from intercept.books import Books
from intercept.config import Config
from intercept.ends import REJECTED, Ends
from intercept.hands import Hands
from intercept.model import Act
from intercept.place import CallPlace, Place, Places
from intercept.release import Release
from intercept.session import Session, Stage
from softswitch.calls.center import CallCenter
from softswitch.calls.core import new_id
from softswitch.calls.ringing import ANSWERED_ELSEWHERE
from softswitch.errors import Refusal, conflict
from softswitch.ports import ActFailed, Channel, Leg
from softswitch.store.database import Database

log = logging.getLogger(__name__)

RING_SECONDS = 20
TONE_MARGIN = 0.06
"""Seconds that the tone may begin after it was asked for."""


class Acting:
    """Does what was asked for. Every act is in the audit log before it happens."""

    def __init__(
        self,
        center: CallCenter,
        db: Database,
        config: Config,
        books: Books,
        hands: Hands,
        ends: Ends,
        places: Places,
        release: Release,
    ) -> None:
        self._center = center
        self._engine = center.engine
        self._db = db
        self._config = config
        self._books = books
        self._hands = hands
        self._ends = ends
        self._places = places
        self._release = release

    async def intend(self, session: Session) -> None:
        """Write the intent, then act. The own phone rings meanwhile, which touches the call in nothing."""
        if session.channel_id is not None or is_plain_release(session):
            await self._db.write(store.begin, session.row())
            await self.perform(session)
            return
        shown = self._center.board.calls.get(session.call_id)
        first = next(iter(shown.legs.values())).channel if shown else None
        self._books.add(session)
        written, rung = await asyncio.gather(
            self._db.write(store.begin, session.row()),
            self._ring(session, first),
            return_exceptions=True,
        )
        failed = written if isinstance(written, BaseException) else rung
        if isinstance(failed, BaseException):
            await self._failed(session, failed)
        await self._take_in(session)

    async def _take_in(self, session: Session) -> None:
        """Bring the call under dispatch; whoever has answered meanwhile may come in now."""
        try:
            async with self._engine.locked(session.key):
                await self._places.take(session.key)
        except (ActFailed, Refusal) as error:
            await self._failed(session, error)
        finally:
            session.written.set()

    async def perform(self, session: Session) -> None:
        """Carry out what is decided and written down, for somebody who is on the line, or a plain release."""
        session.written.set()
        try:
            if session.channel_id is None or is_plain_release(session):
                await self._release.clear_call(session.call_id, session.requester.desk)
                self._ends.over(session, "released")
                return
            async with self._engine.locked(session.key):
                place = await self._places.take(session.key)
                self._books.add(session)
                await self._engine.acts.answer(session.channel_id)
                await self.apply(place, session)
        except (ActFailed, Refusal) as error:
            await self._failed(session, error)

    async def _failed(self, session: Session, error: BaseException) -> None:
        self._ends.over(session, "failed")
        self._ends.hang_up(session, REJECTED)
        if not isinstance(error, ActFailed):
            raise error
        raise conflict(
            "not_done", f"The switch did not do it: {error}.", "Look at the board and try again."
        ) from error

    async def _ring(self, session: Session, shown: Channel | None) -> None:
        """Ring the requester's own phones; they answer by themselves."""
        engine, desk = self._engine, session.requester.desk
        _, phones = engine.destinations(desk)
        failed: list[ActFailed] = []
        for phone in phones:
            leg = Leg(
                new_id(),
                phone,
                ("intercept", session.id),
                caller_number=shown.caller_number if shown else "",
                caller_name=shown.caller_name if shown else "",
                originator=shown.id if shown else "",
                auto_answer=True,
                timeout_seconds=RING_SECONDS,
            )
            self._books.rings(session, leg.channel_id)
            try:
                await engine.acts.place(leg)
            except ActFailed as error:
                failed.append(error)
                self._books.unring(session, leg.channel_id)
        if not session.rung:
            raise failed[0]

    async def came(self, session: Session, channel: Channel) -> None:
        """One of the requester's phones has answered."""
        await session.written.wait()
        async with self._engine.locked(session.key):
            place = self._places.of(session.key)
            if (
                session.id not in self._books.sessions
                or session.channel_id is not None
                or place is None
            ):
                await self._engine.drop(channel.id, ANSWERED_ELSEWHERE)
                return
            others = session.rung - {channel.id}
            session.channel_id = channel.id
            session.rung.clear()
            for other in others:
                self._engine.spawn(self._engine.drop(other, ANSWERED_ELSEWHERE))
            self._engine.spawn(self._record(channel))
            try:
                await self.apply(place, session)
            except (ActFailed, Refusal) as error:
                log.info("intercept %s failed: %s", session.id, error)
                self._ends.over(session, "failed")
                self._ends.hang_up(session, REJECTED)

    async def _record(self, channel: Channel) -> None:
        """The requester's leg is evidence like every other."""
        await self._engine.quietly(self._engine.plain.record(channel.name, channel.id))

    async def apply(self, place: Place, session: Session) -> None:
        """Bring the requester to where the act wants him. The lock of the call is held."""
        hands, act = self._hands, session.act
        if act is Act.MONITOR:
            await hands.listen(place, session)
            session.stage = Stage.UP
        elif act is Act.WHISPER:
            await hands.whisper(place, session, session.target or "")
            session.stage = Stage.UP
        elif act is Act.INSERT and session.waive_tone and session.stage is Stage.RINGING:
            await hands.enter(place, session)
            session.stage = Stage.UP
        elif act is Act.INSERT:
            await hands.listen(place, session)
            await self._warn(place, session)
        elif act is Act.TAKEOVER and isinstance(place, CallPlace):
            await hands.take_over(place, session)
            self._books.reveal(session)
            self._ends.over(session, "taken over")
        else:
            await self._release.connect(place, session)
        self._books.show(session)
        place.changed()

    async def _warn(self, place: Place, session: Session) -> None:
        if session.waive_tone:
            await self._hands.speak(place, session)
            session.stage = Stage.UP
            return
        session.stage = Stage.WARNING
        tone = self._config.tone
        playback = f"warning-{new_id()}"
        await self._engine.acts.play_to_bridge(place.bridge_id, playback, tone.media)
        seconds = tone.milliseconds / 1000 + TONE_MARGIN
        self._engine.spawn(self._after_warning(session, playback, seconds))

    async def _after_warning(self, session: Session, playback: str, seconds: float) -> None:
        """All have heard the tone: now they hear the requester too, if that is still what he wants."""
        await asyncio.sleep(seconds)
        await self._engine.quietly(self._engine.acts.stop_playback(playback))
        async with self._engine.locked(session.key):
            place = self._places.of(session.key)
            if (
                place is None
                or session.id not in self._books.sessions
                or session.stage is not Stage.WARNING
            ):
                return
            await self._hands.speak(place, session)
            session.stage = Stage.UP
            self._books.show(session)
            place.changed()

    # ---- rooms that change while somebody is in them

    def room_changed(self, key: str) -> None:
        """A conference has other members, another bridge, or is over: so it is for those who came by intercept."""
        for session in list(self._books.sessions.values()):
            if not session.place:
                continue
            place = self._places.of(session.place)
            if place is None:
                self._ends.call_over(session)
            elif key == session.place:
                self._engine.spawn(self._follow(session))

    async def _follow(self, session: Session) -> None:
        """Stay with the members of the room; a whisper is at its target, wherever that is."""
        async with self._engine.locked(session.key):
            place = self._places.of(session.key)
            if place is None or session.id not in self._books.sessions:
                return
            session.call_id = self._places.call_id(session.key)
            self._books.show(session)
            if session.channel_id is None or session.stage is Stage.RINGING or session.snoop_id:
                return
            if session.bridge_id != place.bridge_id:
                session.bridge_id = place.bridge_id
                acts = self._engine.acts
                await self._engine.quietly(acts.join_aside(place.bridge_id, session.channel_id))


def is_plain_release(session: Session) -> bool:
    return session.act is Act.RELEASE and session.target is None
