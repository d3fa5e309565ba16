"""Session descriptions (RFC 8866) as lists of lines, so that printing gives back what was parsed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from softswitch.testing.phone.errors import ParseError

Line = tuple[str, str]
DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")


@dataclass
class Section:
    """The session part, or one `m=` part, of a description."""

    lines: list[Line] = field(default_factory=list)

    def get(self, kind: str) -> str | None:
        return next((value for k, value in self.lines if k == kind), None)

    def attributes(self, name: str) -> list[str]:
        """The values of every `a=name:value`; '' for a bare `a=name`."""
        found = []
        for kind, value in self.lines:
            if kind == "a":
                key, _, rest = value.partition(":")
                if key == name:
                    found.append(rest)
        return found

    @property
    def direction(self) -> str | None:
        return next((v for k, v in self.lines if k == "a" and v in DIRECTIONS), None)

    @property
    def address(self) -> str | None:
        line = self.get("c")
        if line is None:
            return None
        words = line.split()
        if len(words) != 3 or words[0] != "IN" or words[1] not in ("IP4", "IP6"):
            raise ParseError(f"connection line {line!r} is not 'IN IP4 address'")
        return words[2].split("/")[0]


@dataclass
class MediaSection(Section):
    kind: str = "audio"
    port: int = 0
    protocol: str = "RTP/AVP"
    formats: list[str] = field(default_factory=list)

    @classmethod
    def from_line(cls, value: str) -> MediaSection:
        words = value.split()
        found = re.fullmatch(r"([0-9]{1,5})(/[0-9]+)?", words[1]) if len(words) > 3 else None
        if not found or int(found[1]) > 65535:
            raise ParseError(f"media line {value!r} is not 'kind port protocol formats'")
        return cls([], words[0], int(found[1]), words[2], words[3:])

    @property
    def m_line(self) -> str:
        return f"{self.kind} {self.port} {self.protocol} {' '.join(self.formats)}"

    def rtpmap(self) -> dict[int, str]:
        """Payload type to 'NAME/rate', the static ones of RFC 3551 included."""
        maps = {0: "PCMU/8000", 8: "PCMA/8000"}
        for value in self.attributes("rtpmap"):
            number, _, name = value.partition(" ")
            if not re.fullmatch(r"[0-9]{1,3}", number) or int(number) > 127 or not name.strip():
                raise ParseError(f"rtpmap {value!r} is not 'type NAME/rate'")
            maps[int(number)] = name.strip().upper().removesuffix("/1")
        return maps


@dataclass
class Sdp:
    session: Section = field(default_factory=Section)
    media: list[MediaSection] = field(default_factory=list)

    @classmethod
    def parse(cls, body: bytes) -> Sdp:
        try:
            text = body.decode()
        except UnicodeDecodeError:
            raise ParseError("the session description is not UTF-8") from None
        description = cls()
        part: Section = description.session
        for line in re.split(r"\r\n|\n", text):
            if not line:
                continue
            kind, equals, value = line.partition("=")
            if len(kind) != 1 or not equals:
                raise ParseError(f"SDP line {line[:80]!r} is not 'x=value'")
            if kind == "m":
                part = MediaSection.from_line(value)
                description.media.append(part)
            else:
                part.lines.append((kind, value))
        if description.session.get("v") != "0":
            raise ParseError("a session description starts with v=0")
        return description

    def encode(self) -> bytes:
        lines = [f"{k}={v}" for k, v in self.session.lines]
        for media in self.media:
            lines.append(f"m={media.m_line}")
            lines.extend(f"{k}={v}" for k, v in media.lines)
        return ("\r\n".join(lines) + "\r\n").encode()

    def address_of(self, media: Section) -> str:
        address = media.address or self.session.address
        if address is None:
            raise ParseError("the session description names no address")
        return address

    def direction_of(self, media: Section) -> str:
        return media.direction or self.session.direction or "sendrecv"
