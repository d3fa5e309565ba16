"""RTP packets (RFC 3550 section 5.1), length checks first."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from softswitch.testing.phone.errors import ParseError

HEADER = struct.Struct("!BBHII")


def is_rtcp(data: bytes) -> bool:
    """RTCP on an RTP port, told apart by its packet type (RFC 5761 section 4)."""
    return len(data) >= 2 and 192 <= data[1] <= 223


@dataclass(slots=True)
class RtpPacket:
    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes = b""
    marker: bool = False
    csrcs: tuple[int, ...] = ()
    extension: tuple[int, bytes] | None = None

    @classmethod
    def parse(cls, data: bytes) -> RtpPacket:
        if len(data) < 12:
            raise ParseError(f"RTP packet of {len(data)} bytes is shorter than its header")
        first, second, sequence, timestamp, ssrc = HEADER.unpack_from(data)
        if first >> 6 != 2:
            raise ParseError(f"RTP version {first >> 6} is not 2")
        if first & 0x3F == 0:  # no padding, extension or CSRC: nearly every packet
            return cls(second & 0x7F, sequence, timestamp, ssrc, data[12:], second >= 128)
        at = 12 + 4 * (first & 0x0F)
        if len(data) < at:
            raise ParseError("RTP packet ends inside its CSRC list")
        csrcs = struct.unpack_from(f"!{first & 0x0F}I", data, 12)
        extension = None
        if first & 0x10:
            if len(data) < at + 4:
                raise ParseError("RTP packet ends inside its extension header")
            profile, words = struct.unpack_from("!HH", data, at)
            if len(data) < at + 4 + 4 * words:
                raise ParseError("RTP packet ends inside its extension")
            extension = (profile, data[at + 4 : at + 4 + 4 * words])
            at += 4 + 4 * words
        end = len(data)
        if first & 0x20:
            if end == at or not 0 < data[-1] <= end - at:
                raise ParseError("RTP padding is longer than the payload")
            end -= data[-1]
        payload_type = second & 0x7F
        return cls(
            payload_type, sequence, timestamp, ssrc, data[at:end], second >= 128, csrcs, extension
        )

    def encode(self) -> bytes:
        first = 0x80 | len(self.csrcs) | (0x10 if self.extension else 0)
        second = self.payload_type | (0x80 if self.marker else 0)
        out = HEADER.pack(first, second, self.sequence, self.timestamp, self.ssrc)
        out += struct.pack(f"!{len(self.csrcs)}I", *self.csrcs)
        if self.extension:
            profile, content = self.extension
            out += struct.pack("!HH", profile, len(content) // 4) + content
        return out + self.payload


def header_length(data: bytes) -> int:
    """Where the payload begins; SRTP encrypts from there."""
    at = 12 + 4 * (data[0] & 0x0F)
    if data[0] & 0x10:
        if len(data) < at + 4:
            raise ParseError("RTP packet ends inside its extension header")
        at += 4 + 4 * int(struct.unpack_from("!H", data, at + 2)[0])
    if len(data) < at:
        raise ParseError("RTP packet ends inside its header")
    return at
