"""One CMPP connection, from CMPP_CONNECT to its end. What is not understood is counted and passed over or closed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from smsgateway.cmpp import pdu
from smsgateway.cmpp.pdu import HEADER, LONGEST, CmppError, Command
from smsgateway.links import session as links
from smsgateway.links.session import Times
from smsgateway.port import Submission

Encode = Callable[[int, Submission], bytes]
"""Makes the PDU of a submission under a sequence."""


class SessionOwner(links.SessionOwner, Protocol):
    """The link, as a CMPP session sees it."""

    def answered(self, submission: Submission, result: int, message_id: str) -> None:
        """A CMPP_SUBMIT was answered."""

    def delivered(self, got: pdu.Deliver, token: Any) -> None:
        """A CMPP_DELIVER came, which will be acknowledged later."""


class Session(links.Session):
    """Speaks CMPP over one connection."""

    LOGIN = "CMPP_CONNECT"
    PROBE = "CMPP_ACTIVE_TEST"
    LEFT = "ended"

    def __init__(
        self, owner: SessionOwner, source: str, secret: str, timestamp: int, times: Times
    ) -> None:
        super().__init__(owner, source, times)
        self._owner = owner
        self._login = (source, secret, timestamp)
        self._rest = b""

    # ---- out

    def submit(self, submissions: Sequence[Submission], encode: Encode) -> None:
        """Send parts in one write."""
        self._write(b"".join(map(encode, self._put(submissions), submissions)))

    def _hello(self) -> bytes:
        return pdu.connect(self._window.next(), *self._login)

    def _probe(self) -> bytes:
        return pdu.header(Command.ACTIVE_TEST, self._window.next())

    def _farewell(self) -> bytes:
        return pdu.header(Command.TERMINATE, self._window.next())

    def _confirm(self, sequence: int, number: int) -> bytes:
        return pdu.deliver_answer(sequence, number)

    # ---- in

    def _read(self, data: bytes) -> None:
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

    def _take(self, octets: bytes) -> None:
        command, sequence = pdu.read_header(octets)
        try:
            match command:
                case Command.SUBMIT_RESP:
                    self._answered(sequence, octets)
                case Command.DELIVER:
                    self._deliver(sequence, octets)
                case Command.CONNECT_RESP:
                    self._let_in(pdu.connect_status(octets), "connect refused")
                case Command.ACTIVE_TEST:
                    self._write(pdu.header(Command.ACTIVE_TEST_RESP, sequence, b"\0"))
                case Command.ACTIVE_TEST_RESP:
                    pass  # that something came is all it tells
                case Command.TERMINATE:
                    self._write(pdu.header(Command.TERMINATE_RESP, sequence))
                    self.close("ended by the centre")
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

    def _deliver(self, sequence: int, octets: bytes) -> None:
        number = int.from_bytes(octets[HEADER : HEADER + 8])
        if not self.is_bound:
            self._write(pdu.deliver_answer(sequence, number))
            return
        try:
            self._owner.delivered(pdu.deliver(octets), (self, sequence, number))
        except CmppError as error:  # without an answer it would come again and again
            self._bad(str(error))
            self._write(pdu.deliver_answer(sequence, number, pdu.MALFORMED))
        else:
            self._waits_for_commit()
