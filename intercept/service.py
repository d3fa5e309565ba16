"""Intercept at work: decides, writes down, acts; keeps who is in which call of others.

Every act is in the audit log before it happens; when that cannot be written, nothing happens.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from intercept import store
from intercept.announcements import Announcements
from intercept.books import Books
from intercept.config import Config
from intercept.hands import Hands
from intercept.look import Look
from intercept.model import Act, Allowed, Decision, Refused, Request, decide
from intercept.refusing import refusal
from intercept.session import Requester, Session, Stage
from softswitch.calls.center import CallCenter
from softswitch.calls.core import new_id
from softswitch.calls.dispatch_call import DispatchCall
from softswitch.calls.ringing import ANSWERED_ELSEWHERE
from softswitch.clock import Clock, now
from softswitch.errors import Kind, Refusal, conflict, forbidden, not_found
from softswitch.ports import ActFailed, Channel, Leg
from softswitch.store.database import Database

log = logging.getLogger(__name__)

PREEMPTION = 8
"""Q.850 8, preemption: the BYE of a forced release tells it (RFC 3326)."""

REJECTED = 21
RING_SECONDS = 20
TONE_MARGIN = 0.06
"""Seconds that the tone may begin after it was asked for."""


class InterceptService:
    """Who is in which call of others, and how they came there."""

    def __init__(
        self,
        center: CallCenter,
        db: Database,
        config: Config,
        books: Books,
        look: Look,
        announcements: Announcements,
        *,
        clock: Clock = now,
    ) -> None:
        self._center = center
        self._engine = center.engine
        self._db = db
        self._config = config
        self._books = books
        self._look = look
        self._announcements = announcements
        self._clock = clock
        self._hands = Hands(center.engine)
        self.sessions = books.sessions
        self.on_wait: Callable[[Session], None] = lambda session: None

    @property
    def hands(self) -> Hands:
        """The acts on the switch."""
        return self._hands

    # ---- asking

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
        session = Session(
            new_id(),
            call_id,
            act,
            requester,
            reason.strip()[:200],
            self._clock(),
            target,
            waive_tone,
        )
        own = self._books.of_desk(requester.desk)
        if (
            own is not None
            and own.call_id == call_id
            and channel is None
            and act is not Act.RELEASE
        ):
            return await self.switch(requester, own.id, act, target=target)
        decision = await self._decided(session)
        self._check_desk(session, own, channel)
        session.channel_id = channel.id if channel else None
        if decision.second_person:
            await self._wait_for_second(session)
            return session
        await self._intend(session)
        return session

    async def _intend(self, session: Session) -> None:
        """Write the intent, then act. The own phone rings meanwhile, which touches the call in nothing."""
        if session.channel_id is not None or _is_plain_release(session):
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
            async with self._engine.locked(session.call_id):
                await self._engine.take_in(session.call_id)
        except (ActFailed, Refusal) as error:
            await self._failed(session, error)
        finally:
            session.written.set()

    def options(self, requester: Requester, call_id: str) -> list[dict[str, Any]]:
        """Return for each act whether it is allowed now, and if not why, in both languages."""
        found = []
        own = self._books.of_desk(requester.desk)
        within = own if own is not None and own.call_id == call_id else None
        for act in Act:
            seen = self._look.call(call_id, within.channel_id if within else None)
            target = seen.parties[0].channel_id if seen.parties else None
            session = Session("", call_id, act, requester, "-", 0, target)
            session.second = within.second if within else ""
            decision = decide(self._request(session, within), self._config.settings.rules)
            found.append(option(act, decision))
        return found

    def _request(self, session: Session, within: Session | None = None) -> Request:
        """Return what the decision is made from. ``within``: the session that would be switched."""
        own = within.channel_id if within else None
        seen = self._look.call(session.call_id, own)
        desk = session.requester.desk
        return Request(
            session.act,
            session.requester.rights,
            session.requester.levels,
            seen.parties,
            seen.phase,
            seen.precedence,
            in_call=any(party.number == desk for party in seen.parties),
            reason=session.reason,
            target=session.target,
            waive_tone=session.waive_tone,
            confirmed=bool(session.second),
        )

    async def _decided(self, session: Session, within: Session | None = None) -> Allowed:
        decision = decide(self._request(session, within), self._config.settings.rules)
        if isinstance(decision, Refused):
            await self._books.refused(session, decision.code)
            raise refusal(decision, session.requester.language)
        return decision

    def _check_desk(self, session: Session, own: Session | None, channel: Channel | None) -> None:
        desk = session.requester.desk
        if session.act is Act.RELEASE and session.target is None:
            return
        if own is not None:
            raise conflict(
                "already_intercepting",
                f"Desk {desk} is in call {own.call_id} of others already.",
                "Leave that call first.",
            )
        in_call = any(p.number == desk for p in self._look.call(session.call_id).parties)
        if channel is None and not in_call and not self._engine.is_free(desk):
            raise conflict(
                "desk_busy", f"Desk {desk} is in a call.", "End or hold that call first."
            )
        if channel is None:
            self._engine.destinations(desk)

    # ---- the second person

    async def _wait_for_second(self, session: Session) -> None:
        session.stage = Stage.PENDING
        seconds = self._config.settings.confirm_seconds
        session.expires_at = self._clock() + seconds * 1000
        await self._db.write(store.ask, session.row())
        self._books.add_pending(session)
        asyncio.get_running_loop().call_later(seconds, self._expire, session.id)
        self.on_wait(session)

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
            await self._decided(session)
            await self._intend(session)
        except BaseException:
            self._hang_up(session, REJECTED)
            raise
        return session

    async def turn_down(self, login: str, session_id: str) -> Session:
        """Let a second person, or the one who asked, say no."""
        session = self._pending(session_id)
        await self._turned_down(session, "turned down", login)
        return session

    async def _turned_down(self, session: Session, why: str, login: str) -> None:
        self._books.drop_pending(session)
        self._hang_up(session, REJECTED)
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

    # ---- acting

    async def perform(self, session: Session) -> None:
        """Carry out what is decided and written down, for somebody who is on the line, or a plain release."""
        session.written.set()
        try:
            if session.channel_id is None or _is_plain_release(session):
                await self._clear(session)
                return
            async with self._engine.locked(session.call_id):
                call = await self._engine.take_in(session.call_id)
                self._books.add(session)
                await self._engine.acts.answer(session.channel_id)
                await self._apply(call, session)
        except (ActFailed, Refusal) as error:
            await self._failed(session, error)

    async def _failed(self, session: Session, error: BaseException) -> None:
        self._over(session, "failed")
        self._hang_up(session, REJECTED)
        if not isinstance(error, ActFailed):
            raise error
        raise conflict(
            "not_done", f"The switch did not do it: {error}.", "Look at the board and try again."
        ) from error

    async def _clear(self, session: Session) -> None:
        await self.clear_call(session.call_id)
        self._over(session, "released")

    async def clear_call(self, call_id: str) -> None:
        """Clear a call: each party gets cause 8. It is written down before.

        A plain call comes under dispatch first: its legs hang together there no more.  Ended where it is, in
        ``Dial()``, the second leg follows the first with cause 16 before its own hangup comes, sometimes (1 of 5
        by two hangups, 1 of 25 on a busy machine by one that matches both, measured on 22.10.1).
        """
        engine = self._engine
        async with engine.locked(call_id):
            try:
                call = await engine.take_in(call_id)
            except Refusal:
                await self._clear_plain(call_id)
                return
            legs = list(call.members)
            for leg in legs:  # nobody is left in the books who would be let go once more, with 16
                engine.remove(call, leg)
            for guest in self._books.of_call(call_id):
                self._over(guest, "call released")
                self._hang_up(guest, PREEMPTION)
            await asyncio.gather(
                *(engine.quietly(engine.acts.hangup(leg, PREEMPTION)) for leg in legs)
            )
            for ring in list(call.rings.values()):
                await engine.stop_ring(call, ring, PREEMPTION)

    async def _clear_plain(self, call_id: str) -> None:
        """Clear a call that cannot be moved, as well as it goes."""
        shown = self._center.board.calls.get(call_id)
        names = [leg.channel.name for leg in shown.legs.values()] if shown else []
        if names:
            await self._engine.plain.clear(names, PREEMPTION)

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
        async with self._engine.locked(session.call_id):
            call = self._engine.calls.get(session.call_id)
            if session.id not in self.sessions or session.channel_id is not None or call is None:
                await self._engine.quietly(self._engine.acts.hangup(channel.id, ANSWERED_ELSEWHERE))
                return
            others = session.rung - {channel.id}
            session.channel_id = channel.id
            session.rung.clear()
            for other in others:
                await self._engine.quietly(self._engine.acts.hangup(other, ANSWERED_ELSEWHERE))
            self._engine.spawn(self._record(channel))
            try:
                await self._apply(call, session)
            except (ActFailed, Refusal) as error:
                log.info("intercept %s failed: %s", session.id, error)
                self._over(session, "failed")
                self._hang_up(session, REJECTED)

    async def _record(self, channel: Channel) -> None:
        """The requester's leg is evidence like every other."""
        await self._engine.quietly(self._engine.plain.record(channel.name, channel.id))

    async def _apply(self, call: DispatchCall, session: Session) -> None:
        """Bring the requester to where the act wants him. The lock of the call is held."""
        hands, act = self._hands, session.act
        if act is Act.MONITOR:
            await hands.listen(call, session)
            session.stage = Stage.UP
        elif act is Act.WHISPER:
            await hands.whisper(call, session, session.target or "")
            session.stage = Stage.UP
        elif act is Act.INSERT:
            await hands.listen(call, session)
            await self._warn(call, session)
        elif act is Act.TAKEOVER:
            await hands.take_over(call, session)
            self._books.reveal(session)
            self._over(session, "taken over")
        else:
            await self._connect(call, session)
        self._books.show(session)
        self._engine.changed(call.id)

    async def _warn(self, call: DispatchCall, session: Session) -> None:
        if session.waive_tone:
            await self._hands.speak(call, session)
            session.stage = Stage.UP
            return
        session.stage = Stage.WARNING
        tone = self._config.tone
        playback = f"warning-{new_id()}"
        await self._engine.acts.play_to_bridge(call.bridge_id, playback, tone.media)
        seconds = tone.milliseconds / 1000 + TONE_MARGIN
        self._engine.spawn(self._after_warning(session, playback, seconds))

    async def _after_warning(self, session: Session, playback: str, seconds: float) -> None:
        """All have heard the tone: now they hear the requester too, if that is still what he wants."""
        await asyncio.sleep(seconds)
        await self._engine.quietly(self._engine.acts.stop_playback(playback))
        async with self._engine.locked(session.call_id):
            call = self._engine.calls.get(session.call_id)
            if (
                call is None
                or session.id not in self.sessions
                or session.stage is not Stage.WARNING
            ):
                return
            await self._hands.speak(call, session)
            session.stage = Stage.UP
            self._books.show(session)
            self._engine.changed(call.id)

    async def _connect(self, call: DispatchCall, session: Session) -> None:
        out = await self._hands.connect(call, session, session.target or "")
        self._books.reveal(session)
        self._over(session, "connected")
        for member in out:
            self._engine.spawn(self._tell_and_clear(member.channel_id))

    async def _tell_and_clear(self, channel_id: str) -> None:
        """Say why, then clear."""
        said = self._announcements.get("released", self._config.settings.language)
        acts = self._engine.acts
        try:
            await acts.play(channel_id, f"why-{channel_id}", said.media)
            await asyncio.sleep(said.milliseconds / 1000)
        except ActFailed as error:
            log.info("%s could not be told why it is cleared: %s", channel_id, error)
        finally:
            await self._engine.quietly(acts.hangup(channel_id, PREEMPTION))

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
        session = self._own(requester, session_id)
        if act is Act.RELEASE:
            return await self.begin(
                requester, act, session.call_id, reason=session.reason, target=target
            )
        if act is Act.WHISPER and target is None:
            target = session.target or self._first_desk(session)
        wanted = Session(
            session.id, session.call_id, act, requester, session.reason, session.since,
            target if act is Act.WHISPER else None, waive_tone, second=session.second,
        )  # fmt: skip
        self._check_switch(session, wanted)
        decision = await self._decided(wanted, within=session)
        if decision.second_person:
            await self._books.refused(wanted, "second_person_needed")
            raise conflict(
                "second_person_needed",
                "A second person must confirm this.",
                "Leave the call and ask for it anew.",
            )
        await self._db.write(store.switch, wanted.row(), self._clock())
        async with self._engine.locked(session.call_id):
            call = self._engine.calls.get(session.call_id)
            if call is None or session.id not in self.sessions:
                raise not_found("intercept", session_id, "The call has ended.")
            session.act, session.target, session.waive_tone = act, wanted.target, waive_tone
            await self._switched(call, session)
        return session

    def _check_switch(self, session: Session, wanted: Session) -> None:
        if session.stage is Stage.RINGING or session.channel_id is None:
            raise conflict("not_up", "The own phone is not up yet.", "Answer it first.")
        call = self._engine.calls.get(session.call_id)
        silent = wanted.act in (Act.MONITOR, Act.WHISPER)
        if call is not None and silent and session.channel_id in call.members:
            others = [m for m in call.members if m != session.channel_id]
            if len(others) < 2:
                raise conflict(
                    "last_other",
                    "You are one of the two who talk now.",
                    "Take the call over, or hang up.",
                )

    async def _switched(self, call: DispatchCall, session: Session) -> None:
        try:
            self._books.hide(session)
            await self._apply(call, session)
        except (ActFailed, Refusal, TimeoutError) as error:
            await self._fall_back(call, session)
            raise conflict(
                "not_done", f"The switch did not do it: {error}.", "You monitor the call now."
            ) from error

    async def _fall_back(self, call: DispatchCall, session: Session) -> None:
        """What could not be done leaves the requester where nobody hears him."""
        session.act, session.target, session.stage = Act.MONITOR, None, Stage.UP
        try:
            await self._hands.listen(call, session)
        except (ActFailed, Refusal):
            self._over(session, "failed")
            self._hang_up(session, REJECTED)
        self._books.show(session)
        self._engine.changed(call.id)

    async def lost_target(self, session: Session, snoop_id: str) -> None:
        """The party that was whispered to has left: go on as a monitor while there is a call."""
        async with self._engine.locked(session.call_id):
            call = self._engine.calls.get(session.call_id)
            if session.snoop_id != snoop_id or session.id not in self.sessions or call is None:
                return
            await self._fall_back(call, session)

    def _first_desk(self, session: Session) -> str | None:
        """Return whom to whisper to when nobody is named: the dispatcher, else the first party."""
        parties = self._look.call(session.call_id, session.channel_id).parties
        book = self._center.book
        desk = next(
            (p for p in parties if p.number in book.extensions() and book.is_desk(p.number)), None
        )
        chosen = desk or (parties[0] if parties else None)
        return chosen.channel_id if chosen else None

    def next_target(self, session: Session) -> str | None:
        """Return the party after the one that is whispered to, round and round."""
        ids = [p.channel_id for p in self._look.call(session.call_id, session.channel_id).parties]
        if session.target in ids:
            return ids[(ids.index(session.target) + 1) % len(ids)]
        return ids[0] if ids else None

    async def leave(self, requester: Requester, session_id: str) -> Session:
        """Leave the call of the others; it goes on as it was."""
        session = self._own(requester, session_id)
        self._over(session, "left")
        self._hang_up(session)
        return session

    def _own(self, requester: Requester, session_id: str) -> Session:
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

    def _hang_up(self, session: Session, cause: int = 16) -> None:
        legs = session.rung | ({session.channel_id} if session.channel_id else set())
        for channel_id in legs:
            self._engine.spawn(self._engine.quietly(self._engine.acts.hangup(channel_id, cause)))

    # ---- ends

    def leg_gone(self, session: Session, channel_id: str) -> None:
        """A leg of the requester has ended."""
        if channel_id == session.channel_id:
            self._over(session, "left")
        elif channel_id in session.rung:
            session.rung.discard(channel_id)
            if not session.rung and session.channel_id is None:
                self._over(session, "not answered")

    def call_over(self, session: Session) -> None:
        """The call has ended; the requester is let go."""
        self._over(session, "call ended")
        self._hang_up(session)

    def _over(self, session: Session, reason: str) -> None:
        session.written.set()  # who waits for it finds that it is over
        if session.stage is Stage.ENDED:
            return
        session.stage = Stage.ENDED
        if session.snoop_id is not None:
            self._engine.spawn(self._hands.end_whisper(session))
        self._books.remove(session, reason)
        self._engine.changed(session.call_id)


def _is_plain_release(session: Session) -> bool:
    return session.act is Act.RELEASE and session.target is None


def option(act: Act, decision: Decision) -> dict[str, Any]:
    """Return the JSON of one act that is allowed or not."""
    if isinstance(decision, Refused):
        return {
            "act": act.value,
            "allowed": False,
            "code": decision.code,
            "reason_zh": decision.zh,
            "reason_en": decision.en,
        }
    return {
        "act": act.value,
        "allowed": True,
        "warning_tone": decision.warning_tone,
        "second_person": decision.second_person,
    }
