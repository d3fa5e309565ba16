"""Forced release: every party gets cause 8; with a connection to one of them the others are told why."""

from __future__ import annotations

import asyncio
import logging

from intercept.announcements import Announcements
from intercept.books import Books
from intercept.config import Config
from intercept.ends import Ends
from intercept.hands import Hands
from intercept.session import Session
from softswitch.calls.center import CallCenter
from softswitch.calls.dispatch_call import DispatchCall
from softswitch.errors import Refusal
from softswitch.ports import ActFailed

log = logging.getLogger(__name__)

PREEMPTION = 8
"""Q.850 8, preemption: the BYE of a forced release tells it (RFC 3326)."""


class Release:
    """Clears calls."""

    def __init__(
        self,
        center: CallCenter,
        config: Config,
        books: Books,
        hands: Hands,
        ends: Ends,
        announcements: Announcements,
    ) -> None:
        self._center = center
        self._engine = center.engine
        self._config = config
        self._books = books
        self._hands = hands
        self._ends = ends
        self._announcements = announcements

    async def clear_call(self, call_id: str, by: str = "") -> None:
        """Clear a call for the extension ``by``: each party gets cause 8. It is written down before."""
        await self._clear(call_id)
        self._books.told.cleared(call_id, by)

    async def _clear(self, call_id: str) -> None:
        """Bring it under dispatch and end all its legs at once.

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
                self._ends.over(guest, "call released")
                self._ends.hang_up(guest, PREEMPTION)
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

    async def connect(self, call: DispatchCall, session: Session) -> None:
        out = await self._hands.connect(call, session, session.target or "")
        self._books.reveal(session)
        self._ends.over(session, "connected")
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
