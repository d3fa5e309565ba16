"""The books of notifications: which run, whose legs, what is shown and what is written."""

from __future__ import annotations

import asyncio
import hashlib

from softswitch.calls.center import CallCenter
from softswitch.clock import Clock, now
from softswitch.conferences import notice_store
from softswitch.conferences.books import Screen
from softswitch.conferences.model import MemberState
from softswitch.conferences.notice import Notice, person_view
from softswitch.conferences.notice_model import Person, fail_try
from softswitch.store.database import Database

NOTICE, PERSON = "notice", "notice_person"


class NoticeBooks:
    """Notifications by id, people by channel."""

    def __init__(
        self, center: CallCenter, db: Database, screen: Screen, *, clock: Clock = now
    ) -> None:
        self.center = center
        self.engine = center.engine
        self.db = db
        self.clock = clock
        self.notices: dict[str, Notice] = {}
        self.by_channel: dict[str, tuple[Notice, Person]] = {}
        self._screen = screen
        self._saving = 0
        self._at_rest = asyncio.Event()
        self._at_rest.set()

    def begin(self, notice: Notice) -> None:
        """Show a notification that begins or goes on."""
        self.notices[notice.id] = notice
        for person in notice.people.values():
            self._screen.put(PERSON, person.id, person_view(notice.id, person))
        self._screen.put(NOTICE, notice.id, notice.view())

    def forget(self, notice: Notice) -> None:
        """Take a notification off the screens that is over."""
        self.notices.pop(notice.id, None)
        for person in notice.people.values():
            self._screen.drop(PERSON, person.id)
        self._screen.drop(NOTICE, notice.id)

    def channels_of(self, person: Person) -> list[str]:
        """Return the legs of a person."""
        return [c for c, (_, p) in self.by_channel.items() if p is person]

    def show(self, notice: Notice, person: Person) -> None:
        """Show a row of the ledger that changed."""
        if notice.id in self.notices:
            self._screen.put(PERSON, person.id, person_view(notice.id, person))
            self._screen.put(NOTICE, notice.id, notice.view())

    def save(self, notice: Notice, person: Person) -> None:
        """Show a row of the ledger and write it."""
        self.show(notice, person)
        self._saving += 1
        self._at_rest.clear()
        self.center.spawn(self._write(notice_store.person_row(notice.id, person)))

    async def _write(self, row: notice_store.Row) -> None:
        try:
            await self.db.write_surely(notice_store.put_person, row, self.clock())
        finally:
            self._saving -= 1
            if not self._saving:
                self._at_rest.set()

    async def saved(self) -> None:
        """Wait until every row is on the disk: from then on the ledger is read from there."""
        await self._at_rest.wait()

    def hang_up(self, channel_id: str, cause: int = 16) -> None:
        """End a leg."""
        self.center.spawn(self.engine.drop(channel_id, cause))

    # ---- a try that came to nothing

    def failed(self, notice: Notice, person: Person, why: str) -> None:
        """A try did not reach the person."""
        dead = why == MemberState.DEAD_NUMBER.value
        if fail_try(person, notice.rules, why, self.clock(), dead=dead):
            self._escalate(notice, person)
        self.save(notice, person)
        notice.wake.set()

    def _escalate(self, notice: Notice, person: Person) -> None:
        """The deputy is told, unless he is on the list himself."""
        if any(each.number == person.deputy for each in notice.people.values()):
            return
        # The id comes from the row, so that a restart in between makes no second deputy.
        made = hashlib.sha256(f"{person.id} deputy".encode()).hexdigest()[:20]
        name = self.engine.book.name_of(person.deputy)
        deputy = Person(made, person.deputy, name, deputy_for=person.number, text=person.text)
        notice.people[made] = deputy
        self.save(notice, deputy)
