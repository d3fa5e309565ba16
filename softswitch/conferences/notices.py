"""Notification: tells people by telephone until they confirm, and keeps a ledger that survives any end.

A try is written before its leg is placed, under an id that is made of the row and the try. After a restart a try
whose leg is not there counts as made: nobody is rung twice for one try.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from pathlib import Path

from softswitch import numbers
from softswitch.calls.core import new_id
from softswitch.conferences import notice_store
from softswitch.conferences.notice import Notice
from softswitch.conferences.notice_books import NoticeBooks
from softswitch.conferences.notice_input import LONGEST_TEXT, check_rules, keep_sound, people_of
from softswitch.conferences.notice_legs import NoticeLegs
from softswitch.conferences.notice_model import PersonState, Rules, due, is_over, next_due_at
from softswitch.errors import conflict, invalid, not_found


class NoticeService:
    """Begins notifications and carries them out."""

    def __init__(self, books: NoticeBooks, legs: NoticeLegs, sounds: Path) -> None:
        self._books = books
        self._legs = legs
        self._sounds = sounds
        self._db = books.db
        self._clock = books.clock
        self.notices = books.notices

    # ---- commands

    async def send(
        self,
        login: str,
        text: str,
        people: Sequence[dict[str, str]],
        rules: Rules,
        *,
        language: str = "zh",
        sound: str | None = None,
        notice_id: str | None = None,
    ) -> Notice:
        """Begin: ``people`` are number, name, deputy and, where it differs, text; one number is told once.

        ``sound``: a WAV in base64.

        Who chooses ``notice_id`` before the act may repeat it: a notification that was begun is not begun again
        (the refusal ``notice_exists``).
        """
        text = numbers.plain_text(text, "text", LONGEST_TEXT)
        if not text:
            raise invalid("no_text", "Nothing is to be said.", "Give a text.", field="text")
        check_rules(rules)
        listed = people_of(people, self._books.engine.book)
        notice_id = notice_id or new_id()
        if await self._db.read(notice_store.one, notice_id) is not None:
            raise conflict("notice_exists", f"Notification {notice_id} was begun already.",
                           "Look at the list of notifications.")  # fmt: skip
        kept = await asyncio.to_thread(keep_sound, self._sounds, notice_id, sound) if sound else ""
        at = self._clock()
        notice = Notice(notice_id, text, language, kept, rules, login, at)
        notice.people = {person.id: person for person in listed}
        row = {
            "id": notice.id, "text": text, "language": language, "sound": kept, "login": login,
            "state": notice.state, "created_at": at, "ended_at": None,
            "rules": {"tries": rules.tries, "pause": rules.pause, "confirm": rules.confirm},
        }  # fmt: skip
        rows = [notice_store.person_row(notice.id, person) for person in listed]
        await self._db.write(notice_store.add, row, rows)
        self._begin(notice)
        return notice

    async def stop(self, login: str, notice_id: str) -> Notice:
        """Ring nobody else; who is on the line hears it to the end."""
        notice = self.notice(notice_id)
        await self._db.write(notice_store.end, notice.id, "stopped", self._clock(), login)
        notice.state = "stopped"
        for person in notice.people.values():
            if person.state in {PersonState.WAITING, PersonState.RINGING}:
                person.state, person.done_at = PersonState.STOPPED, self._clock()
                self._books.save(notice, person)
        for channel_id in [c for c, (n, p) in self._books.by_channel.items() if n is notice]:
            if notice.people[self._books.by_channel[channel_id][1].id].state is PersonState.STOPPED:
                self._books.hang_up(channel_id)
        notice.wake.set()
        return notice

    def notice(self, notice_id: str) -> Notice:
        """Return a notification that runs, or refuse."""
        found = self.notices.get(notice_id)
        if found is None:
            raise not_found("notification", notice_id, "It is over; look at the list.")
        return found

    # ---- carrying out

    async def load(self) -> None:
        """Take up what was not over; nobody is rung before the switch told which legs are there."""
        for row in await self._db.read(notice_store.open_notices):
            rules = Rules(**row["rules"])
            notice = Notice(
                row["id"], row["text"], row["language"], row["sound"], rules, row["login"],
                row["created_at"], row["state"],
            )  # fmt: skip
            people = await self._db.read(notice_store.people_of, notice.id)
            notice.people = {person.id: person for person in people}
            self._begin(notice)

    def _begin(self, notice: Notice) -> None:
        self._books.begin(notice)
        self._books.center.spawn(self._run(notice))

    async def _run(self, notice: Notice) -> None:
        while notice.state == "running" and not is_over(notice.people.values()):
            notice.wake.clear()
            if self._legs.up:
                for person in due(notice.people.values(), notice.rules, self._clock()):
                    await self._legs.ring(notice, person)
            await self._sleep(notice)
        while any(p.state is PersonState.TALKING for p in notice.people.values()):
            notice.wake.clear()
            await notice.wake.wait()
        await self._end(notice)

    async def _sleep(self, notice: Notice) -> None:
        if notice.state != "running" or is_over(notice.people.values()):
            return
        at = next_due_at(notice.people.values())
        pause = None if at is None or not self._legs.up else max(0.02, (at - self._clock()) / 1000)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(notice.wake.wait(), pause)

    async def _end(self, notice: Notice) -> None:
        if notice.state == "running":
            notice.state = "done"
            await self._db.write_surely(notice_store.end, notice.id, "done", self._clock())
        await self._books.saved()
        self._legs.forget(notice)
        self._books.forget(notice)
