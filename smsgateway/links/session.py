"""One connection to a message centre, whatever it speaks: let in, asked whether it lives, left; window, back-pressure.

A protocol gives the words and the octets; what happens when nobody answers, and what is in doubt when a connection
ends, is the same for all.
"""

from __future__ import annotations

import asyncio
import socket
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, cast

from smsgateway.links.window import Window
from smsgateway.port import LinkCounters, Submission
from smsgateway.quiet import QuietLog

_MOST_UNACKNOWLEDGED = 5_000
"""Receipts that wait for their commit; beyond that, nothing more is read from the socket."""

_SHORT_LEAVE = 2.0
"""Seconds that the other side has to answer our leave."""


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds: quiet time until the other side is asked whether it lives, time for an answer."""

    enquire: float = 30.0
    response: float = 10.0


class SessionOwner(Protocol):
    """The link, as a session sees it."""

    counters: LinkCounters
    quiet: QuietLog
    """Of the link, not of the session: a centre that is cut for garbage comes back with garbage."""

    def session_bound(self, session: Session) -> None:
        """The centre let us in."""

    def session_ended(self, session: Session, why: str, doubtful: list[Submission]) -> None:
        """The connection is gone."""

    def read_ended(self) -> None:
        """Everything that one read brought has been told."""

    def unanswered(self, submissions: list[Submission]) -> None:
        """The centre did not answer in time."""


class Session(asyncio.Protocol):
    """Begun by a protocol's own class, which reads (``_read``) and writes what is asked for here."""

    LOGIN: ClassVar[str]
    """What a centre does not answer that does not let us in."""

    PROBE: ClassVar[str]
    """What a centre does not answer that does not live."""

    LEFT: ClassVar[str]

    def __init__(self, owner: SessionOwner, who: str, times: Times) -> None:
        self.is_bound = False
        self.why = ""
        self.sends = True
        """Parts go out over it: not over one that only receives."""

        self.closed = asyncio.Event()
        self._told = owner
        self._who = who
        self._times = times
        self._window = Window()
        self._unacknowledged = 0
        self._reading = True
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._heard = self._asked = self._loop.time()

    # ---- what a protocol says

    @abstractmethod
    def _read(self, data: bytes) -> None:
        """Take what came, PDU by PDU."""

    @abstractmethod
    def _hello(self) -> bytes:
        """Return what asks to be let in."""

    @abstractmethod
    def _probe(self) -> bytes:
        """Return what asks whether the other side lives."""

    @abstractmethod
    def _farewell(self) -> bytes:
        """Return what takes leave."""

    @abstractmethod
    def _confirm(self, *token: Any) -> bytes:
        """Return what says that a receipt or reply is stored."""

    # ---- life

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask to be let in at once."""
        self._transport = cast(asyncio.Transport, transport)
        _set_no_delay(transport)
        # What is written goes out at once, not when the loop has nothing else to do.
        self._transport.set_write_buffer_limits(high=0)
        self._heard = self._asked = self._loop.time()
        self._write(self._hello())
        self._tick()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell what is in doubt now."""
        self.is_bound = False
        if self._timer is not None:
            self._timer.cancel()
        doubtful = self._window.end()
        self._transport = None
        self.closed.set()
        why = self.why or ("closed by the centre" if exc is None else f"cut: {exc}")
        self._told.session_ended(self, why, doubtful)

    def close(self, why: str) -> None:
        """End the connection now."""
        self.why = self.why or why
        self.is_bound = False
        if self._transport is not None:
            self._transport.abort()

    def leave(self) -> None:
        """Take leave; the centre's answer, or its silence, ends the connection."""
        if self._transport is None or not self.is_bound:
            self.close(self.LEFT)
            return
        self.is_bound = False
        self.why = self.why or self.LEFT
        self._write(self._farewell())
        self._loop.call_later(min(self._times.response, _SHORT_LEAVE), self.close, self.LEFT)

    def _let_in(self, status: int, refused: str) -> None:
        if self.is_bound:
            self._bad(f"a second answer to {self.LOGIN}")
        elif status:
            self.close(f"{refused}: {status}")
        else:
            self.is_bound = True
            self._told.session_bound(self)

    # ---- out

    @property
    def in_flight(self) -> int:
        """Return how many parts wait for their answer."""
        return len(self._window)

    def pending(self) -> Iterable[Submission]:
        """Return the parts that wait for their answer."""
        return self._window.pending()

    def acknowledge(self, tokens: Sequence[tuple[Any, ...]]) -> None:
        """Tell the centre that receipts and replies are on the disk."""
        self._unacknowledged -= len(tokens)
        self._write(b"".join(self._confirm(*token) for token in tokens))
        if not self._reading and self._unacknowledged < _MOST_UNACKNOWLEDGED // 2:
            self._reading = True
            if self._transport is not None:
                self._transport.resume_reading()

    def _put(self, submissions: Sequence[Submission]) -> range:
        """Put parts into the window; return the sequences under which they are to be written at once."""
        return self._window.put(submissions, self._loop.time() + self._times.response)

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    # ---- in

    def data_received(self, data: bytes) -> None:
        """Read all of it, then tell what was answered: the places in the window are filled by one write."""
        self._heard = self._loop.time()
        try:
            self._read(data)
        finally:
            self._told.read_ended()

    def _waits_for_commit(self) -> None:
        """A receipt or reply was handed on and will be acknowledged later."""
        self._unacknowledged += 1
        if self._unacknowledged > _MOST_UNACKNOWLEDGED and self._reading and self._transport:
            self._reading = False
            self._transport.pause_reading()

    def _bad(self, what: str) -> None:
        self._told.counters.bad_pdus += 1
        self._told.quiet.warning("The centre of %s sent %s.", self._who, what)

    # ---- time

    def _tick(self) -> None:
        now, times = self._loop.time(), self._times
        pace = min(1.0, times.response / 4, times.enquire / 4)
        self._timer = self._loop.call_later(pace, self._tick)
        if late := self._window.overdue(now):
            self._told.unanswered(late)
        quiet = now - self._heard
        if not self.is_bound:
            if quiet > times.response:
                self.close(f"no answer to {self.LOGIN}")
        elif quiet > times.enquire + times.response:
            self.close(f"no answer to {self.PROBE}")
        elif now - max(self._heard, self._asked) > times.enquire:
            self._asked = now
            self._write(self._probe())


def _set_no_delay(transport: asyncio.BaseTransport) -> None:
    """A window is many small writes: none of them shall wait for the answer to the one before."""
    sock = transport.get_extra_info("socket")
    if sock is not None and sock.family in {socket.AF_INET, socket.AF_INET6}:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
