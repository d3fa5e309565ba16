"""A link as the engine drives it: what is under way, what is ready to be written, and how much more it can take."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from smsgateway.engine.limiter import Limiter
from smsgateway.engine.wire import WireJournal
from smsgateway.links.model import Link, LinkState, LinkStatus
from smsgateway.port import SmsLink, Submission
from softswitch.clock import Millis

_RATE_SECONDS = 5
_LEAST_AHEAD, _MOST_AHEAD = 64, 2_048
"""Parts that are committed ahead of a small window: some commits' worth, so that it never waits for the disk."""

_PACE_SECONDS = 0.1
_LEAST_SECONDS, _MOST_SECONDS = 0.12, 0.2
_TURNS = 3
"""So many turns' worth of what goes out is committed ahead: one is under way, one gathers, and now and then one takes
longer.  A quick disk or a slow link has less, since what is ready goes first, also before life safety, and since a
power failure leaves all of it in doubt."""

_FADES = 0.05
"""A long turn is remembered at once, and forgotten so fast with each shorter one."""


@dataclass(slots=True, eq=False)
class Lane:
    """One link's part of the engine.

    Behind the window stands as much again that is committed as ``submitting`` already: when an answer frees a place,
    the next part goes out without waiting for the disk.  What is written and unanswered is never more than the window,
    and the journal of the wire knows which that is.
    """

    stored: Link
    link: SmsLink
    limiter: Limiter
    ready: deque[Submission] = field(default_factory=deque)
    """Committed, not written."""

    committing: int = 0
    """Parts on their way through the writer."""

    since: Millis = 0
    sent: int = 0
    _turn: float = 0.0
    _pace: float = 0.0
    _seen: tuple[float, int] = (0.0, 0)
    _marks: deque[tuple[float, int]] = field(default_factory=deque)

    @property
    def is_able(self) -> bool:
        """Tell whether it may send at all."""
        return self.link.is_bound and not self.stored.config.paused

    @property
    def _ahead(self) -> int:
        seconds = min(max(_TURNS * self._turn, _LEAST_SECONDS), _MOST_SECONDS)
        soon = min(int(self._pace * seconds), _MOST_AHEAD)
        return max(self.link.window, _LEAST_AHEAD, soon)

    @property
    def reach(self) -> int:
        """Return how many parts may be out or committed for it at once."""
        return self.link.window + self._ahead

    def note_pace(self, now: float) -> None:
        """Follow how fast parts go out; call it as often as wanted."""
        at, count = self._seen
        if now - at >= _PACE_SECONDS:
            self._pace = (self.sent - count) / (now - at)
            self._seen = now, self.sent

    def note_turn(self, seconds: float) -> None:
        """A turn took so long, from its beginning to the disk."""
        self._turn = max(seconds, self._turn + (seconds - self._turn) * _FADES)

    @property
    def is_hungry(self) -> bool:
        """Tell whether it may run out of what is ready before long."""
        return self.is_able and 2 * (len(self.ready) + self.committing) <= self._ahead

    def demand(self, now: float) -> int:
        """Return how many parts more may be committed for it."""
        if not self.is_able:
            return 0
        waiting = len(self.ready) + self.committing
        room = self.reach - self.link.in_flight - waiting
        permits = self.limiter.permits(now)
        return max(0, room if permits >= room else int(permits))

    def add(self, parts: Sequence[Submission]) -> None:
        """Keep parts that are committed ready to be written."""
        self.link.prepare(parts)
        self.ready.extend(parts)

    def write(self, wire: WireJournal) -> None:
        """Write what is ready as far as the window goes."""
        room = self.link.window - self.link.in_flight
        if room <= 0 or not self.ready or not self.link.is_bound or not wire.has_room:
            return
        take = self.ready.popleft
        parts = [take() for _ in range(min(room, len(self.ready)))]
        wire.wrote([(one.message.id, one.part) for one in parts])
        self.link.submit(parts)
        self.sent += len(parts)

    def rate(self, now: float) -> float:
        """Return the parts a second over the last seconds; call it about once a second."""
        self._marks.append((now, self.sent))
        while now - self._marks[0][0] > _RATE_SECONDS:
            self._marks.popleft()
        began, count = self._marks[0]
        return (self.sent - count) / (now - began) if now > began else 0.0

    def recent_rate(self, now: float) -> float:
        """Return the same without noting the instant."""
        if not self._marks:
            return float(self.sent)
        # Not since the last note alone, which may be of this very instant and would tell nothing.
        old = (mark for mark in reversed(self._marks) if now - mark[0] >= 1)
        began, count = next(old, self._marks[0])
        return (self.sent - count) / max(now - began, 0.1)

    def status(self, now: float, at: Millis) -> LinkStatus:
        """Return what people see of the link."""
        counters = self.link.counters
        return LinkStatus(
            state=self._state(),
            since=self.since,
            detail=self.link.detail,
            in_flight=self.link.in_flight,
            rate=round(self.rate(now), 1),
            allowed_rate=round(self.limiter.allowed, 1),
            submitted=counters.submitted,
            refused=counters.refused,
            throttled=counters.throttled,
            receipts=counters.receipts,
            replies=counters.replies,
            unknown_receipts=counters.unknown_receipts,
            bad_pdus=counters.bad_pdus,
            connections=counters.connections,
            updated_at=at,
        )

    def _state(self) -> LinkState:
        if not self.stored.config.enabled:
            return LinkState.DISABLED
        if self.link.is_bound:
            return LinkState.PAUSED if self.stored.config.paused else LinkState.BOUND
        return LinkState.WAITING if self.link.counters.connections else LinkState.CONNECTING
