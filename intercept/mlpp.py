"""Calls with precedence (ITU-T I.255.3): they take a busy line from a lower call, never from an equal or higher one."""

from __future__ import annotations

import asyncio
import logging

from intercept import store
from intercept.announcements import Announcements
from intercept.config import Config
from intercept.last_words import last_words
from intercept.look import Look
from intercept.model import Act, Precedence, preempts
from intercept.precedence import precedence_of
from intercept.service import InterceptService
from softswitch.calls.center import CallCenter
from softswitch.calls.core import new_id
from softswitch.calls.dispatch_call import DispatchCall, Member, Purpose
from softswitch.calls.model import CallKind, Role
from softswitch.clock import Clock, now
from softswitch.errors import Refusal
from softswitch.ports import Channel
from softswitch.store.database import Database

log = logging.getLogger(__name__)

UNALLOCATED, BUSY, ABSENT, BLOCKED, NOT_SUBSCRIBED = 1, 17, 20, 46, 50
"""Q.850: unallocated number; user busy; subscriber absent; precedence call blocked; facility not subscribed."""

FREE_SECONDS = 2.0
CHECK_SECONDS = 0.005


class PrecedenceCalls:
    """Carries out calls that claim a level."""

    def __init__(
        self,
        center: CallCenter,
        db: Database,
        config: Config,
        look: Look,
        service: InterceptService,
        announcements: Announcements,
        *,
        clock: Clock = now,
    ) -> None:
        self._center = center
        self._engine = center.engine
        self._db = db
        self._config = config
        self._look = look
        self._service = service
        self._announcements = announcements
        self._clock = clock

    def takes(self, args: tuple[str, ...]) -> bool:
        """Return whether the words of a channel claim a level."""
        return len(args) == 3 and args[0] == "precedence"

    async def entered(self, channel: Channel, args: tuple[str, ...]) -> None:
        """A phone dialled with precedence; it waits under dispatch."""
        await self._look.refresh()
        _, asked, number = args
        if number not in self._center.book.extensions():
            await self._hang_up(channel.id, UNALLOCATED)
            return
        claimed = precedence_of(asked)
        level = Precedence.ROUTINE if claimed is None else claimed
        if level < self._allowed(channel):
            await self._refuse(channel.id, "unauthorized", NOT_SUBSCRIBED)
            return
        call_id = self._engine.call_id_of(channel)
        self._look.claimed[call_id] = level
        cause = await self._place(channel, call_id, number, level)
        if cause == BLOCKED:
            await self._refuse(channel.id, "blocked", BLOCKED)
        elif cause:
            await self._hang_up(channel.id, cause)

    def heard_of(self, channel: Channel, args: tuple[str, ...]) -> None:
        """Learn the level of a call that is not placed here: an emergency call that claims one, or a call that a
        former run of this program placed.  A level that is not granted counts as none: no emergency call is refused.
        """
        if args[:1] not in (("precedence",), ("emergency",)) or len(args) < 3:
            return
        asked = args[1] if args[0] == "precedence" else args[2]
        claimed = precedence_of(asked)
        if claimed is not None and claimed >= self._allowed(channel):
            self._look.claimed[self._engine.call_id_of(channel)] = claimed

    def _allowed(self, channel: Channel) -> Precedence:
        """Return the highest level that the caller may claim."""
        extension = self._center.book.extension_of(channel.endpoint)
        if extension is None:
            return self._config.levels.line(channel.endpoint).precedence
        return self._look.phone(extension).levels.precedence

    async def _place(self, channel: Channel, call_id: str, number: str, level: Precedence) -> int:
        """Ring the number, clearing its line if need be; return 0, or the cause why not."""
        async with self._engine.locked(call_id):
            call = self._engine.open_call(call_id, CallKind.INTERNAL)
            caller = self._engine.member_for(channel, Role.CALLER)
            call.number, call.name = caller.number, caller.name
            self._engine.add(call, caller)
            await self._engine.quietly(self._engine.acts.ring(channel.id))
            try:
                self._engine.destinations(number)
                if not self._engine.is_free(number):
                    cause = await self._make_free(channel, number, level)
                    if cause:
                        return cause
                await self._ring(call, caller, number)
            except Refusal as refusal:
                log.info("%s calls %s with level %d: %s", caller.number, number, level, refusal)
                return ABSENT
        return 0

    async def _ring(self, call: DispatchCall, caller: Member, number: str) -> None:
        book = self._center.book
        role = Role.DESK if book.is_desk(number) else Role.PARTY
        shown = (caller.number, caller.name)
        await self._engine.ring(
            call, Purpose.TARGET, number, role=role, by=caller.extension, shown=shown
        )

    # ---- taking a line

    async def _make_free(self, channel: Channel, number: str, level: Precedence) -> int:
        """Clear what keeps the line busy, all of it lower; return 0, or the cause why not."""
        busy = self._calls_of(number)
        if level is Precedence.ROUTINE:
            return BUSY
        if not all(preempts(level, self._look.precedence(call_id)) for call_id in busy):
            return BLOCKED
        extension = self._center.book.extension_of(channel.endpoint) or channel.endpoint
        for call_id, legs in busy.items():
            try:
                await self._write(extension, call_id, number, level)
            except Refusal as refusal:  # not in the log: not done
                log.error("a line is not taken, it cannot be written down: %s", refusal)
                return BUSY
            await self._service.take_line(call_id, legs, extension)
        return 0 if await self._free(number) else BUSY

    def _calls_of(self, number: str) -> dict[str, list[str]]:
        """Return the calls that keep a line busy, each with the legs of that line."""
        found: dict[str, list[str]] = {}
        phones = [phone for phone, _ in self._center.book.phones_of(number)]
        for leg in self._center.board.legs_of(phones):
            found.setdefault(leg.channel.linked_id, []).append(leg.channel.id)
        for ring in self._engine.rings.values():
            if ring.extension == number:
                found.setdefault(ring.call_id, [])
        return found

    async def _write(self, extension: str, call_id: str, number: str, level: Precedence) -> None:
        requester = self._look.phone(extension)
        at, intercept_id = self._clock(), new_id()
        row = {
            "id": intercept_id,
            "call_id": call_id,
            "act": Act.RELEASE.value,
            "login": requester.login,
            "desk": extension[:8],
            "target": number,
            "reason": f"preempted by a call of level {level.word}",
            "second": "",
            "tone": 0,
            "started_at": at,
        }
        await self._db.write(store.begin, row)
        await self._db.write(store.end, intercept_id, call_id, "preempted", at)

    async def _free(self, number: str) -> bool:
        """Wait until the phones of the number have hung up."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + FREE_SECONDS
        while not self._engine.is_free(number):
            if loop.time() > deadline:
                return False
            await asyncio.sleep(CHECK_SECONDS)
        return True

    # ---- saying no

    async def _refuse(self, channel_id: str, name: str, cause: int) -> None:
        """Say why, then clear."""
        await self._engine.quietly(self._engine.acts.ring(channel_id, False))
        await last_words(self._engine, channel_id, name, self._config.settings.language, cause)

    async def _hang_up(self, channel_id: str, cause: int) -> None:
        await self._engine.drop(channel_id, cause)
