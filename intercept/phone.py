"""Intercept from a plain SIP phone: feature codes that begin it, keys that switch it.

| key | does |
|---|---|
| 4 | monitor |
| 5 | whisper to the dispatcher, or to the party of the code |
| 6 | insert |
| 7 | take over |
| 8 | whisper to the next party |
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from intercept.announcements import Announcements
from intercept.config import Config
from intercept.ends import REJECTED
from intercept.last_words import last_words
from intercept.look import Look
from intercept.model import Act
from intercept.service import InterceptService
from intercept.session import Session, Stage
from softswitch.calls.center import CallCenter
from softswitch.errors import Refusal, conflict, not_found
from softswitch.ports import ActFailed, Channel

log = logging.getLogger(__name__)

KEYS: Mapping[str, Act] = {
    "4": Act.MONITOR,
    "5": Act.WHISPER,
    "6": Act.INSERT,
    "7": Act.TAKEOVER,
}
NEXT_PARTY = "8"
CODES: Mapping[str, tuple[str, Act]] = {
    "1": ("monitor", Act.MONITOR),
    "2": ("whisper", Act.WHISPER),
    "3": ("insert", Act.INSERT),
    "4": ("release", Act.RELEASE),
    "5": ("connect", Act.RELEASE),
}
"""What follows the code of intercept (softswitch.directory.features)."""

_SPOKEN = {"call_gone": "gone", "call_not_found": "gone", "still_ringing": "gone"}


class InterceptPhones:
    """Phones as a way to intercept."""

    def __init__(
        self,
        center: CallCenter,
        service: InterceptService,
        look: Look,
        config: Config,
        announcements: Announcements,
    ) -> None:
        self._center = center
        self._service = service
        self._look = look
        self._config = config
        self._announcements = announcements

    def takes(self, args: tuple[str, ...]) -> bool:
        """Return whether the words of a channel ask for an intercept."""
        return args[:2] == ("feature", "intercept") and len(args) > 3 and args[2] in CODES

    async def entered(self, channel: Channel, args: tuple[str, ...]) -> None:
        """A phone dialled a code and the extension in whose call something is to be done."""
        try:
            await self._carry_out(channel, args[2], args[3])
        except Refusal as refusal:
            log.info("%s asked for %s: %s", channel.endpoint, args, refusal)
            name = _SPOKEN.get(refusal.code, "refused")
            engine, language = self._center.engine, self._config.settings.language
            await last_words(engine, channel.id, name, language, REJECTED)

    async def _carry_out(self, channel: Channel, code: str, extension: str) -> None:
        own = self._center.book.extension_of(channel.endpoint)
        if own is None:
            raise conflict("no_extension", f"{channel.endpoint} belongs to no extension.", "")
        await self._look.refresh()
        requester = self._look.phone(own)
        call_id, leg = self._call_of(extension)
        word, act = CODES[code]
        session = await self._service.begin(
            requester,
            act,
            call_id,
            reason=f"code {word} {extension}" if self._config.settings.phone_reason else "",
            target=leg if act is Act.WHISPER or word == "connect" else None,
            channel=channel,
        )
        if session.stage is Stage.PENDING:
            await self._wait(session, channel)
        elif word == "release":
            await self._hang_up(channel.id, 16)

    def _call_of(self, extension: str) -> tuple[str, str]:
        phones = [phone for phone, _ in self._center.book.phones_of(extension)]
        legs = [leg for leg in self._center.board.legs_of(phones) if not self._look.hidden(leg)]
        if not legs:
            raise not_found("call", f"of {extension}", "")
        talking = [leg for leg in legs if leg.channel.bridge_id]
        chosen = (talking or legs)[0].channel
        return chosen.linked_id, chosen.id

    async def _wait(self, session: Session, channel: Channel) -> None:
        """Say that a second person must confirm; then ring until one does."""
        acts = self._center.engine.acts
        await self._say(channel.id, "waiting")
        if session.stage is Stage.PENDING:
            await self._center.engine.quietly(acts.ring(channel.id))

    async def key(self, session: Session, digit: str) -> None:
        """A key of somebody who is in a call of others."""
        target = None
        if digit == NEXT_PARTY:
            act, target = Act.WHISPER, self._service.next_target(session)
        elif digit in KEYS:
            act = KEYS[digit]
        else:
            return
        try:
            await self._service.switch(session.requester, session.id, act, target=target)
        except Refusal as refusal:
            log.info("key %s of intercept %s: %s", digit, session.id, refusal)

    async def _say(self, channel_id: str, name: str) -> None:
        said = self._announcements.get(name, self._config.settings.language)
        acts = self._center.engine.acts
        try:
            await acts.answer(channel_id)
            await acts.play(channel_id, f"say-{name}-{channel_id}", said.media)
        except ActFailed as error:
            log.info("%s could not be told: %s", channel_id, error)
        else:
            await asyncio.sleep(said.milliseconds / 1000)

    async def _hang_up(self, channel_id: str, cause: int) -> None:
        engine = self._center.engine
        await engine.drop(channel_id, cause)
