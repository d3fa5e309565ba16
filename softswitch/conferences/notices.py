"""Notification: tells people by telephone until they confirm, and keeps a ledger that survives any end.

A try is written before its leg is placed, under an id that is made of the row and the try. After a restart a try
whose leg is not there counts as made: nobody is rung twice for one try.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import hashlib
import logging
import wave
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from softswitch import numbers
from softswitch.calls.center import CallCenter
from softswitch.calls.core import new_id
from softswitch.calls.ringing import ANSWERED_ELSEWHERE
from softswitch.clock import Clock, Millis, now
from softswitch.conferences import notice_store
from softswitch.conferences.books import Screen
from softswitch.conferences.model import MemberState, call_list, unanswered_state
from softswitch.conferences.notice_model import (
    OPEN,
    TOLD,
    Person,
    PersonState,
    Rules,
    begin_try,
    due,
    fail_try,
    is_over,
    next_due_at,
    succeed,
)
from softswitch.conferences.voice import Spoken, Voice, length_of, to_telephone
from softswitch.errors import Refusal, invalid, not_found
from softswitch.ports import ActFailed, Channel, ChannelState, Leg
from softswitch.store.database import Database

log = logging.getLogger(__name__)

NOTICE, PERSON = "notice", "notice_person"
RING_SECONDS = 30
CONFIRM_KEY = "1"
PLAYS = 3
"""How often the text is said to one who presses nothing."""
WAIT_FOR_KEY = 4.0
"""Seconds after the text in which the key may be pressed before it is said again."""
MOST_PEOPLE = 1_000
LONGEST_SOUND = 600_000
_ASK = {"zh": "收到请按1。", "en": "Press 1 to confirm."}
_THANKS = {"zh": "已确认，谢谢。", "en": "Confirmed. Thank you."}


@dataclass(slots=True)
class Notice:
    """A notification that is being carried out."""

    id: str
    text: str
    language: str
    sound: str
    rules: Rules
    login: str
    created_at: Millis
    state: str = "running"
    people: dict[str, Person] = field(default_factory=dict)
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    def view(self) -> dict[str, Any]:
        """Return it as the screens show it."""
        states = [person.state for person in self.people.values()]
        return {
            "id": self.id,
            "text": self.text[:200],
            "language": self.language,
            "login": self.login,
            "state": self.state,
            "created_at": self.created_at,
            "people": len(states),
            "reached": sum(state in TOLD for state in states),
            "open": sum(state in OPEN for state in states),
            "failed": sum(
                state in {PersonState.FAILED, PersonState.STOPPED, PersonState.ESCALATED}
                for state in states
            ),
        }

    def ledger(self) -> list[dict[str, Any]]:
        """Return what is known of each person."""
        return [person_view(self.id, person) for person in self.people.values()]


def person_view(notice_id: str, person: Person) -> dict[str, Any]:
    """Return a row of the ledger as the screens show it."""
    return {
        "id": person.id, "notice_id": notice_id, "number": person.number, "name": person.name,
        "state": person.state.value, "tries": person.tries, "next_at": person.next_at,
        "done_at": person.done_at, "why": person.why, "deputy": person.deputy,
        "deputy_for": person.deputy_for,
    }  # fmt: skip


class NoticeService:
    """Begins notifications and carries them out."""

    def __init__(
        self,
        center: CallCenter,
        db: Database,
        screen: Screen,
        voice: Voice,
        sounds: Path,
        *,
        clock: Clock = now,
    ) -> None:
        self._center = center
        self._db = db
        self._screen = screen
        self._voice = voice
        self._sounds = sounds
        self._clock = clock
        self._engine = center.engine
        self.notices: dict[str, Notice] = {}
        self.by_channel: dict[str, tuple[Notice, Person]] = {}
        self._up = False

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
    ) -> Notice:
        """Begin: ``people`` are number, name and deputy; one number is told once. ``sound``: a WAV in base64."""
        text = numbers.plain_text(text, "text", 2_000)
        if not text:
            raise invalid("no_text", "Nothing is to be said.", "Give a text.", field="text")
        _check(rules)
        listed = self._people(people)
        notice_id = new_id()
        kept = await asyncio.to_thread(self._keep, notice_id, sound) if sound else ""
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

    def _people(self, people: Sequence[dict[str, str]]) -> list[Person]:
        typed: dict[str, dict[str, str]] = {
            numbers.phone_number(each["number"], "numbers"): each for each in reversed(people)
        }
        order = call_list([numbers.phone_number(each["number"]) for each in people]).numbers
        book = self._engine.book
        listed = [n for n in order if book.emergency(n) is None]
        if not listed:
            raise invalid("nobody", "Nobody is to be told.", "Name groups or numbers.")
        if len(listed) > MOST_PEOPLE:
            raise invalid(
                "too_many", f"{len(listed)} people are too many.", f"Tell up to {MOST_PEOPLE}."
            )
        return [
            Person(
                new_id(), number, typed[number].get("name") or book.name_of(number),
                typed[number].get("deputy", ""),
            )
            for number in listed
        ]  # fmt: skip

    def _keep(self, notice_id: str, sound: str) -> str:
        """Store an uploaded recording as the switch plays it."""
        self._sounds.mkdir(parents=True, exist_ok=True)
        raw, target = self._sounds / f"{notice_id}.in.wav", self._sounds / f"{notice_id}.wav"
        try:
            raw.write_bytes(base64.b64decode(sound, validate=True))
            to_telephone(raw, target)
            if not 200 <= length_of(target) <= LONGEST_SOUND:
                raise wave.Error("too short or too long")
        except (binascii.Error, wave.Error, EOFError, ValueError, ZeroDivisionError) as error:
            target.unlink(missing_ok=True)
            raise invalid(
                "bad_sound", f"The sound file cannot be played: {error}.",
                "Give a WAV file of 16 bits, up to ten minutes.", field="sound",
            ) from error  # fmt: skip
        finally:
            raw.unlink(missing_ok=True)
        return str(target.absolute())

    async def stop(self, login: str, notice_id: str) -> Notice:
        """Ring nobody else; who is on the line hears it to the end."""
        notice = self.notice(notice_id)
        await self._db.write(notice_store.end, notice.id, "stopped", self._clock(), login)
        notice.state = "stopped"
        for person in notice.people.values():
            if person.state in {PersonState.WAITING, PersonState.RINGING}:
                person.state, person.done_at = PersonState.STOPPED, self._clock()
                self._save(notice, person)
        for channel_id in [c for c, (n, p) in self.by_channel.items() if n is notice]:
            if notice.people[self.by_channel[channel_id][1].id].state is PersonState.STOPPED:
                self._hang_up(channel_id)
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
        self.notices[notice.id] = notice
        for person in notice.people.values():
            self._screen.put(PERSON, person.id, person_view(notice.id, person))
        self._screen.put(NOTICE, notice.id, notice.view())
        self._center.spawn(self._run(notice))

    async def _run(self, notice: Notice) -> None:
        while notice.state == "running" and not is_over(notice.people.values()):
            notice.wake.clear()
            if self._up:
                for person in due(notice.people.values(), notice.rules, self._clock()):
                    await self._try(notice, person)
            await self._sleep(notice)
        while any(p.state is PersonState.TALKING for p in notice.people.values()):
            notice.wake.clear()
            await notice.wake.wait()
        await self._end(notice)

    async def _sleep(self, notice: Notice) -> None:
        if notice.state != "running" or is_over(notice.people.values()):
            return
        at = next_due_at(notice.people.values())
        pause = None if at is None or not self._up else max(0.02, (at - self._clock()) / 1000)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(notice.wake.wait(), pause)

    async def _end(self, notice: Notice) -> None:
        if notice.state == "running":
            notice.state = "done"
            await self._db.write_surely(notice_store.end, notice.id, "done", self._clock())
        self.notices.pop(notice.id, None)
        for person in notice.people.values():
            self._screen.drop(PERSON, person.id)
        self._screen.drop(NOTICE, notice.id)

    async def _try(self, notice: Notice, person: Person) -> None:
        """Write the try, then place its legs."""
        try:
            extension, phones = self._engine.destinations(person.number)
        except Refusal as refusal:
            log.info("notification %s: %s", notice.id, refusal)
            begin_try(person)
            self._failed(notice, person, "unreachable")
            return
        busy = extension is not None and not self._engine.is_free(extension)
        begin_try(person)
        await self._db.write_surely(
            notice_store.put_person, notice_store.person_row(notice.id, person), self._clock()
        )
        if busy:
            self._failed(notice, person, "busy")
            return
        if notice.state != "running":
            return
        legs = [self._leg(notice, person, extension, phone, i) for i, phone in enumerate(phones)]
        for leg in legs:
            self.by_channel[leg.channel_id] = (notice, person)
        self._show(notice, person)
        await asyncio.gather(*(self._place(leg) for leg in legs))

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
            log.info("leg %s was not placed: %s", leg.channel_id, error)
            self.ended(leg.channel_id, 41)

    def _failed(self, notice: Notice, person: Person, why: str) -> None:
        dead = why == MemberState.DEAD_NUMBER.value
        if fail_try(person, notice.rules, why, self._clock(), dead=dead):
            self._escalate(notice, person)
        self._save(notice, person)
        notice.wake.set()

    def _escalate(self, notice: Notice, person: Person) -> None:
        """The deputy is told, unless he is on the list himself."""
        if any(each.number == person.deputy for each in notice.people.values()):
            return
        # The id comes from the row, so that a restart in between makes no second deputy.
        made = hashlib.sha256(f"{person.id} deputy".encode()).hexdigest()[:20]
        name = self._engine.book.name_of(person.deputy)
        deputy = Person(made, person.deputy, name, deputy_for=person.number)
        notice.people[made] = deputy
        self._save(notice, deputy)

    # ---- facts

    def came(self, channel: Channel, notice_id: str, person_id: str) -> None:
        """A phone answered."""
        notice = self.notices.get(notice_id)
        person = notice.people.get(person_id) if notice else None
        known = person is not None and channel.id.startswith(f"{person.channel_id}-")
        if notice is None or person is None or not known or person.state is not PersonState.RINGING:
            late = person is None or channel.id not in self.by_channel
            if late or (person is not None and person.state is not PersonState.TALKING):
                self._hang_up(channel.id)
            elif channel.id != self._talking(person):
                self._hang_up(channel.id, ANSWERED_ELSEWHERE)
            return
        person.state = PersonState.TALKING
        for other in [
            c for c, (_, p) in self.by_channel.items() if p is person and c != channel.id
        ]:
            del self.by_channel[other]
            self._hang_up(other, ANSWERED_ELSEWHERE)
        self.by_channel[channel.id] = (notice, person)
        self._save(notice, person)
        self._center.spawn(self._tell(notice, person, channel.id))

    def _talking(self, person: Person | None) -> str:
        return next((c for c, (_, p) in self.by_channel.items() if p is person), "")

    async def _tell(self, notice: Notice, person: Person, channel_id: str) -> None:
        """Say the text, and again, until the key is pressed or it was said often enough."""
        for _ in range(PLAYS if notice.rules.confirm else 1):
            for spoken in await self._spoken(notice):
                if not await self._say(person, channel_id, spoken):
                    return
            if not notice.rules.confirm:
                await self._told(notice, person, channel_id, False)
                return
            await asyncio.sleep(WAIT_FOR_KEY)
            if not self._listens(person, channel_id):
                return
        self.by_channel.pop(channel_id, None)
        self._hang_up(channel_id)
        self._failed(notice, person, "not_confirmed")

    async def _spoken(self, notice: Notice) -> list[Spoken]:
        ask = _ASK.get(notice.language, _ASK["en"]) if notice.rules.confirm else ""
        if not notice.sound:
            return [await self._voice.speak(f"{notice.text} {ask}".strip(), notice.language)]
        length = await asyncio.to_thread(length_of, Path(notice.sound))
        own = Spoken(f"sound:{notice.sound.removesuffix('.wav')}", length)
        return [own, await self._voice.speak(ask, notice.language)] if ask else [own]

    def _listens(self, person: Person, channel_id: str) -> bool:
        return person.state is PersonState.TALKING and channel_id in self.by_channel

    async def _say(self, person: Person, channel_id: str, spoken: Spoken) -> bool:
        if not self._listens(person, channel_id):
            return False
        try:
            await self._engine.acts.play(channel_id, new_id(), spoken.media)
        except ActFailed as error:
            log.info("nothing could be said to %s: %s", person.number, error)
        await asyncio.sleep(spoken.milliseconds / 1000)
        return self._listens(person, channel_id)

    async def _told(self, notice: Notice, person: Person, channel_id: str, confirmed: bool) -> None:
        """He was told: that is in the ledger before he hears thanks."""
        self.by_channel.pop(channel_id, None)
        succeed(person, confirmed, self._clock())
        row = notice_store.person_row(notice.id, person)
        self._show(notice, person)
        await self._db.write_surely(notice_store.put_person, row, self._clock())
        if confirmed:
            language = notice.language if notice.language in _THANKS else "en"
            spoken = await self._voice.speak(_THANKS[language], language)
            await self._engine.quietly(self._engine.acts.play(channel_id, new_id(), spoken.media))
            await asyncio.sleep(spoken.milliseconds / 1000)
        self._hang_up(channel_id)
        notice.wake.set()

    def key(self, channel_id: str, digit: str) -> bool:
        """Take a key; return whether it came from a leg of a notification."""
        found = self.by_channel.get(channel_id)
        if found is None:
            return False
        notice, person = found
        if digit == CONFIRM_KEY and person.state is PersonState.TALKING and notice.rules.confirm:
            self._center.spawn(self._told(notice, person, channel_id, True))
        return True

    def ended(self, channel_id: str, cause: int) -> None:
        """A leg is over."""
        found = self.by_channel.pop(channel_id, None)
        if found is None:
            return
        notice, person = found
        if any(p is person for _, p in self.by_channel.values()):
            return  # another phone of his still rings
        if person.state is PersonState.TALKING:
            self._failed(notice, person, "hung_up")
        elif person.state is PersonState.RINGING:
            state = unanswered_state(cause, cause in {0, 16, 102, 127})
            self._failed(notice, person, state.value)

    def control_up(self, present: dict[str, ChannelState]) -> None:
        """The switch told which legs are there: those of open tries go on, tries without a leg have come to nothing."""
        self._up = True
        legs = {*present, *self._center.board.legs}
        for notice in list(self.notices.values()):
            for person in list(notice.people.values()):
                if person.state in {PersonState.RINGING, PersonState.TALKING}:
                    self._take_up(notice, person, legs)
            notice.wake.set()

    def _take_up(self, notice: Notice, person: Person, legs: set[str]) -> None:
        mine = [leg for leg in legs if leg.startswith(f"{person.channel_id}-")]
        known = [c for c, (_, p) in self.by_channel.items() if p is person]
        for gone in set(known) - set(mine):
            del self.by_channel[gone]
        if not mine:
            self._failed(notice, person, "interrupted")
            return
        fresh = not known
        for channel_id in mine:
            self.by_channel[channel_id] = (notice, person)
        if fresh and person.state is PersonState.TALKING:
            self._center.spawn(self._tell(notice, person, mine[0]))

    # ---- showing and writing

    def _show(self, notice: Notice, person: Person) -> None:
        if notice.id in self.notices:
            self._screen.put(PERSON, person.id, person_view(notice.id, person))
            self._screen.put(NOTICE, notice.id, notice.view())

    def _save(self, notice: Notice, person: Person) -> None:
        self._show(notice, person)
        row = notice_store.person_row(notice.id, person)
        self._center.spawn(self._db.write_surely(notice_store.put_person, row, self._clock()))

    def _hang_up(self, channel_id: str, cause: int = 16) -> None:
        self._center.spawn(self._engine.quietly(self._engine.acts.hangup(channel_id, cause)))


def _check(rules: Rules) -> None:
    if not 1 <= rules.tries <= 20:
        raise invalid(
            "bad_tries", f"{rules.tries} tries are no schedule.", "Give 1 to 20.", field="tries"
        )
    if not 1_000 <= rules.pause <= 86_400_000:
        raise invalid(
            "bad_pause", "The pause between tries is out of range.", "Give 1 second to a day.",
            field="pause_seconds",
        )  # fmt: skip
