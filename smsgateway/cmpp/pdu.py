"""The PDUs of CMPP 3.0 (chapter 8) that a service provider's side sends and receives. Lengths are checked first."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from enum import IntEnum

from smsgateway.model import MessageState
from smsgateway.port import Receipt

HEADER = 12
LONGEST = 4_096
VERSION = 0x30
RESPONSE = 0x8000_0000

_HEAD = struct.Struct(">III")
_CONNECT = struct.Struct(">6s16sBI")
_CONNECT_RESP = struct.Struct(">I16sB")
_SUBMIT_BEFORE = struct.Struct(">QBBBB10sB32sBBBB6s2s6s17s17s21sB")
_SUBMIT_RESP = struct.Struct(">QI")
_DELIVER = struct.Struct(">Q21s10sBBB32sBBB")
_REPORT = struct.Struct(">Q7s10s10s32sI")
_ID_DIGITS = 16
_LINK_ID = 20


class Command(IntEnum):
    """``Command_Id``."""

    CONNECT = 0x0000_0001
    CONNECT_RESP = 0x8000_0001
    TERMINATE = 0x0000_0002
    TERMINATE_RESP = 0x8000_0002
    SUBMIT = 0x0000_0004
    SUBMIT_RESP = 0x8000_0004
    DELIVER = 0x0000_0005
    DELIVER_RESP = 0x8000_0005
    ACTIVE_TEST = 0x0000_0008
    ACTIVE_TEST_RESP = 0x8000_0008


class CmppError(Exception):
    """Octets that are no PDU of CMPP, or a text that it cannot carry."""


def header(command: int, sequence: int, body: bytes = b"") -> bytes:
    """Return a whole PDU."""
    return _HEAD.pack(HEADER + len(body), command, sequence) + body


def read_header(octets: bytes) -> tuple[int, int]:
    """Return command and sequence of a whole PDU."""
    _, command, sequence = _HEAD.unpack_from(octets)
    return int(command), int(sequence)


# ---- connecting


def proof(source: str, secret: str, timestamp: int) -> bytes:
    """Return ``AuthenticatorSource``: MD5 of source, nine zero octets, secret and timestamp (8.4.1.1)."""
    told = f"{timestamp:010}"
    text = source.encode() + bytes(9) + secret.encode() + told.encode()
    return hashlib.md5(text, usedforsecurity=False).digest()  # the protocol asks for it


def connect(sequence: int, source: str, secret: str, timestamp: int) -> bytes:
    """Return CMPP_CONNECT; ``timestamp`` is MMDDHHMMSS as a number."""
    body = _CONNECT.pack(source.encode(), proof(source, secret, timestamp), VERSION, timestamp)
    return header(Command.CONNECT, sequence, body)


def connect_status(octets: bytes) -> int:
    """Return ``Status`` of CMPP_CONNECT_RESP: four octets in 3.0, one in older versions. :class:`CmppError`."""
    if len(octets) == HEADER + _CONNECT_RESP.size:
        return int(_CONNECT_RESP.unpack_from(octets, HEADER)[0])
    if len(octets) == HEADER + 18:
        return octets[HEADER]
    raise CmppError("CMPP_CONNECT_RESP of a wrong length")


# ---- submitting


@dataclass(frozen=True, slots=True)
class Order:
    """What CMPP_SUBMIT says beside text and number."""

    source: str
    """``Msg_src``: the SP's id."""

    sender: str
    service: str
    receipts: bool
    validity: str = ""


def submit(
    sequence: int,
    order: Order,
    number: str,
    content: bytes,
    fmt: int,
    *,
    headed: bool,
    place: int = 1,
    total: int = 1,
    flash: bool = False,
) -> bytes:
    """Return CMPP_SUBMIT to one number (8.4.3.1). Raises :class:`CmppError` when the text is too long."""
    if len(content) > (159 if fmt == 0 and not headed else 140):
        raise CmppError(f"a part of {len(content)} octets")
    level = 1
    before = _SUBMIT_BEFORE.pack(
        0, total, place, order.receipts, level, order.service.encode(),
        2, b"", 0,  # the service provider pays: 8.4.3.1 Fee_UserType
        0, headed, 0x10 | fmt if flash else fmt, order.source.encode(),
        b"01", b"0", order.validity.encode(), b"", order.sender.encode(), 1,
    )  # fmt: skip
    to = number.encode().ljust(32, b"\0") + b"\0"
    behind = bytes((len(content),)) + content + bytes(_LINK_ID)
    return header(Command.SUBMIT, sequence, before + to + behind)


def submit_answer(octets: bytes) -> tuple[str, int]:
    """Return message id and ``Result`` of CMPP_SUBMIT_RESP. Raises :class:`CmppError`."""
    if len(octets) != HEADER + _SUBMIT_RESP.size:
        raise CmppError("CMPP_SUBMIT_RESP of a wrong length")
    number, result = _SUBMIT_RESP.unpack_from(octets, HEADER)
    return message_id(number), int(result)


def message_id(number: int) -> str:
    """Return a ``Msg_Id`` as text."""
    return f"{number:0{_ID_DIGITS}x}"


# ---- delivering


@dataclass(frozen=True, slots=True)
class Deliver:
    """What CMPP_DELIVER says."""

    number: int
    destination: str
    source: str
    fmt: int
    headed: bool
    is_report: bool
    content: bytes


def deliver(octets: bytes) -> Deliver:
    """Read CMPP_DELIVER (8.4.5.1). Raises :class:`CmppError`."""
    if len(octets) < HEADER + _DELIVER.size:
        raise CmppError("CMPP_DELIVER is cut off")
    (number, destination, _, _, headed, fmt, source, _, report, length) = _DELIVER.unpack_from(
        octets, HEADER
    )
    start = HEADER + _DELIVER.size
    if start + length > len(octets):
        raise CmppError("Msg_Content is cut off")
    content = octets[start : start + length]
    return Deliver(
        number, _text(destination), _text(source), fmt, bool(headed), bool(report), content
    )


_STATES = {
    "DELIVRD": MessageState.DELIVERED,
    "EXPIRED": MessageState.EXPIRED,
    "DELETED": MessageState.FAILED,
    "UNDELIV": MessageState.FAILED,
    "REJECTD": MessageState.FAILED,
    "ACCEPTD": MessageState.SUBMITTED,
    "UNKNOWN": MessageState.SUBMITTED,
}


def report(got: Deliver, token: object = None) -> Receipt:
    """Return the receipt in a status report (8.4.5.1, table of Msg_Content). Raises :class:`CmppError`.

    Words outside of the table (``MK:0001``, ``DB:0141``: networks put their own in) mean that it failed.
    """
    if len(got.content) < _REPORT.size:
        raise CmppError("a status report is cut off")
    number, stat, _, _, phone, _ = _REPORT.unpack_from(got.content)
    word = _text(stat)
    state = _STATES.get(word, MessageState.FAILED)
    final = state in (MessageState.FAILED, MessageState.EXPIRED)
    return Receipt(
        message_id(number), _text(phone), state, f"receipt:{word}" if final else "", token
    )


def deliver_answer(sequence: int, number: int, result: int = 0) -> bytes:
    """Return CMPP_DELIVER_RESP."""
    return header(Command.DELIVER_RESP, sequence, _SUBMIT_RESP.pack(number, result))


def _text(octets: bytes) -> str:
    return octets.split(b"\0", 1)[0].decode("ascii", "replace").strip()


MALFORMED = 1
"""``Result`` of CMPP_DELIVER_RESP (8.4.5.2): the message's structure is wrong."""

THROTTLED = frozenset({8})
"""``Result`` of CMPP_SUBMIT_RESP (8.4.3.2): flow control."""

TEMPORARY = frozenset({3, 9})
"""A sequence used twice; the gateway cannot serve the number now."""
