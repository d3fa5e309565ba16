"""A link to one message centre, whatever it speaks: sessions that are kept, what they tell, drained before the end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Hashable, Iterable, Sequence
from typing import Any, Generic, TypeVar, cast

from smsgateway.links.keeping import FIRST_PAUSE, keep, tls_context
from smsgateway.links.model import Link
from smsgateway.links.session import Session, Times
from smsgateway.port import Fault, LinkCounters, LinkOwner, Submission
from smsgateway.quiet import QuietLog
from softswitch.clock import Clock, now

log = logging.getLogger(__name__)

_LEAST_SILENT = 5
_LEAST_AT_ONCE, _WRITES = 4, 4
"""A window that is answered at once is filled again by so many writes, none of them with less than so many parts."""

S = TypeVar("S", bound=Session)
R = TypeVar("R", bound=Hashable)
"""A role: why a session is there, such as to send, or to receive."""


class CentreLink(ABC, Generic[S, R]):
    """One link; a protocol's own class makes its sessions and its texts."""

    def __init__(
        self,
        link: Link,
        owner: LinkOwner,
        *,
        clock: Clock = now,
        jitter: Callable[[], float] = random.random,
        first_pause: float = FIRST_PAUSE,
    ) -> None:
        self.id = link.id
        self.name = link.config.name
        self.window = link.config.window
        self.counters = LinkCounters()
        self.quiet = QuietLog(log)
        self.detail = "connecting"
        self._config = link.config
        self._owner = owner
        self._clock = clock
        self._jitter = jitter
        self._first_pause = first_pause
        self._times = Times(link.config.enquire_seconds, link.config.response_seconds)
        self._sessions: dict[R, S] = {}
        self._transmitter: S | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._drained = asyncio.Event()
        self._drained.set()
        self._silent = 0
        self._taken: list[tuple[Submission, str]] = []
        self._at_once = max(_LEAST_AT_ONCE, self.window // _WRITES)

    # ---- what a protocol says

    @abstractmethod
    def _roles(self) -> Sequence[R]:
        """Return the sessions that the link has."""

    @abstractmethod
    def _make(self, role: R) -> S:
        """Return a new session, not connected."""

    @abstractmethod
    def _transmits(self, role: R) -> bool:
        """Tell whether parts go out over this session."""

    def prepare(self, submissions: Sequence[Submission]) -> None:
        """Encode ahead what will be submitted soon, as far as that can be done."""

    @abstractmethod
    def submit(self, submissions: Sequence[Submission]) -> None:
        """Send parts, all in one write."""

    # ---- the port

    @property
    def is_bound(self) -> bool:
        """Tell whether parts can be submitted now."""
        return self._transmitter is not None and self._transmitter.is_bound

    @property
    def in_flight(self) -> int:
        """Return how many parts wait for their answer."""
        return self._transmitter.in_flight if self._transmitter is not None else 0

    def pending(self) -> Iterable[Submission]:
        """Return the parts that wait for their answer."""
        return self._transmitter.pending() if self._transmitter is not None else ()

    def acknowledge(self, tokens: Sequence[Any]) -> None:
        """Tell the centre that receipts and replies are on the disk."""
        by_session: dict[Session, list[tuple[Any, ...]]] = {}
        for session, *token in tokens:
            by_session.setdefault(session, []).append(tuple(token))
        for session, found in by_session.items():
            session.acknowledge(found)

    def start(self) -> None:
        """Connect, and connect again for ever."""
        for role in self._roles():
            task = asyncio.create_task(self._keep(role), name=f"sms link {self.name}")
            self._tasks.append(task)

    async def stop(self, drain_seconds: float) -> None:
        """Wait so long for the answers that are out, take leave and close."""
        self._drained.clear()
        self._note_drained()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(drain_seconds):
                await self._drained.wait()
        sessions = list(self._sessions.values())
        for session in sessions:
            session.leave()
        for session in sessions:
            await session.closed.wait()
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._tasks.clear()

    # ---- what sessions tell

    def session_bound(self, session: Session) -> None:
        """A session is ready."""
        self.counters.connections += 1
        if session.sends:
            self._transmitter = cast(S, session)
            self.detail = ""
            self._owner.bound(self)

    def session_ended(self, session: Session, why: str, doubtful: list[Submission]) -> None:
        """A session is gone."""
        self._sessions = {k: s for k, s in self._sessions.items() if s is not session}
        if session is self._transmitter:
            self._transmitter = None
            self._owner.cut(self, why, doubtful)
        if not self.is_bound:
            self.detail = why
        self._note_drained()

    def read_ended(self) -> None:
        """Everything that one read brought is known."""
        if self._taken:
            self._tell_taken()
        self._owner.read_ended(self)

    def unanswered(self, submissions: list[Submission]) -> None:
        """No answer in time."""
        self._owner.unanswered(self, submissions)
        self._note_drained()
        self._silent += len(submissions)
        if self._silent >= max(self.window, _LEAST_SILENT) and self._transmitter is not None:
            # A whole window and not one answer: a new connection is a better hope than more time.
            self._silent = 0
            self._transmitter.close("no answers")

    def _accepted(self, submission: Submission, smsc_id: str) -> None:
        """Note it; some are told together, so that the next parts are on their way while the rest is read."""
        self._taken.append((submission, smsc_id))
        if len(self._taken) >= self._at_once:
            self._tell_taken()

    def _tell_taken(self) -> None:
        taken, self._taken = self._taken, []
        self.counters.submitted += len(taken)
        self._owner.accepted(self, taken)
        self._note_answer()

    def _refused(self, submission: Submission, fault: Fault, error: str) -> None:
        self._note_answer()
        if fault is Fault.THROTTLED:
            self.counters.throttled += 1
        else:
            self.counters.refused += 1
        self._owner.refused(self, submission, fault, error)

    def _note_answer(self) -> None:
        self._silent = 0
        if not self._drained.is_set():
            self._note_drained()

    def _note_drained(self) -> None:
        if not self.in_flight or not self.is_bound:
            self._drained.set()

    # ---- connecting

    def _keep(self, role: R) -> Coroutine[Any, Any, None]:
        return keep(
            lambda: self._session(role),
            self._tell,
            jitter=self._jitter,
            first_pause=self._first_pause,
        )

    def _tell(self, why: str) -> None:
        self.detail = why

    async def _session(self, role: R) -> None:
        config, loop = self._config, asyncio.get_running_loop()
        session = self._make(role)
        session.sends = self._transmits(role)
        async with asyncio.timeout(self._times.response):
            await loop.create_connection(
                lambda: session, config.host, config.port, ssl=tls_context(config)
            )
        self._sessions[role] = session
        try:
            await session.closed.wait()
        except asyncio.CancelledError:
            session.close("stopped")
            raise
