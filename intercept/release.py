"""Forced release: every party gets cause 8; with a connection to one of them the others are told why."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection

from intercept.books import Books
from intercept.config import Config
from intercept.ends import Ends
from intercept.hands import Hands
from intercept.last_words import last_words
from intercept.model import Act
from intercept.place import CallPlace, Place, Places, RoomPlace
from intercept.session import Session, Stage
from softswitch.calls.center import CallCenter
from softswitch.calls.conference import Conference
from softswitch.errors import Refusal

log = logging.getLogger(__name__)

PREEMPTION = 8
"""Q.850 8, preemption: the BYE of a forced release tells it (RFC 3326)."""


BOTH = 2

DIALLED = frozenset({"from-phones", "transfers", "extensions", "outside"})
"""Where a caller stands whom the dialplan ends with the cause of a release; the first two include the others."""


class Release:
    """Clears calls."""

    def __init__(
        self,
        center: CallCenter,
        config: Config,
        books: Books,
        hands: Hands,
        ends: Ends,
        places: Places,
    ) -> None:
        self._center = center
        self._engine = center.engine
        self._config = config
        self._books = books
        self._hands = hands
        self._ends = ends
        self._places = places

    async def clear_call(self, call_id: str, by: str = "") -> None:
        """Clear a call, or all of a room, for the extension ``by``: each party gets cause 8. It is written before."""
        key = self._places.key(call_id)
        room = self._places.room(key)
        if room is not None:
            await self._clear_room(room)
        else:
            await self._clear(call_id)
        self._books.told.cleared(call_id, by)

    async def take_line(self, call_id: str, channel_ids: Collection[str], by: str) -> None:
        """Clear what keeps a line busy: its call; in a conference only the legs of that line."""
        room = self._places.room(call_id)
        if room is None:
            await self.clear_call(call_id, by)
            return
        engine = self._engine
        for channel_id in channel_ids:
            room.let_go(channel_id, PREEMPTION)
            await engine.drop(channel_id, PREEMPTION)

    async def _clear_room(self, room: Conference) -> None:
        engine = self._engine
        async with engine.locked(room.key):
            self._guests_out(room.key)
            legs = room.let_all_go(PREEMPTION)
            await asyncio.gather(*(engine.drop(leg, PREEMPTION) for leg in legs))

    def _guests_out(self, key: str) -> None:
        for guest in self._books.of_call(key):
            self._ends.over(guest, "call released")
            self._ends.hang_up(guest, PREEMPTION)

    async def _clear(self, call_id: str) -> None:
        """End all its legs at once.

        A plain call that was transferred comes under dispatch first: its legs hang together there no more.
        Ended where it is, the second leg follows the first with cause 16 before its own hangup comes, sometimes
        (1 of 5 by two hangups, 1 of 25 on a busy machine by one that matches both, measured on 22.10.1).
        """
        engine = self._engine
        async with engine.locked(call_id):
            if pair := self._dialled(call_id):
                await engine.plain.clear_dialled(*pair, PREEMPTION)
                return
            try:
                call = await engine.take_in(call_id)
            except Refusal:
                await self._clear_plain(call_id)
                return
            legs = list(call.members)
            for leg in legs:  # nobody is left in the books who would be let go once more, with 16
                engine.remove(call, leg)
            self._guests_out(call_id)
            await asyncio.gather(*(engine.drop(leg, PREEMPTION) for leg in legs))
            for ring in list(call.rings.values()):
                await engine.stop_ring(call, ring, PREEMPTION)

    def _dialled(self, call_id: str) -> tuple[str, str] | None:
        """Return caller and called of a plain call that is as the dialplan connected it."""
        shown = self._center.board.calls.get(call_id)
        if shown is None or call_id in self._engine.calls or len(shown.legs) != BOTH:
            return None
        first, second = sorted(shown.legs.values(), key=lambda leg: not leg.incoming)
        one, other = first.channel, second.channel
        together = one.bridge_id == other.bridge_id != ""
        direct = first.incoming and not second.incoming and one.context in DIALLED
        return (one.name, other.name) if together and direct else None

    async def _clear_plain(self, call_id: str) -> None:
        """Clear a call that cannot be moved, as well as it goes."""
        shown = self._center.board.calls.get(call_id)
        names = [leg.channel.name for leg in shown.legs.values()] if shown else []
        if names:
            await self._engine.plain.clear(names, PREEMPTION)

    async def connect(self, place: Place, session: Session) -> None:
        """Let the requester talk to one party; the others are told why, and cleared."""
        kept = session.target or ""
        if isinstance(place, RoomPlace):
            out = await self._hands.connect_in_room(place, session, kept, PREEMPTION)
            session.act, session.target, session.stage = Act.INSERT, None, Stage.UP
        elif isinstance(place, CallPlace):
            out = await self._hands.connect(place, session, kept)
            self._books.reveal(session)
            self._ends.over(session, "connected")
        else:
            raise TypeError(place)
        await asyncio.gather(*(self._tell_and_clear(channel_id) for channel_id in out))

    async def _tell_and_clear(self, channel_id: str) -> None:
        """Say why, then clear."""
        language = self._config.settings.language
        await last_words(self._engine, channel_id, "released", language, PREEMPTION)
