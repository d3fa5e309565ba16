"""Night service: the desks are off, and calls go to those whom the table names.

Emergency calls go through the intake queue to the night targets (:func:`softswitch.calls.intake.night_steps`), so
none is lost when nobody there answers. Calls to a named extension are sent on by the dialplan, without Python.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from datetime import tzinfo
from typing import Any, Protocol

from softswitch import numbers
from softswitch.calls.phonebook import Phonebook
from softswitch.clock import Clock, now
from softswitch.errors import Refusal, conflict, invalid, not_found
from softswitch.features import night_store
from softswitch.features.night_model import DAY, Mode, Night, Period
from softswitch.store.database import Database

log = logging.getLogger(__name__)

ENTITY = "night"
LOOK_SECONDS = 5.0
MOST_TARGETS = 10
MOST_PERIODS = 21
MOST_LINES = 100


class Screen(Protocol):
    """Where views are shown (the live hub)."""

    def put(self, entity: str, id: str, value: dict[str, Any]) -> None: ...  # noqa: A002


async def _nothing() -> None:
    """Nobody wants to know."""


class NightService:
    """Day or night, who takes the calls, and since when."""

    def __init__(
        self,
        db: Database,
        book: Phonebook,
        screen: Screen,
        *,
        clock: Clock = now,
        zone: tzinfo | None = None,
    ) -> None:
        self._db = db
        self._book = book
        self._screen = screen
        self.clock = clock
        self.zone = zone
        self.night = Night()
        self.changed: Callable[[], Awaitable[None]] = _nothing
        """Told when other lines are sent on than before, and when waiting calls go elsewhere."""
        self.on_duty: Callable[[], tuple[str, ...]] = tuple
        """The numbers that a roster names for the night, in order; nobody: the targets of the table."""
        self._lock = asyncio.Lock()
        self._wake = asyncio.Event()

    # ---- what holds now

    @property
    def on(self) -> bool:
        """Whether it is night."""
        return self.night.was_on

    def targets(self) -> tuple[str, ...]:
        """Return who takes emergency calls now; nobody by day."""
        return (self.on_duty() or self.night.targets) if self.on else ()

    def sent_on(self) -> Mapping[str, str]:
        """Return which extensions are sent on to which number now."""
        return dict(self.night.lines) if self.on else {}

    # ---- life

    async def load(self) -> None:
        """Read what is stored, and what time it is."""
        self.night = await self._db.read(night_store.load)
        self.night.was_on = self.night.settle(self.clock(), self.zone)
        self._show()

    async def run(self) -> None:
        """Follow the timetable until cancelled."""
        while True:
            self._wake.clear()
            try:
                await self.look()
            except Refusal as refusal:
                log.warning("night service waits: %s", refusal)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), LOOK_SECONDS)

    async def look(self, login: str = "") -> None:
        """Do what the time asks for."""
        async with self._lock:
            before, at = self.night.mode, self.clock()
            on = self.night.settle(at, self.zone)
            if on is self.night.was_on:
                if before is not self.night.mode:
                    self._show()
                return
            self.night.was_on, self.night.since = on, at
            self._show()
            # First the calls, then the book of it: a database that is full must not hold a night back.
            await self.changed()
            await self._db.write_surely(night_store.told, self._body(), at, login)

    # ---- commands

    async def switch(self, login: str, mode: Mode) -> None:
        """Switch by hand, or leave it to the timetable."""
        if mode is Mode.ON and not (self.night.targets or self.on_duty()):
            raise conflict(
                "no_night_target",
                "Nobody is named who takes emergency calls at night.",
                "Name numbers first: softswitch night set --target 13800000000.",
            )
        at = self.clock()
        fresh = replace(self.night)
        fresh.switch(mode, at, "" if mode is Mode.AUTO else login, self.zone)
        await self._put(fresh, login, mode.value)

    async def toggle(self, login: str) -> bool:
        """The other of day and night; return whether it is night now."""
        await self.switch(login, Mode.OFF if self.on else Mode.ON)
        return self.on

    async def set(
        self,
        login: str,
        *,
        targets: Iterable[str] | None = None,
        periods: Iterable[Period] | None = None,
        lines: Mapping[str, str] | None = None,
    ) -> None:
        """Change the table; what is not given stays."""
        night = self.night
        wanted_targets = night.targets if targets is None else self._targets(targets)
        wanted_periods = night.periods if periods is None else _periods(periods)
        wanted_lines = night.lines if lines is None else self._lines(lines)
        if wanted_periods and not wanted_targets:
            raise conflict(
                "no_night_target",
                "A timetable without a night target would leave emergency calls to nobody.",
                "Name numbers too: --target 13800000000.",
            )
        fresh = replace(night, targets=wanted_targets, periods=wanted_periods, lines=wanted_lines)
        await self._put(fresh, login, "set")
        if self.on and fresh.lines != night.lines:
            await self.changed()

    async def _put(self, fresh: Night, login: str, what: str) -> None:
        """Write what a person changed, then let it hold."""
        body = night_store.body_of(fresh)
        await self._db.write(night_store.put, body, self.clock(), login=login, what=what)
        self.night = fresh
        self._show()
        await self.look(login)

    def _targets(self, wanted: Iterable[str]) -> tuple[str, ...]:
        typed = tuple(dict.fromkeys(self._reachable(n, "targets") for n in wanted))
        if len(typed) > MOST_TARGETS:
            raise invalid("too_many", "Too many night targets.", f"Give up to {MOST_TARGETS}.")
        if self.on and not typed:
            raise conflict(
                "night_is_on", "It is night: somebody must take the calls.", "End it first."
            )
        return typed

    def _reachable(self, number: str, field: str) -> str:
        typed = numbers.phone_number(number, field)
        if self._book.emergency(typed) is not None:
            raise invalid(
                "emergency_number", f"{typed} is an emergency number.",
                "Name a telephone or an extension.", field=field,
            )  # fmt: skip
        if len(typed) <= 4 and not self._book.has(typed):
            raise not_found("extension", typed, "Short numbers must be own extensions.")
        return typed

    def _lines(self, wanted: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        if len(wanted) > MOST_LINES:
            raise invalid("too_many", "Too many night lines.", f"Give up to {MOST_LINES}.")
        found: list[tuple[str, str]] = []
        for line, target in sorted(wanted.items()):
            if not self._book.has(line):
                raise not_found("extension", line, "Only own extensions can be sent on.")
            if target in wanted:
                raise invalid(
                    "night_loop", f"{line} goes to {target}, which is sent on itself.",
                    "Name a number that is answered at night.", field="lines",
                )  # fmt: skip
            found.append((line, self._reachable(target, "lines")))
        return tuple(found)

    # ---- showing

    def _body(self) -> dict[str, Any]:
        return night_store.body_of(self.night)

    def _show(self) -> None:
        self._screen.put(ENTITY, "night", self.view())

    def view(self) -> dict[str, Any]:
        """Return it as the screens show it."""
        night = self.night
        return {
            "on": night.was_on,
            "mode": night.mode.value,
            "since": night.since or None,
            "until": night.until,
            "by": night.by,
            "targets": list(night.targets),
            "lines": [{"extension": line, "target": target} for line, target in night.lines],
            "periods": [
                {"days": list(p.days), "begin": _clock_text(p.begin), "end": _clock_text(p.end)}
                for p in night.periods
            ],
        }


def _clock_text(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _periods(wanted: Iterable[Period]) -> tuple[Period, ...]:
    periods = tuple(wanted)
    if len(periods) > MOST_PERIODS:
        raise invalid("too_many", "The timetable is too long.", f"Give up to {MOST_PERIODS} lines.")
    for period in periods:
        days = period.days
        good = days and set(days) <= set(range(1, 8)) and len(set(days)) == len(days)
        if not good or not 0 <= period.begin < DAY or not 0 <= period.end < DAY:
            raise invalid(
                "bad_period", "A line of the timetable is wrong.",
                "Give days 1 (Monday) to 7 and times such as 18:00 and 08:00.", field="periods",
            )  # fmt: skip
    return periods
