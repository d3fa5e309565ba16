"""What goes by the thousand: submit_sm out, answers and receipts in, with as little work for each as can be.

Everything that the parts of one text have in common is encoded once.  Tests hold each function equal to
:mod:`smsgateway.smpp.pdu`.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from smsgateway.model import Body, MessageState
from smsgateway.port import Receipt
from smsgateway.smpp.constants import (
    HEADER,
    INTERMEDIATE,
    RECEIPT,
    RECEIPT_TYPES,
    UDH,
    Command,
    Status,
    Tag,
)
from smsgateway.smpp.pdu import Pdu, PduError

_HEADER = struct.Struct(">IIII")
_SUBMIT = int(Command.SUBMIT_SM)
_SHORTEST_LONG = 255


class Template:
    """The submit_sm of one text from one sender: only sequence and number are missing."""

    __slots__ = ("_before", "_behind")

    def __init__(
        self,
        body: Body,
        *,
        sender: str = "",
        service: str = "",
        receipts: bool = True,
        validity: str = "",
    ) -> None:
        self._before = b"".join(
            (
                service.encode(),
                b"\0",
                _address(sender),
                b"\1\1",
            )  # destination: international, E.164
        )
        parts = (b"".join(body.parts),) if body.as_payload else body.parts
        self._behind = tuple(_behind(body, part, receipts, validity.encode()) for part in parts)

    def encode(self, number: bytes, part: int) -> bytes:
        """Return what stands behind the header in the PDU of ``part`` to ``number``."""
        return self._before + number + self._behind[part]


def submits(sequences: Iterable[int], bodies: Iterable[bytes]) -> bytes:
    """Return the PDUs of what :class:`Template` encoded."""
    pack = _HEADER.pack
    return b"".join(
        [
            pack(HEADER + len(body), _SUBMIT, 0, sequence) + body
            for sequence, body in zip(sequences, bodies, strict=True)
        ]
    )


def _address(sender: str) -> bytes:
    """A name is alphanumeric (type 5); service numbers are of no known type: the centre knows its own."""
    kind = b"\0\1" if sender.isdigit() or not sender else b"\5\0"
    return kind + sender.encode("ascii", "replace") + b"\0"


def _behind(body: Body, part: bytes, receipts: bool, validity: bytes) -> bytes:
    esm_class = UDH if body.headed else 0
    coding = int(body.coding) | (0x10 if body.flash else 0)
    fixed = b"".join(
        (b"\0", bytes((esm_class, 0, 0)), b"\0", validity, b"\0", bytes((receipts, 0, coding, 0)))
    )
    if body.as_payload or len(part) >= _SHORTEST_LONG:
        return fixed + b"\0" + struct.pack(">HH", Tag.MESSAGE_PAYLOAD, len(part)) + part
    return fixed + bytes((len(part),)) + part


def validity(seconds: float) -> str:
    """Return a relative ``validity_period`` (7.1.1.2): years, months of 30 days, days, hours, minutes, seconds."""
    left = max(1, int(seconds))
    days, left = divmod(min(left, 99 * 365 * 86_400), 86_400)
    years, days = divmod(days, 365)
    months, days = divmod(days, 30)
    hours, left = divmod(left, 3_600)
    minutes, left = divmod(left, 60)
    return f"{years:02}{months:02}{days:02}{hours:02}{minutes:02}{left:02}000R"


# ---- deliver_sm


@dataclass(frozen=True, slots=True)
class Delivered:
    """What matters of a deliver_sm or data_sm."""

    source: bytes
    destination: bytes
    esm_class: int
    coding: int
    text: bytes
    receipted: bytes | None = None
    state: int | None = None
    network_error: bytes | None = None

    @property
    def is_receipt(self) -> bool:
        """Tell whether it speaks of a message of ours."""
        return self.esm_class & RECEIPT_TYPES in (RECEIPT, INTERMEDIATE)


def delivered(octets: bytes) -> Delivered:
    """Read a deliver_sm. Raises :class:`PduError`."""
    find = octets.find
    try:
        at = find(b"\0", HEADER) + 3  # service_type, source_addr_ton, source_addr_npi
        if at < HEADER + 3:
            raise PduError("service_type does not end")
        end = find(b"\0", at)
        source, at = octets[at:end], end + 3
        if end < 0:
            raise PduError("source_addr does not end")
        end = find(b"\0", at)
        if end < 0:
            raise PduError("destination_addr does not end")
        destination, at = octets[at:end], end + 1
        esm_class = octets[at]
        at = find(b"\0", at + 3) + 1  # protocol_id, priority_flag, schedule_delivery_time
        at = find(b"\0", at) + 3 if at else 0  # validity, registered_delivery, replace_if_present
        if at < HEADER + 3:
            raise PduError("a time does not end")
        coding, length = octets[at], octets[at + 2]
        at += 3 + length
        if at > len(octets):
            raise PduError("short_message is cut off")
    except IndexError:
        raise PduError("deliver_sm is cut off") from None
    if len(source) > 20 or len(destination) > 20:
        raise PduError("an address is too long")
    text = octets[at - length : at]
    if at == len(octets):
        return Delivered(source, destination, esm_class, coding, text)
    return _with_tlvs(Delivered(source, destination, esm_class, coding, text), octets)


def from_data_sm(octets: bytes) -> Delivered:
    """Read a data_sm: its text is in ``message_payload``. Raises :class:`PduError`."""
    pdu = Pdu.decode(octets)
    fields = pdu.fields
    plain = Delivered(
        fields["source_addr"],
        fields["destination_addr"],
        fields["esm_class"],
        fields["data_coding"],
        b"",
    )
    return _with_tlvs(plain, octets)


def _with_tlvs(plain: Delivered, octets: bytes) -> Delivered:
    tlvs = dict(Pdu.decode(octets).tlvs)
    state = tlvs.get(Tag.MESSAGE_STATE)
    receipted = tlvs.get(Tag.RECEIPTED_MESSAGE_ID)
    return Delivered(
        plain.source,
        plain.destination,
        plain.esm_class,
        plain.coding,
        plain.text or tlvs.get(Tag.MESSAGE_PAYLOAD, b""),
        receipted.rstrip(b"\0") if receipted else None,
        state[0] if state else None,
        tlvs.get(Tag.NETWORK_ERROR_CODE),
    )


# ---- receipts (appendix B)

_FIELDS = re.compile(rb"id:\s*([!-~]{1,65})|stat:\s*([A-Za-z]{5,8})|err:\s*([0-9A-Za-z]{1,8})")

_BY_WORD = {
    b"DELIVRD": MessageState.DELIVERED,
    b"EXPIRED": MessageState.EXPIRED,
    b"DELETED": MessageState.FAILED,
    b"UNDELIV": MessageState.FAILED,
    b"REJECTD": MessageState.FAILED,
    b"ACCEPTD": MessageState.SUBMITTED,
    b"ENROUTE": MessageState.SUBMITTED,
    b"UNKNOWN": MessageState.SUBMITTED,
}
_WORDS = {
    1: b"ENROUTE", 2: b"DELIVRD", 3: b"EXPIRED", 4: b"DELETED", 5: b"UNDELIV", 6: b"ACCEPTD",
    7: b"UNKNOWN", 8: b"REJECTD",
}  # fmt: skip


def receipt(got: Delivered, token: object = None) -> Receipt | None:
    """Return the receipt that a deliver_sm carries: its parameters first, its text for the rest; None without id."""
    smsc_id, word, code = b"", b"", b""
    for match in _FIELDS.finditer(got.text):
        if match[1]:
            smsc_id = smsc_id or match[1]
        elif match[2]:
            word = word or match[2].upper()
        else:
            code = code or match[3]
            break  # what follows is the text of the message, which anybody may have written
    if got.receipted:
        smsc_id = got.receipted
    if got.state is not None:
        word = _WORDS.get(got.state, word)
    if got.network_error and len(got.network_error) == 3:
        code = str(int.from_bytes(got.network_error[1:])).encode()
    if not smsc_id:
        return None
    state = _BY_WORD.get(word, MessageState.SUBMITTED)
    final = state is not MessageState.DELIVERED and state is not MessageState.SUBMITTED
    error = f"receipt:{word.decode()}:{code.decode()}" if final else ""
    return Receipt(
        smsc_id.decode("ascii", "replace"),
        got.source.decode("ascii", "replace"),
        state,
        error,
        token,
    )


# ---- refusals

_THROTTLED = frozenset({Status.ESME_RTHROTTLED, Status.ESME_RMSGQFUL})
_TEMPORARY = frozenset(
    {
        Status.ESME_RSYSERR,
        Status.ESME_RSUBMITFAIL,
        Status.ESME_RX_T_APPN,
        Status.ESME_RX_R_APPN,
        Status.ESME_RUNKNOWNERR,
        Status.ESME_RINVBNDSTS,
    }
)


def is_throttling(status: int) -> bool:
    """Tell whether the centre says that we are too fast, or its queue too full (5.1.3)."""
    return status in _THROTTLED


def is_temporary(status: int) -> bool:
    """Tell whether the same message may pass later."""
    return status in _TEMPORARY
