"""The user data header of what comes in: which part of which text it is (3GPP TS 23.040 section 9.2.3.24)."""

from __future__ import annotations

from dataclasses import dataclass

from smsgateway.text.alphabet import National, decode


@dataclass(frozen=True, slots=True)
class PartOf:
    """The place of a part: ``place`` of ``total``, under ``reference``."""

    reference: int
    total: int
    place: int


@dataclass(frozen=True, slots=True)
class Received:
    """The content of one short message that came in."""

    octets: bytes
    part_of: PartOf | None = None
    national: National = National.NONE


def split(user_data: bytes, has_header: bool) -> Received:
    """Return header and content apart; a header that makes no sense is dropped, the content is kept."""
    if not has_header or not user_data:
        return Received(user_data)
    length = user_data[0]
    if length + 1 > len(user_data):
        return Received(user_data)
    part_of, national = None, National.NONE
    for kind, data in _elements(user_data[1 : length + 1]):
        match kind, data:
            case 0x00, bytes() if len(data) == 3:
                part_of = _place(data[0], data[1], data[2]) or part_of
            case 0x08, bytes() if len(data) == 4:
                part_of = _place(int.from_bytes(data[:2]), data[2], data[3]) or part_of
            case 0x24, bytes() if len(data) == 1 and data[0] in set(National):
                national = National(data[0])
    return Received(user_data[length + 1 :], part_of, national)


def text_of(received: Received, data_coding: int) -> str:
    """Return the text of one part. Half characters at an end become the replacement character.

    SMPP 3.4 section 5.2.19: 8 is UCS-2; 1, 3 are IA5 and Latin-1; 0 is the centre's default, GSM 7-bit.  CMPP's 15
    is GB 18030.
    """
    octets = received.octets
    if data_coding & 0x0F == 8 and data_coding < 0x20:
        return octets.decode("utf-16-be", "replace")
    if data_coding == 15:
        return octets.decode("gb18030", "replace")
    if data_coding in {1, 3}:
        return octets.decode("latin-1")
    return decode(octets, received.national)


def _elements(header: bytes) -> list[tuple[int, bytes]]:
    found: list[tuple[int, bytes]] = []
    at = 0
    while at + 2 <= len(header):
        kind, length = header[at], header[at + 1]
        data = header[at + 2 : at + 2 + length]
        if len(data) < length:
            break
        found.append((kind, data))
        at += 2 + length
    return found


def _place(reference: int, total: int, place: int) -> PartOf | None:
    """A place outside of its total is to be passed over (section 9.2.3.24.1)."""
    return PartOf(reference, total, place) if total and 0 < place <= total else None
