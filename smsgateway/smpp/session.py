"""One SMPP connection, from its bind to its end (SMPP 3.4, 2.2 to 2.8).

Whatever the other side sends ends in one of three ways: it is understood, it is answered with the error that the
specification has for it, or the connection is closed.  Nothing is kept of what was not understood.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

from smsgateway.links.window import Window
from smsgateway.port import LinkCounters, Submission
from smsgateway.quiet import QuietLog
from smsgateway.smpp import quick
from smsgateway.smpp.constants import HEADER, RESPONSE, VERSION, Command, Status
from smsgateway.smpp.pdu import Pdu, PduError

_HEADER = struct.Struct(">IIII")
_SUBMIT_RESP = int(Command.SUBMIT_SM_RESP)
_MOST_UNACKNOWLEDGED = 5_000
"""Receipts that wait for their commit; beyond that, nothing more is read from the socket."""


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds: quiet time until an enquire_link, time for an answer."""

    enquire: float = 30.0
    response: float = 10.0


@dataclass(frozen=True, slots=True)
class Login:
    """What a bind says."""

    command: Command
    system_id: str
    password: str
    system_type: str = ""


class SessionOwner(Protocol):
    """The link, as a session sees it."""

    counters: LinkCounters
    quiet: QuietLog
    """Of the link, not of the session: a centre that is cut for garbage comes back with garbage."""

    def session_bound(self, session: Session) -> None:
        """The centre took the bind."""

    def session_ended(self, session: Session, why: str, doubtful: list[Submission]) -> None:
        """The connection is gone."""

    def answered(self, submission: Submission, status: int, message_id: bytes) -> None:
        """The centre answered a submit_sm."""

    def read_ended(self) -> None:
        """Everything that one read brought has been told."""

    def unanswered(self, submissions: list[Submission]) -> None:
        """It did not in time."""

    def delivered(self, got: quick.Delivered, token: Any) -> bool:
        """A deliver_sm came; return whether it will be acknowledged later."""


class Session(asyncio.Protocol):
    """Speaks SMPP over one connection."""

    def __init__(self, owner: SessionOwner, login: Login, times: Times) -> None:
        self.is_bound = False
        self.why = ""
        self.closed = asyncio.Event()
        self._owner = owner
        self._login = login
        self._times = times
        self._frames = quick.Frames()
        self._window = Window()
        self._unacknowledged = 0
        self._reading = True
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._heard = self._asked = 0.0
        self._loop = asyncio.get_running_loop()

    # ---- life

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Bind at once."""
        self._transport = cast(asyncio.Transport, transport)
        set_no_delay(transport)
        login = self._login
        fields = {
            "system_id": login.system_id.encode(),
            "password": login.password.encode(),
            "system_type": login.system_type.encode(),
            "interface_version": VERSION,
        }
        self._heard = self._asked = self._loop.time()
        self._write(Pdu(login.command, self._window.next(), fields=fields).encode())
        self._tick()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell what is in doubt now."""
        self.is_bound = False
        if self._timer is not None:
            self._timer.cancel()
        doubtful = self._window.end()
        self._transport = None
        self.closed.set()
        self._owner.session_ended(self, self.why or _words(exc), doubtful)

    def close(self, why: str) -> None:
        """End the connection now."""
        self.why = self.why or why
        self.is_bound = False
        if self._transport is not None:
            self._transport.abort()

    def unbind(self) -> None:
        """Take leave; the centre's answer, or its silence, ends the connection."""
        if self._transport is None or not self.is_bound:
            self.close("unbound")
            return
        self.is_bound = False
        self.why = self.why or "unbound"
        self._write(_header(Command.UNBIND, self._window.next()))
        self._loop.call_later(min(self._times.response, 2.0), self.close, "unbound")

    # ---- out

    @property
    def in_flight(self) -> int:
        """Return how many submit_sm wait for their answer."""
        return len(self._window)

    def pending(self) -> Iterable[Submission]:
        """Return the parts that wait for their answer."""
        return self._window.pending()

    def submit(self, parts: Sequence[tuple[Submission, quick.Template, bytes]]) -> None:
        """Send parts in one write."""
        put = self._window.put
        out = [
            template.encode(put(submission), number, submission.part)
            for submission, template, number in parts
        ]
        self._window.written(self._loop.time() + self._times.response)
        self._write(b"".join(out))

    def acknowledge(self, sequences: Sequence[tuple[int, int]]) -> None:
        """Answer deliver_sm (or data_sm): pairs of command and sequence."""
        self._unacknowledged -= len(sequences)
        self._write(
            b"".join(_answer(command, sequence, Status.ESME_ROK) for command, sequence in sequences)
        )
        if not self._reading and self._unacknowledged < _MOST_UNACKNOWLEDGED // 2:
            self._reading = True
            if self._transport is not None:
                self._transport.resume_reading()

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    # ---- in

    def data_received(self, data: bytes) -> None:
        """Take what came, PDU by PDU."""
        self._heard = self._loop.time()
        unpack, take = _HEADER.unpack_from, self._window.take
        answered, message_id = self._owner.answered, quick.message_id
        try:
            for octets in self._frames.feed(data):
                _, command, status, sequence = unpack(octets)
                if command == _SUBMIT_RESP:
                    submission = take(sequence)
                    if submission is not None:
                        answered(submission, status, message_id(octets))
                    else:
                        self._bad("an answer to nothing that was sent")
                else:
                    self._other(command, status, sequence, octets)
                if self._transport is None or self.why:
                    return
            self._owner.read_ended()
        except PduError as error:  # the stream is lost: no next PDU can be found
            self._bad(str(error))
            self._write(_header(Command.GENERIC_NACK, error.sequence, Status.ESME_RINVCMDLEN))
            self.close(f"garbage: {error}")

    def _other(self, command: int, status: int, sequence: int, octets: bytes) -> None:
        match command:
            case Command.DELIVER_SM:
                self._deliver(sequence, octets)
            case Command.ENQUIRE_LINK:
                self._write(_header(Command.ENQUIRE_LINK_RESP, sequence))
            case Command.ENQUIRE_LINK_RESP:
                pass  # that something came is all it tells
            case Command.GENERIC_NACK:
                self._nacked(status, sequence)
            case Command.UNBIND:
                self._write(_header(Command.UNBIND_RESP, sequence))
                self.close("unbound by the centre")
            case Command.UNBIND_RESP:
                self.close("unbound")
            case Command.DATA_SM:
                self._data(sequence, octets)
            case Command.ALERT_NOTIFICATION:
                pass  # has no answer (4.12)
            case _ if command == self._login.command | RESPONSE:
                self._bound(status)
            case _:
                self._unknown(command, sequence)

    def _bound(self, status: int) -> None:
        if self.is_bound:
            self._bad("a second answer to the bind")
        elif status:
            self.close(f"bind refused: {status}")
        else:
            self.is_bound = True
            self._owner.session_bound(self)

    def _deliver(self, sequence: int, octets: bytes) -> None:
        try:
            got = quick.delivered(octets)
        except PduError as error:
            self._bad(str(error))
            self._write(_answer(Command.DELIVER_SM, sequence, Status.ESME_RINVMSGLEN))
            return
        self._hand_on(got, Command.DELIVER_SM, sequence)

    def _data(self, sequence: int, octets: bytes) -> None:
        try:
            got = quick.from_data_sm(octets)
        except PduError as error:
            self._bad(str(error))
            self._write(_answer(Command.DATA_SM, sequence, Status.ESME_RINVMSGLEN))
            return
        self._hand_on(got, Command.DATA_SM, sequence)

    def _hand_on(self, got: quick.Delivered, command: int, sequence: int) -> None:
        if not self.is_bound:
            self._write(_answer(command, sequence, Status.ESME_RINVBNDSTS))
        elif self._owner.delivered(got, (self, command, sequence)):
            self._unacknowledged += 1
            if self._unacknowledged > _MOST_UNACKNOWLEDGED and self._reading and self._transport:
                self._reading = False
                self._transport.pause_reading()
        else:
            self._write(_answer(command, sequence, Status.ESME_ROK))

    def _nacked(self, status: int, sequence: int) -> None:
        submission = self._window.take(sequence)
        if submission is not None:
            self._owner.answered(submission, status or Status.ESME_RUNKNOWNERR, b"")
        elif not self.is_bound:
            self.close(f"bind refused: {status}")
        else:
            self._bad("a generic_nack for nothing that was sent")

    def _unknown(self, command: int, sequence: int) -> None:
        self._bad(f"command {command:#010x}")
        if not command & RESPONSE:
            self._write(_header(Command.GENERIC_NACK, sequence, Status.ESME_RINVCMDID))

    def _bad(self, what: str) -> None:
        self._owner.counters.bad_pdus += 1
        self._owner.quiet.warning("The centre of %s sent %s.", self._login.system_id, what)

    # ---- time

    def _tick(self) -> None:
        now = self._loop.time()
        self._timer = self._loop.call_later(self._pace(), self._tick)
        if late := self._window.overdue(now):
            self._owner.unanswered(late)
        quiet = now - self._heard
        if not self.is_bound:
            if quiet > self._times.response:
                self.close("no answer to the bind")
        elif quiet > self._times.enquire + self._times.response:
            self.close("no answer to enquire_link")
        elif now - max(self._heard, self._asked) > self._times.enquire:
            self._asked = now
            self._write(_header(Command.ENQUIRE_LINK, self._window.next()))

    def _pace(self) -> float:
        return min(1.0, self._times.response / 4, self._times.enquire / 4)


def set_no_delay(transport: asyncio.BaseTransport) -> None:
    """A window is many small writes: none of them shall wait for the answer to the one before."""
    sock = transport.get_extra_info("socket")
    if sock is not None and sock.family in {socket.AF_INET, socket.AF_INET6}:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _header(command: int, sequence: int, status: int = 0) -> bytes:
    return _HEADER.pack(HEADER, command, status, sequence)


def _answer(command: int, sequence: int, status: int) -> bytes:
    """Return deliver_sm_resp or data_sm_resp: an empty message_id is set (4.6.2)."""
    return _HEADER.pack(HEADER + 1, command | RESPONSE, status, sequence) + b"\0"


def _words(error: Exception | None) -> str:
    return "closed by the centre" if error is None else f"cut: {error}"
