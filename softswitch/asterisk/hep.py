"""Copies of SIP messages as Asterisk sends them: HEP version 3, the sign ``HEP3``, a length, then chunks. Pure.

A chunk is vendor, type and length, two bytes each, then the value; the length counts these six bytes too.
"""

from __future__ import annotations

import hmac
import struct
from collections.abc import Iterator

MOST_BYTES = 65_535
SIGN = b"HEP3"
_HEAD = 6
_SECRET, _PAYLOAD = 0x0E, 0x0F
"""The chunks that are looked at, of vendor 0."""


def payload(packet: bytes, secret: bytes) -> bytes | None:
    """Return the message in a packet; None when the packet is no copy from a switch that knows the secret."""
    if packet[:4] != SIGN or len(packet) < _HEAD:
        return None
    if struct.unpack_from("!H", packet, 4)[0] != len(packet):
        return None
    found = dict(_chunks(packet))
    if not hmac.compare_digest(found.get(_SECRET, b""), secret):
        return None
    return found.get(_PAYLOAD)


def packet(message: bytes, secret: bytes) -> bytes:
    """Return a packet with these two chunks, as a switch sends it."""
    chunks = _chunk(_SECRET, secret) + _chunk(_PAYLOAD, message)
    return SIGN + struct.pack("!H", _HEAD + len(chunks)) + chunks


def _chunk(kind: int, value: bytes) -> bytes:
    return struct.pack("!HHH", 0, kind, _HEAD + len(value)) + value


def _chunks(packet: bytes) -> Iterator[tuple[int, bytes]]:
    """Give the chunks of vendor 0, up to the first that is cut short."""
    at = _HEAD
    while at + _HEAD <= len(packet):
        vendor, kind, length = struct.unpack_from("!HHH", packet, at)
        if length < _HEAD or at + length > len(packet):
            return
        if vendor == 0:
            yield kind, packet[at + _HEAD : at + length]
        at += length
