"""A text as the parts that are sent: 3GPP TS 23.040 section 9.2.3.24.1 (8-bit reference), 9.2.3.24.8 (16-bit).

A part has room for 140 octets.  Septets travel in octets of their own but count as seven bits, so a part of GSM 7-bit
has room for 160 of them.  No part ends within an escaped character or a surrogate pair.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from smsgateway.model import Body, Coding
from smsgateway.text.alphabet import NATIONAL, National, outside, septets
from softswitch.errors import invalid

OCTETS = 140
MOST_PARTS = 10
"""More are refused: each part is paid for and sent to every citizen."""

LONGEST_TEXT = 1530
"""Characters of the longest text that can fit: ten parts of GSM 7-bit."""


class Joining(StrEnum):
    """How a phone knows that parts belong together."""

    UDH8 = "udh8"
    UDH16 = "udh16"
    PAYLOAD = "payload"
    """The centre cuts: one PDU with message_payload (SMPP 3.4 section 5.3.2.32)."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part: the user data header (empty for a short text) and the octets behind it."""

    header: bytes
    octets: bytes

    @property
    def short_message(self) -> bytes:
        """What stands in the field short_message; esm_class 0x40 tells of a header."""
        return self.header + self.octets


@dataclass(frozen=True, slots=True)
class Encoded:
    """A text as it is sent."""

    coding: Coding
    joining: Joining
    parts: tuple[Part, ...]
    count: int
    """Parts that are paid for. With PAYLOAD the centre cuts one PDU into so many."""
    left: int
    """Septets or UTF-16 units that still fit into the last part."""

    def body(self) -> Body:
        """Return it as the gateway takes it."""
        octets = tuple(part.short_message for part in self.parts)
        headed = any(part.header for part in self.parts)
        return Body(self.coding, octets, headed, self.joining is Joining.PAYLOAD)


def check(text: str) -> str:
    """Return ``text`` if it can be sent, or refuse it (``no_text``, ``bad_character``, ``text_too_long``)."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise invalid("sms_no_text", "The message has no text.", "Write one.", field="text")
    for place, letter in enumerate(text):
        if not _is_sendable(letter):
            raise invalid(
                "bad_character",
                f"Character {place + 1} (U+{ord(letter):04X}) cannot be sent.",
                "Remove it: control characters and half characters reach no phone.",
                field="text",
            )
    if len(text) > LONGEST_TEXT:
        raise too_long(len(text), None)
    return text


def _is_sendable(letter: str) -> bool:
    code = ord(letter)
    if code < 0x20 or 0x7F <= code <= 0x9F:
        return letter == "\n"
    return not 0xD800 <= code <= 0xDFFF and code & 0xFFFE != 0xFFFE


def too_long(characters: int, parts: int | None) -> Exception:
    """Return the refusal of a text of too many parts."""
    shown = f", which makes {parts} parts" if parts is not None else ""
    return invalid(
        "text_too_long",
        f"The text has {characters} characters{shown}.",
        f"Shorten it to {MOST_PARTS} parts: 670 Chinese characters.",
        field="text",
    )


def coding_of(text: str, national: National = National.NONE) -> Coding:
    """Return the smallest coding that can tell ``text`` without loss."""
    return Coding.UCS2 if outside(text, NATIONAL[national]) else Coding.GSM7


def encode(
    text: str,
    *,
    joining: Joining = Joining.UDH8,
    reference: int = 0,
    national: National = National.NONE,
) -> Encoded:
    """Return ``text`` in parts, or refuse it.

    ``reference`` is the same in all parts of one text and another in the next to the same phone; it is cut to 8 or 16
    bits.  ``national``: a table beside the default one, used only where the text needs it.
    """
    text = check(text)
    shift = _needed(text, national)
    coding = coding_of(text, shift)
    units = _units(text, coding, shift)
    alone = _room(coding, len(_shift_header(shift)))
    if sum(map(len, units)) <= alone:
        header = _header(_shift_header(shift))
        return _encoded(coding, joining, [header], [b"".join(units)], alone)
    return _long(text, coding, joining, reference, shift, units)


def _long(
    text: str, coding: Coding, joining: Joining, reference: int, shift: National, units: list[bytes]
) -> Encoded:
    element = _element(joining, reference)
    room = _room(coding, len(_shift_header(shift)) + len(element(1, 1)))
    cut = _cut(units, room)
    if len(cut) > MOST_PARTS:
        raise too_long(len(text), len(cut))
    if joining is Joining.PAYLOAD:
        whole = Part(_header(_shift_header(shift)), b"".join(units))
        left = (room - len(cut[-1])) // _step(coding)
        return Encoded(coding, joining, (whole,), len(cut), left)
    headers = [
        _header(element(len(cut), place) + _shift_header(shift)) for place in range(1, len(cut) + 1)
    ]
    return _encoded(coding, joining, headers, cut, room)


def _encoded(
    coding: Coding,
    joining: Joining,
    headers: list[bytes],
    cut: list[bytes],
    room: int,
) -> Encoded:
    parts = tuple(Part(header, octets) for header, octets in zip(headers, cut, strict=True))
    left = (room - len(cut[-1])) // _step(coding)
    return Encoded(coding, joining, parts, len(parts), left)


def _step(coding: Coding) -> int:
    return 1 if coding is Coding.GSM7 else 2


def _needed(text: str, national: National) -> National:
    """The national table costs four octets: it is named only when it saves the text from UCS-2."""
    if national and outside(text) and not outside(text, NATIONAL[national]):
        return national
    return National.NONE


def _units(text: str, coding: Coding, shift: National) -> list[bytes]:
    """What must not be cut: the octets of each character."""
    if coding is Coding.GSM7:
        table = NATIONAL[shift]
        return [septets(letter, table) or b"" for letter in text]
    return [letter.encode("utf-16-be") for letter in text]


def _cut(units: list[bytes], room: int) -> list[bytes]:
    parts: list[bytes] = []
    present: list[bytes] = []
    used = 0
    for unit in units:
        if used + len(unit) > room:
            parts.append(b"".join(present))
            present, used = [], 0
        present.append(unit)
        used += len(unit)
    return [*parts, b"".join(present)]


def _room(coding: Coding, elements: int) -> int:
    """Return how many octets of text fit behind a header with elements of so many octets."""
    header = elements + 1 if elements else 0
    if coding is Coding.UCS2:
        return (OCTETS - header) // 2 * 2
    # Septets begin on the next septet behind the header (TS 23.040 figure 9.2.3.24a).
    return (OCTETS * 8 - header * 8) // 7


def _header(elements: bytes) -> bytes:
    return bytes((len(elements),)) + elements if elements else b""


def _shift_header(shift: National) -> bytes:
    return bytes((0x24, 1, shift)) if shift else b""


def _element(joining: Joining, reference: int) -> Callable[[int, int], bytes]:
    def element(total: int, place: int) -> bytes:
        if joining is Joining.UDH16:
            return bytes((0x08, 4)) + (reference & 0xFFFF).to_bytes(2) + bytes((total, place))
        return bytes((0x00, 3, reference & 0xFF, total, place))

    return element
