"""Telling a person who is on the line: the text until the key is pressed, and thanks."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from softswitch.calls.core import new_id
from softswitch.conferences import notice_store
from softswitch.conferences.notice import Notice
from softswitch.conferences.notice_books import NoticeBooks
from softswitch.conferences.notice_model import Person, PersonState, succeed
from softswitch.conferences.voice import Spoken, Voice, length_of
from softswitch.ports import ActFailed

log = logging.getLogger(__name__)

CONFIRM_KEY = "1"
PLAYS = 3
"""How often the text is said to one who presses nothing."""
WAIT_FOR_KEY = 4.0
"""Seconds after the text in which the key may be pressed before it is said again."""
_ASK = {"zh": "收到请按1。", "en": "Press 1 to confirm."}
_THANKS = {"zh": "已确认，谢谢。", "en": "Confirmed. Thank you."}


class Telling:
    """What a person hears, and the key that he presses."""

    def __init__(self, books: NoticeBooks, voice: Voice) -> None:
        self._books = books
        self._voice = voice

    async def tell(self, notice: Notice, person: Person, channel_id: str) -> None:
        """Say the text, and again, until the key is pressed or it was said often enough."""
        for _ in range(PLAYS if notice.rules.confirm else 1):
            for spoken in await self._spoken(notice, person):
                if not await self._say(person, channel_id, spoken):
                    return
            if not notice.rules.confirm:
                await self._told(notice, person, channel_id, False)
                return
            await asyncio.sleep(WAIT_FOR_KEY)
            if not self._listens(person, channel_id):
                return
        self._books.by_channel.pop(channel_id, None)
        self._books.hang_up(channel_id)
        self._books.failed(notice, person, "not_confirmed")

    def forget(self, notice: Notice) -> None:
        """Keep the sound of no text that was one person's own."""
        for text in {person.text for person in notice.people.values()} - {""}:
            self._voice.forget(self._with_key(notice, text), notice.language)

    @staticmethod
    def _with_key(notice: Notice, text: str) -> str:
        ask = _ASK.get(notice.language, _ASK["en"]) if notice.rules.confirm else ""
        return f"{text} {ask}".strip()

    async def _spoken(self, notice: Notice, person: Person) -> list[Spoken]:
        if person.text or not notice.sound:
            whole = self._with_key(notice, person.text or notice.text)
            return [await self._voice.speak(whole, notice.language)]
        length = await asyncio.to_thread(length_of, Path(notice.sound))
        own = Spoken(f"sound:{notice.sound.removesuffix('.wav')}", length)
        ask = self._with_key(notice, "")
        return [own, await self._voice.speak(ask, notice.language)] if ask else [own]

    def _listens(self, person: Person, channel_id: str) -> bool:
        return person.state is PersonState.TALKING and channel_id in self._books.by_channel

    async def _say(self, person: Person, channel_id: str, spoken: Spoken) -> bool:
        if not self._listens(person, channel_id):
            return False
        try:
            await self._books.engine.acts.play(channel_id, new_id(), spoken.media)
        except ActFailed as error:
            log.info("nothing could be said to %s: %s", person.number, error)
        await asyncio.sleep(spoken.milliseconds / 1000)
        return self._listens(person, channel_id)

    async def _told(self, notice: Notice, person: Person, channel_id: str, confirmed: bool) -> None:
        """He was told: that is in the ledger before he hears thanks."""
        self._books.by_channel.pop(channel_id, None)
        succeed(person, confirmed, self._books.clock())
        row = notice_store.person_row(notice.id, person)
        self._books.show(notice, person)
        await self._books.db.write_surely(notice_store.put_person, row, self._books.clock())
        if confirmed:
            language = notice.language if notice.language in _THANKS else "en"
            spoken = await self._voice.speak(_THANKS[language], language)
            await self._books.engine.quietly(
                self._books.engine.acts.play(channel_id, new_id(), spoken.media)
            )
            await asyncio.sleep(spoken.milliseconds / 1000)
        self._books.hang_up(channel_id)
        notice.wake.set()

    def key(self, channel_id: str, digit: str) -> bool:
        """Take a key; return whether it came from a leg of a notification."""
        found = self._books.by_channel.get(channel_id)
        if found is None:
            return False
        notice, person = found
        if digit == CONFIRM_KEY and person.state is PersonState.TALKING and notice.rules.confirm:
            self._books.center.spawn(self._told(notice, person, channel_id, True))
        return True
