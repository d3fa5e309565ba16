"""One CMPP connection, from CMPP_CONNECT to its end. What is not understood is counted and passed over or closed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, cast

from smsgateway.cmpp import pdu
from smsgateway.cmpp.pdu import HEADER, LONGEST, CmppError, Command
from smsgateway.links.window import Window
from smsgateway.port import LinkCounters, Submission
from smsgateway.quiet import QuietLog
from smsgateway.smpp.session import Times, set_no_delay

_SHORT_LEAVE = 2.0
Encode = Callable[[int, Submission], bytes]
"""Makes the PDU of a submission under a sequence."""


class SessionOwner(Protocol):
    """The link, as a session sees it."""

    counters: LinkCounters
    quiet: QuietLog
    """Of the link, not of the session: a centre that is cut for garbage comes back with garbage."""

    def session_bound(self, session: Session) -> None:
        """The gateway let us in."""

    def session_ended(self, session: Session, why: str, doubtful: list[Submission]) -> None:
        """The connection is gone."""

    def answered(self, submission: Submission, result: int, message_id: str) -> None:
        """A CMPP_SUBMIT was answered."""

    def read_ended(self) -> None:
        """Everything that one read brought has been told."""

    def unanswered(self, submissions: list[Submission]) -> None:
        """It was not, in time."""

    def delivered(self, got: pdu.Deliver, token: Any) -> bool:
        """A CMPP_DELIVER came; return whether it will be acknowledged later."""


class Session(asyncio.Protocol):
    """Speaks CMPP over one connection."""

    def __init__(
        self, owner: SessionOwner, source: str, secret: str, timestamp: int, times: Times
    ) -> None:
        self.is_bound = False
        self.why = ""
        self.closed = asyncio.Event()
        self._owner = owner
        self._login = (source, secret, timestamp)
        self._times = times
        self._window = Window()
        self._rest = b""
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._heard = self._asked = self._loop.time()

    # ---- life

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask to be let in."""
        self._transport = cast(asyncio.Transport, transport)
        set_no_delay(transport)
        self._write(pdu.connect(self._window.next(), *self._login))
        self._tick()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell what is in doubt now."""
        self.is_bound = False
        if self._timer is not None:
            self._timer.cancel()
        self._transport = None
        self.closed.set()
        why = self.why or ("closed by the gateway" if exc is None else f"cut: {exc}")
        self._owner.session_ended(self, why, self._window.end())

    def close(self, why: str) -> None:
        """End the connection now."""
        self.why = self.why or why
        self.is_bound = False
        if self._transport is not None:
            self._transport.abort()

    def leave(self) -> None:
        """Take leave; the answer, or silence, ends the connection."""
        if self._transport is None or not self.is_bound:
            self.close("ended")
            return
        self.is_bound = False
        self.why = self.why or "ended"
        self._write(pdu.header(Command.TERMINATE, self._window.next()))
        self._loop.call_later(min(self._times.response, _SHORT_LEAVE), self.close, "ended")

    # ---- out

    @property
    def in_flight(self) -> int:
        """Return how many CMPP_SUBMIT wait for their answer."""
        return len(self._window)

    def pending(self) -> Iterable[Submission]:
        """Return the parts that wait for their answer."""
        return self._window.pending()

    def submit(self, submissions: Sequence[Submission], encode: Encode) -> None:
        """Send parts in one write."""
        out = [encode(self._window.put(one), one) for one in submissions]
        self._window.written(self._loop.time() + self._times.response)
        self._write(b"".join(out))

    def acknowledge(self, tokens: Sequence[tuple[int, int]]) -> None:
        """Answer CMPP_DELIVER: pairs of sequence and ``Msg_Id``."""
        self._write(b"".join(pdu.deliver_answer(*token) for token in tokens))

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    # ---- in

    def data_received(self, data: bytes) -> None:
        """Take what came, PDU by PDU."""
        self._heard = self._loop.time()
        data = self._rest + data
        at, end = 0, len(data)
        while end - at >= HEADER and self._transport is not None and not self.closed.is_set():
            length = int.from_bytes(data[at : at + 4])
            if not HEADER <= length <= LONGEST:
                self._bad(f"a PDU of {length} octets")
                self.close("garbage")
                return
            if length > end - at:
                break
            self._take(data[at : at + length])
            at += length
        self._rest = data[at:]
        self._owner.read_ended()

    def _take(self, octets: bytes) -> None:
        command, sequence = pdu.read_header(octets)
        try:
            match command:
                case Command.SUBMIT_RESP:
                    self._answered(sequence, octets)
                case Command.DELIVER:
                    self._deliver(sequence, pdu.deliver(octets))
                case Command.CONNECT_RESP:
                    self._let_in(pdu.connect_status(octets))
                case Command.ACTIVE_TEST:
                    self._write(pdu.header(Command.ACTIVE_TEST_RESP, sequence, b"\0"))
                case Command.ACTIVE_TEST_RESP:
                    pass  # that something came is all it tells
                case Command.TERMINATE:
                    self._write(pdu.header(Command.TERMINATE_RESP, sequence))
                    self.close("ended by the gateway")
                case Command.TERMINATE_RESP:
                    self.close("ended")
                case _:
                    self._bad(f"command {command:#010x}")
        except CmppError as error:
            self._bad(str(error))

    def _answered(self, sequence: int, octets: bytes) -> None:
        message_id, result = pdu.submit_answer(octets)
        submission = self._window.take(sequence)
        if submission is None:
            self._bad("an answer to nothing that was sent")
        else:
            self._owner.answered(submission, result, message_id)

    def _deliver(self, sequence: int, got: pdu.Deliver) -> None:
        if not self.is_bound or not self._owner.delivered(got, (self, sequence, got.number)):
            self._write(pdu.deliver_answer(sequence, got.number))

    def _let_in(self, status: int) -> None:
        if self.is_bound:
            self._bad("a second answer to CMPP_CONNECT")
        elif status:
            self.close(f"connect refused: {status}")
        else:
            self.is_bound = True
            self._owner.session_bound(self)

    def _bad(self, what: str) -> None:
        self._owner.counters.bad_pdus += 1
        self._owner.quiet.warning("The CMPP gateway of %s sent %s.", self._login[0], what)

    # ---- time

    def _tick(self) -> None:
        now, times = self._loop.time(), self._times
        pace = min(1.0, times.response / 4, times.enquire / 4)
        self._timer = self._loop.call_later(pace, self._tick)
        if late := self._window.overdue(now):
            self._owner.unanswered(late)
        quiet = now - self._heard
        if not self.is_bound:
            if quiet > times.response:
                self.close("no answer to CMPP_CONNECT")
        elif quiet > times.enquire + times.response:
            self.close("no answer to CMPP_ACTIVE_TEST")
        elif now - max(self._heard, self._asked) > times.enquire:
            self._asked = now
            self._write(pdu.header(Command.ACTIVE_TEST, self._window.next()))
