"""Hears the facts of control that concern intercept, and takes up its legs after a restart."""

from __future__ import annotations

import logging
from typing import Any, Protocol

from intercept import store
from intercept.books import Books
from intercept.look import Look
from intercept.model import PROTECTED, Act, Levels
from intercept.refusing import refusal
from intercept.service import InterceptService
from intercept.session import Requester, Session, Stage
from softswitch.calls.center import CallCenter
from softswitch.calls.core import Guests
from softswitch.ports import Channel, ControlFact, ControlUp, Entered, KeyPressed, LegEnded
from softswitch.store.database import Database

log = logging.getLogger(__name__)
SNOOP = "snoop"


class Phones(Protocol):
    """What phones ask for by code and key."""

    def takes(self, args: tuple[str, ...]) -> bool: ...
    async def entered(self, channel: Channel, args: tuple[str, ...]) -> None: ...
    async def key(self, session: Session, digit: str) -> None: ...


class Callers(Protocol):
    """Calls that claim a precedence."""

    def takes(self, args: tuple[str, ...]) -> bool: ...
    async def entered(self, channel: Channel, args: tuple[str, ...]) -> None: ...
    def heard_of(self, channel: Channel, args: tuple[str, ...]) -> None: ...


class InterceptGuests(Guests):
    """The legs of intercept among those of the calls."""

    def __init__(
        self,
        center: CallCenter,
        db: Database,
        books: Books,
        service: InterceptService,
        phones: Phones,
        callers: Callers,
        look: Look,
    ) -> None:
        self._center = center
        self._db = db
        self._books = books
        self._service = service
        self._phones = phones
        self._callers = callers
        self._look = look
        self._remembered: dict[str, dict[str, Any]] = {}
        """Rows of intercepts that were open before a restart."""
        self._parties: set[str] = set()
        """Intercepts of a former run whose requester became a party of the call."""
        self._snoops: dict[str, str] = {}
        """Snoop channels that were found after a restart, by intercept."""

    async def load(self) -> None:
        """Read what was open before a restart."""
        self._remembered = {row["id"]: row for row in await self._db.read(store.open_rows)}
        self._parties = await self._db.read(store.parties)

    def take(self, fact: ControlFact) -> bool:
        """Take a fact; return whether it is for no one else."""
        if isinstance(fact, Entered):
            return self._entered(fact.channel, fact.args)
        if isinstance(fact, KeyPressed):
            return self._key(fact)
        if isinstance(fact, LegEnded):
            self._ended(fact.channel_id)
        elif isinstance(fact, ControlUp):
            self._up(fact)
        return False

    def _entered(self, channel: Channel, args: tuple[str, ...]) -> bool:
        if args[:1] == ("intercept",):
            if args[2:] == (SNOOP,):
                self._service.hands.arrived(channel)
            elif (session := self._books.by_channel.get(channel.id)) is not None:
                self._center.spawn(self._service.came(session, channel))
            else:  # it answered after everybody had given up
                self._center.spawn(self._let_go(channel.id))
            return True
        if self._phones.takes(args):
            self._center.spawn(self._phones.entered(channel, args))
            return True
        if self._callers.takes(args):
            self._center.spawn(self._callers.entered(channel, args))
            return True
        self._callers.heard_of(channel, args)
        return False

    async def _let_go(self, channel_id: str) -> None:
        engine = self._center.engine
        await engine.drop(channel_id)

    def _key(self, fact: KeyPressed) -> bool:
        session = self._books.by_channel.get(fact.channel_id)
        if session is None or session.channel_id != fact.channel_id:
            return False
        self._center.spawn(self._phones.key(session, fact.digit))
        return True

    def _ended(self, channel_id: str) -> None:
        session = self._books.by_channel.get(channel_id)
        if session is not None:
            self._service.leg_gone(session, channel_id)
            return
        for other in list(self._books.sessions.values()):
            if other.snoop_id == channel_id:
                self._center.spawn(self._service.lost_target(other, channel_id))
        for waiting in list(self._books.pending.values()):
            if waiting.channel_id == channel_id:
                self._center.spawn(self._given_up(waiting))

    async def _given_up(self, session: Session) -> None:
        if session.id in self._books.pending:
            await self._service.turn_down(session.requester.login, session.id)

    def gone(self, channel_id: str) -> None:
        """The board has lost a channel."""
        self._ended(channel_id)
        self._books.forget(channel_id)

    def finished(self, call_id: str) -> None:
        """A call has ended."""
        self._look.claimed.pop(call_id, None)
        for session in self._books.of_call(call_id):
            self._service.call_over(session)

    def hides(self, channel_id: str) -> bool:
        """Return whether a leg is nobody's business but that of those with the right."""
        return self._books.hides(channel_id)

    # ---- after a restart or a cut

    def _up(self, up: ControlUp) -> None:
        present = {channel.id for channel, _ in up.channels}
        for session in list(self._books.sessions.values()):
            legs = session.rung | ({session.channel_id} if session.channel_id else set())
            for lost in legs - present:
                if lost == session.channel_id:
                    self._service.leg_gone(session, lost)
        self._center.spawn(self._close_lost())

    async def _close_lost(self) -> None:
        """What was open and is not in the switch any more is over."""
        lost = [row for key, row in self._remembered.items() if key not in self._books.sessions]
        self._remembered.clear()
        for row in lost:
            await self._books.write_end(row["id"], row["call_id"], "lost")

    def adopts(self, channel: Channel, args: tuple[str, ...]) -> bool:
        """Take up the leg of an intercept that a former run began."""
        if args[:1] != ("intercept",):
            self._callers.heard_of(channel, args)
            return False
        if args[2:] == (SNOOP,):
            self._snoops[args[1]] = channel.id
            return True
        if channel.id in self._books.by_channel:
            return True
        row = self._remembered.get(args[1]) if len(args) > 1 else None
        if self._is_party(args, row):
            return False  # the engine adopts him as it does the others
        if row is None:
            self._center.spawn(self._let_go(channel.id))
            return True
        desk = self._center.book.extension_of(channel.endpoint) or row["desk"]
        # Nobody is asked again: he may go on as he is; to switch he must ask anew by his own rights.
        requester = Requester(row["login"], desk, frozenset(), Levels())
        session = Session(
            row["id"], row["call_id"], Act(row["act"]), requester, row["reason"],
            row["started_at"], row["target"] or None, second=row["second"],
        )  # fmt: skip
        session.channel_id = channel.id
        self._place(session, channel)
        self._books.add(session)
        session.stage = Stage.UP
        self._center.spawn(self._taken_up(session))
        return True

    def _is_party(self, args: tuple[str, ...], row: dict[str, Any] | None) -> bool:
        """Tell whether the requester is a party by now; that it ended so may not have been written any more."""
        if row is None:
            return len(args) > 1 and args[1] in self._parties
        over = {Act.TAKEOVER: "taken over", Act.RELEASE: "connected"}.get(Act(row["act"]))
        if over is None or self._service.places.room(row["call_id"]) is not None:
            return False
        self._remembered.pop(row["id"])
        self._center.spawn(self._books.write_end(row["id"], row["call_id"], over))
        return True

    def _place(self, session: Session, channel: Channel) -> None:
        """Find the room again that somebody was in; its call may have another id by now."""
        places = self._service.places
        room = places.room(session.call_id) or places.room(channel.linked_id)
        if room is not None:
            session.place, session.bridge_id = room.key, channel.bridge_id
        if session.act is Act.RELEASE:  # in a room: he talks to the one whom he was connected with
            session.act, session.target = Act.INSERT, None

    async def check_takeover(self, call_id: str, desk: str) -> None:
        """Refuse when a party has a protection level that the desk, with who sits there, is not above."""
        await self._look.refresh()
        requester = self._look.phone(desk)
        parties = self._look.call(call_id).parties
        if any(
            each.protection and requester.levels.intrusion <= each.protection for each in parties
        ):
            raise refusal(PROTECTED)

    async def _taken_up(self, session: Session) -> None:
        engine = self._center.engine
        async with engine.locked(session.key):
            place = self._service.places.of(session.key)
            if place is None:
                self._service.call_over(session)
                return
            session.snoop_id = self._snoops.pop(session.id, None)
            if session.act is Act.INSERT:
                await engine.quietly(self._service.hands.speak(place, session))
            self._books.show(session)
            place.changed()
