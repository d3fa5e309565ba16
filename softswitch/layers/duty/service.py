"""Duty: asks the rosters who is on duty now, tells changes and gaps, and keeps the books.

The book of the days around now is in memory, so that a call that waits is answered without the database.  Shifts are
instants: a book that could not be read anew still never names anybody who is off duty.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any, Protocol

from softswitch.clock import Clock, Millis, now
from softswitch.errors import Refusal, told
from softswitch.layers.duty import store
from softswitch.layers.duty.consume import KINDS, consume
from softswitch.layers.duty.entries import no_roster
from softswitch.layers.duty.localtime import local, zone_of
from softswitch.layers.duty.model import HOUR, LONGEST_SHIFT, Book, Gap, OnDuty, Person, Roster, Use
from softswitch.store.database import Database
from softswitch.store.event_log import EventLog

log = logging.getLogger(__name__)

ENTITY = "duty"
LOOK_SECONDS = 5.0
COUNT_SECONDS = 0.5
"""Nobody waits for the counts of the daily report."""
BEHIND: Millis = 3 * HOUR
AHEAD: Millis = 72 * HOUR
"""How far around now the book in memory reaches."""
RELOAD: Millis = HOUR
ANNOUNCE: Millis = 24 * HOUR
"""How long before it begins a gap is announced."""


class Screen(Protocol):
    """Where views are shown (the live hub)."""

    def put(self, entity: str, id: str, value: dict[str, Any]) -> None: ...  # noqa: A002
    def drop(self, entity: str, id: str) -> None: ...  # noqa: A002


class DutyService:
    """Who is on duty now, for all who ask: intake, night service, notifications, plans, people."""

    def __init__(self, db: Database, screen: Screen, *, clock: Clock = now) -> None:
        self.db = db
        self.clock = clock
        self.rosters: dict[str, Roster] = {}
        self.changed: Callable[[], None] = lambda: None
        """Told when others are on duty than before: waiting calls may go elsewhere."""
        self._screen = screen
        self._book = Book((), (), ())
        self._span: tuple[Millis, Millis] = (0, 0)
        self._loaded_at: Millis | None = None
        self._shown: dict[str, dict[str, Any]] = {}
        self._lock = asyncio.Lock()
        self._wake = asyncio.Event()

    # ---- the port: who is on duty

    def on_duty(self, roster: str, at: Millis | None = None) -> tuple[OnDuty, ...]:
        """Return who is on duty now, in order; ``at`` must lie in the days around now. Unknown: nobody."""
        instant = self.clock() if at is None else at
        begin, end = self._span
        return self._book.on_duty(roster, instant) if begin <= instant < end else ()

    def numbers(self, use: Use) -> tuple[str, ...]:
        """Return the numbers to ring in order, each once, of all rosters with this use; nobody on duty: none."""
        found: dict[str, None] = {}
        for roster in self.rosters.values():
            if use in roster.uses:
                for one in self.on_duty(roster.key):
                    found.update(dict.fromkeys(one.person.numbers))
        return tuple(found)

    def deputy_of(self, one: OnDuty) -> Person | None:
        """Return who is told when one on duty is not reached."""
        return self._book.deputy_of(one, self.clock())

    def roster(self, key: str) -> Roster:
        """Return a roster, or refuse."""
        if key not in self.rosters:
            raise no_roster(key)
        return self.rosters[key]

    # ---- life

    async def start(self, events: EventLog) -> None:
        """Read the books and follow the facts that the daily report counts."""
        events.apply("duty", KINDS, consume, pause=COUNT_SECONDS)
        await self.reload()

    async def run(self) -> None:
        """Follow the clock until cancelled."""
        while True:
            self._wake.clear()
            try:
                await self.look()
            except Refusal as refusal:
                log.warning("duty waits: %s", refusal)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._wake.wait()

    async def reload(self) -> None:
        """Read the book of the days around now; who was told what is not changed by it."""
        at = self.clock()
        begin, end = at - BEHIND, at + AHEAD
        book = await self.db.read(store.book, begin, end, LONGEST_SHIFT)
        self.rosters = {roster.key: roster for roster in await self.db.read(store.all_rosters)}
        self._book, self._span, self._loaded_at = book, (begin, end), at
        self._show()

    async def look(self) -> None:
        """Read anew when it is time, and tell who is on duty and which gaps come."""
        async with self._lock:
            at = self.clock()
            if self._loaded_at is None or abs(at - self._loaded_at) >= RELOAD:
                await self.reload()
            before = await self.db.read(store.last_told)
            changed = [
                news
                for roster in self.rosters.values()
                if (news := self._news(roster, before.get(roster.key), at))
            ]
            if changed:
                await self.db.write(store.tell_changes, changed, at)
            self._show()
            if any(new_people for *_, new_people, _ in changed):
                self.changed()

    def _news(
        self, roster: Roster, before: dict[str, Any] | None, at: Millis
    ) -> tuple[str, tuple[str, ...], Gap | None, bool, bool] | None:
        who = tuple(one.person.key for one in self.on_duty(roster.key, at))
        gap = self.next_gap(roster, at)
        new_people = who != (before["people"] if before else ())
        new_gap = gap is not None and not _same(before, gap)
        gone = gap is None and before is not None and before["gap_begin"] is not None
        if not (new_people or new_gap or gone):
            return None
        return roster.key, who, gap, new_people, new_gap

    def next_gap(self, roster: Roster, at: Millis) -> Gap | None:
        """Return the gap that is, or that begins within a day; None when all is well."""
        if not self._span[0] <= at < self._span[1]:
            return None
        gap = next(iter(self._book.gaps(roster, at, self._span[1])), None)
        return gap if gap is not None and gap.begin < at + ANNOUNCE else None

    # ---- after a change

    async def refresh(self) -> None:
        """Let a change hold at once."""
        await self.reload()
        self._wake.set()
        await self.look()

    def _show(self) -> None:
        at = self.clock()
        fresh = {roster.key: self.view(roster, at) for roster in self.rosters.values()}
        for key in self._shown.keys() - fresh.keys():
            self._screen.drop(ENTITY, key)
            self._screen.drop("alarm", _alarm(key))
        for key, value in fresh.items():
            if self._shown.get(key) != value:
                self._screen.put(ENTITY, key, value)
                self._alarm(self.rosters[key], value["gap"])
        self._shown = fresh

    def _alarm(self, roster: Roster, gap: dict[str, Any] | None) -> None:
        if gap is None:
            self._screen.drop("alarm", _alarm(roster.key))
            return
        begins = f"{local(gap['begin'], zone_of(roster.zone)):%m-%d %H:%M}"
        self._screen.put(
            "alarm", _alarm(roster.key),
            {
                "id": _alarm(roster.key), "since": gap["begin"],
                **told(
                    "duty_gap",
                    f"{roster.name} has {gap['there']} of {gap['need']} from {begins}.",
                    "Fill the roster.",
                ),
            },
        )  # fmt: skip

    def view(self, roster: Roster, at: Millis) -> dict[str, Any]:
        """Return who is on duty at a post, as the screens show it."""
        gap = self.next_gap(roster, at)
        return {
            **roster_view(roster),
            "people": [self._one(one) for one in self.on_duty(roster.key, at)],
            "gap": gap_view(gap) if gap else None,
        }

    def _one(self, one: OnDuty) -> dict[str, Any]:
        deputy = self.deputy_of(one)
        return {
            "key": one.person.key, "name": one.person.name, "title": one.person.title,
            "numbers": list(one.person.numbers), "instead_of": one.instead_of,
            "until": one.shift.end, "deputy": deputy.key if deputy else "",
        }  # fmt: skip


def _alarm(key: str) -> str:
    return f"duty_gap:{key}"


def _same(before: dict[str, Any] | None, gap: Gap) -> bool:
    """Tell whether a gap was told; one that has begun is the same although its beginning passes."""
    if before is None or before["gap_begin"] is None:
        return False
    return bool(before["gap_begin"] <= gap.begin < before["gap_end"])


def roster_view(roster: Roster) -> dict[str, Any]:
    """Return a roster as JSON."""
    return {
        "key": roster.key, "name": roster.name, "zone": roster.zone, "need": roster.need,
        "uses": sorted(use.value for use in roster.uses),
    }  # fmt: skip


def gap_view(gap: Gap) -> dict[str, Any]:
    """Return a gap as JSON."""
    return {
        "roster": gap.roster,
        "begin": gap.begin,
        "end": gap.end,
        "there": gap.there,
        "need": gap.need,
    }


def person_view(person: Person) -> dict[str, Any]:
    """Return one of the address book as JSON."""
    return {
        "key": person.key, "name": person.name, "title": person.title, "unit": person.unit,
        "numbers": list(person.numbers), "deputy": person.deputy, "note": person.note,
        "left": person.left,
    }  # fmt: skip
