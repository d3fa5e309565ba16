"""DTMF as telephone events (RFC 4733 section 2.3), both ways."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from softswitch.testing.phone.errors import ParseError

DIGITS = "0123456789*#ABCD"
_LOW, _HIGH = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
_PAD = ("123A", "456B", "789C", "*0#D")
# The two tones of each key (ITU-T Q.23), for a far end that knows no telephone events.
TONES = {k: (_LOW[r], _HIGH[c]) for r, row in enumerate(_PAD) for c, k in enumerate(row)}


@dataclass(frozen=True)
class TelephoneEvent:
    event: int
    end: bool
    duration: int
    volume: int = 10

    @classmethod
    def parse(cls, payload: bytes) -> TelephoneEvent:
        if len(payload) < 4:
            raise ParseError(f"telephone event of {len(payload)} bytes is shorter than 4")
        event, flags, duration = struct.unpack_from("!BBH", payload)
        return cls(event, bool(flags & 0x80), duration, flags & 0x3F)

    def encode(self) -> bytes:
        flags = (0x80 if self.end else 0) | self.volume
        return struct.pack("!BBH", self.event, flags, self.duration)


def event_frames(digit: str, frames: int) -> list[TelephoneEvent]:
    """What is sent for one key: an update each 20 ms, and the end three times (2.5.1.4)."""
    if digit not in DIGITS or len(digit) != 1:
        raise ValueError(f"{digit!r} is no DTMF digit: {DIGITS}")
    event = DIGITS.index(digit)
    updates = [TelephoneEvent(event, False, 160 * n) for n in range(1, frames)]
    return updates + [TelephoneEvent(event, True, 160 * frames)] * 3


class DtmfReceiver:
    """Turns event packets into digits: one for each RTP timestamp, however many are lost."""

    def __init__(self) -> None:
        self._last: int | None = None

    def receive(self, payload: bytes, timestamp: int) -> str | None:
        """The digit that this packet begins, if it begins one."""
        event = TelephoneEvent.parse(payload)
        if event.event >= len(DIGITS) or timestamp == self._last:
            return None
        self._last = timestamp
        return DIGITS[event.event]
