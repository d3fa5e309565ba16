"""One SMPP connection, from its bind to its end (SMPP 3.4, 2.2 to 2.8).

Whatever the other side sends ends in one of three ways: it is understood, it is answered with the error that the
specification has for it, or the connection is closed.  Nothing is kept of what was not understood.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from smsgateway.links import session as links
from smsgateway.links.session import Times
from smsgateway.port import Submission
from smsgateway.smpp import quick
from smsgateway.smpp.constants import HEADER, LONGEST, RESPONSE, VERSION, Command, Status
from smsgateway.smpp.pdu import Pdu, PduError

_HEADER = struct.Struct(">IIII")
_SUBMIT_RESP = int(Command.SUBMIT_SM_RESP)


@dataclass(frozen=True, slots=True)
class Login:
    """What a bind says."""

    command: Command
    system_id: str
    password: str
    system_type: str = ""


class SessionOwner(links.SessionOwner, Protocol):
    """The link, as an SMPP session sees it."""

    def answered(self, submission: Submission, status: int, message_id: bytes) -> None:
        """The centre answered a submit_sm."""

    def delivered(self, got: quick.Delivered, token: Any) -> bool:
        """A deliver_sm came; return whether it will be acknowledged later."""


class Session(links.Session):
    """Speaks SMPP over one connection."""

    LOGIN = "the bind"
    PROBE = "enquire_link"
    LEFT = "unbound"

    def __init__(self, owner: SessionOwner, login: Login, times: Times) -> None:
        super().__init__(owner, login.system_id, times)
        self._owner = owner
        self._login = login
        self._rest = b""

    # ---- out

    def submit(self, submissions: Sequence[Submission]) -> None:
        """Send parts, which are encoded but for their sequences, in one write."""
        self._write(quick.submits(self._put(submissions), [one.octets for one in submissions]))

    def _hello(self) -> bytes:
        login = self._login
        fields = {
            "system_id": login.system_id.encode(),
            "password": login.password.encode(),
            "system_type": login.system_type.encode(),
            "interface_version": VERSION,
        }
        return Pdu(login.command, self._window.next(), fields=fields).encode()

    def _probe(self) -> bytes:
        return _header(Command.ENQUIRE_LINK, self._window.next())

    def _farewell(self) -> bytes:
        return _header(Command.UNBIND, self._window.next())

    def _confirm(self, command: int, sequence: int) -> bytes:
        return _answer(command, sequence, Status.ESME_ROK)

    # ---- in

    def _read(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        at, end = 0, len(data)
        unpack, take, find = _HEADER.unpack_from, self._window.take, data.find
        answered = self._owner.answered
        while end - at >= HEADER:
            length, command, status, sequence = unpack(data, at)
            if not HEADER <= length <= LONGEST:
                self._lost(length, sequence)
                return
            begin, at = at, at + length
            if at > end:
                at = begin
                break
            if command != _SUBMIT_RESP:
                self._other(command, status, sequence, data[begin:at])
                if self._transport is None or self.why:
                    return
            elif (submission := take(sequence)) is not None:
                stop = find(b"\0", begin + HEADER, at)
                answered(submission, status, data[begin + HEADER : stop if stop >= 0 else at])
            else:
                self._bad("an answer to nothing that was sent")
        self._rest = data[at:]

    def _lost(self, length: int, sequence: int) -> None:
        """No next PDU can be found in the stream."""
        what = f"a PDU of {length} octets"
        self._bad(what)
        self._write(_header(Command.GENERIC_NACK, sequence, Status.ESME_RINVCMDLEN))
        self.close(f"garbage: {what}")

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
                self._let_in(status, "bind refused")
            case _:
                self._unknown(command, sequence)

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
            self._waits_for_commit()
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


def _header(command: int, sequence: int, status: int = 0) -> bytes:
    return _HEADER.pack(HEADER, command, status, sequence)


def _answer(command: int, sequence: int, status: int) -> bytes:
    """Return deliver_sm_resp or data_sm_resp: an empty message_id is set (4.6.2)."""
    return _HEADER.pack(HEADER + 1, command | RESPONSE, status, sequence) + b"\0"
