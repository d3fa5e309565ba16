"""The legs of notifications: placed after their try is written, answered, ended, taken up after a restart."""

from __future__ import annotations

import asyncio
import logging

from softswitch.calls.ringing import ANSWERED_ELSEWHERE
from softswitch.conferences import notice_store
from softswitch.conferences.model import unanswered_state
from softswitch.conferences.notice import Notice
from softswitch.conferences.notice_books import NoticeBooks
from softswitch.conferences.notice_model import Person, PersonState, begin_try
from softswitch.conferences.notice_telling import Telling
from softswitch.errors import Refusal
from softswitch.ports import ActFailed, Channel, ChannelState, Leg

log = logging.getLogger(__name__)

RING_SECONDS = 30


class NoticeLegs:
    """What notifications do to channels, and what becomes of them."""

    def __init__(self, books: NoticeBooks, telling: Telling) -> None:
        self._books = books
        self._engine = books.engine
        self._telling = telling
        self.up = False
        """The switch has told which legs are there."""

    async def ring(self, notice: Notice, person: Person) -> None:
        """Write the try, then place its legs."""
        try:
            extension, phones = self._engine.destinations(person.number)
        except Refusal as refusal:
            log.info("notification %s: %s", notice.id, refusal)
            begin_try(person)
            self._books.failed(notice, person, "unreachable")
            return
        busy = extension is not None and not self._engine.is_free(extension)
        begin_try(person)
        await self._books.db.write_surely(
            notice_store.put_person, notice_store.person_row(notice.id, person), self._books.clock()
        )
        if busy:
            self._books.failed(notice, person, "busy")
            return
        if notice.state != "running":
            return
        legs = [self._leg(notice, person, extension, phone, i) for i, phone in enumerate(phones)]
        for leg in legs:
            self._books.by_channel[leg.channel_id] = (notice, person)
        self._books.show(notice, person)
        await asyncio.gather(*(self._place(leg) for leg in legs))

    def forget(self, notice: Notice) -> None:
        """A notification is over: what was made for it alone goes."""
        self._telling.forget(notice)

    def _leg(
        self, notice: Notice, person: Person, extension: str | None, phone: str, index: int
    ) -> Leg:
        return Leg(
            channel_id=f"{person.channel_id}-{index}",
            phone_id=phone,
            args=("notice", notice.id, person.id),
            number="" if extension else person.number,
            caller_name="通知",
            timeout_seconds=RING_SECONDS,
        )

    async def _place(self, leg: Leg) -> None:
        try:
            await self._engine.acts.place(leg)
        except ActFailed as error:
            log.warning("leg %s was not placed: %s", leg.channel_id, error)
            self._books.hang_up(leg.channel_id)  # of unknown outcome it may ring
            self.ended(leg.channel_id, 41)

    # ---- facts

    def came(self, channel: Channel, notice_id: str, person_id: str) -> None:
        """A phone answered."""
        notice = self._books.notices.get(notice_id)
        person = notice.people.get(person_id) if notice else None
        known = person is not None and channel.id.startswith(f"{person.channel_id}-")
        if notice is None or person is None or not known or person.state is not PersonState.RINGING:
            late = person is None or channel.id not in self._books.by_channel
            if late or (person is not None and person.state is not PersonState.TALKING):
                self._books.hang_up(channel.id)
            elif channel.id != self._talking(person):
                self._books.hang_up(channel.id, ANSWERED_ELSEWHERE)
            return
        person.state = PersonState.TALKING
        for other in [
            c for c, (_, p) in self._books.by_channel.items() if p is person and c != channel.id
        ]:
            del self._books.by_channel[other]
            self._books.hang_up(other, ANSWERED_ELSEWHERE)
        self._books.by_channel[channel.id] = (notice, person)
        self._books.save(notice, person)
        self._books.center.spawn(self._telling.tell(notice, person, channel.id))

    def _talking(self, person: Person | None) -> str:
        return next((c for c, (_, p) in self._books.by_channel.items() if p is person), "")

    def ended(self, channel_id: str, cause: int) -> None:
        """A leg is over."""
        found = self._books.by_channel.pop(channel_id, None)
        if found is None:
            return
        notice, person = found
        if any(p is person for _, p in self._books.by_channel.values()):
            return  # another phone of his still rings
        if person.state is PersonState.TALKING:
            self._books.failed(notice, person, "hung_up")
        elif person.state is PersonState.RINGING:
            state = unanswered_state(cause, cause in {0, 16, 102, 127})
            self._books.failed(notice, person, state.value)

    def control_up(self, present: dict[str, ChannelState]) -> None:
        """The switch told which legs are there: those of open tries go on, tries without a leg have come to nothing."""
        self.up = True
        legs = {*present, *self._books.center.board.legs}
        for notice in list(self._books.notices.values()):
            for person in list(notice.people.values()):
                if person.state in {PersonState.RINGING, PersonState.TALKING}:
                    self._take_up(notice, person, legs)
            notice.wake.set()

    def _take_up(self, notice: Notice, person: Person, legs: set[str]) -> None:
        mine = [leg for leg in legs if leg.startswith(f"{person.channel_id}-")]
        known = [c for c, (_, p) in self._books.by_channel.items() if p is person]
        for gone in set(known) - set(mine):
            del self._books.by_channel[gone]
        if not mine:
            self._books.failed(notice, person, "interrupted")
            return
        fresh = not known
        for channel_id in mine:
            self._books.by_channel[channel_id] = (notice, person)
        if fresh and person.state is PersonState.TALKING:
            self._books.center.spawn(self._telling.tell(notice, person, mine[0]))
