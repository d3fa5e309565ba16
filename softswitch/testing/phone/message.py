"""SIP requests and responses that parse and print themselves (RFC 3261 sections 7 and 18.3)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from softswitch.testing.phone.errors import ParseError
from softswitch.testing.phone.fields import CSeq, NameAddr, Reason, Via, split_outside

MAX_MESSAGE = 65_535
MAX_HEADERS = 256
_TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+\Z")
_COMPACT = {
    "a": "accept-contact", "b": "referred-by", "c": "content-type", "d": "request-disposition",
    "e": "content-encoding", "f": "from", "i": "call-id", "k": "supported", "l": "content-length",
    "m": "contact", "o": "event", "r": "refer-to", "s": "subject", "t": "to", "u": "allow-events",
    "v": "via", "x": "session-expires", "y": "identity",
}  # fmt: skip


def _canonical(name: str) -> str:
    name = name.lower()
    return _COMPACT.get(name, name)


class Headers:
    """An ordered list of header fields, found without regard to case and compact form."""

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self._fields: list[tuple[str, str]] = []
        for name, value in fields:
            self.add(name, value)

    def add(self, name: str, value: object) -> None:
        text = str(value)
        if not _TOKEN.match(name):
            raise ParseError(f"header name {name!r} is no token")
        if "\r" in text or "\n" in text or "\0" in text:
            raise ParseError(f"header {name} holds a line break or NUL: {text!r}")
        self._fields.append((name, text.strip()))

    def set(self, name: str, value: object) -> None:
        """One value in the place of all that were there."""
        wanted = _canonical(name)
        at = next((i for i, f in enumerate(self._fields) if _canonical(f[0]) == wanted), None)
        self.remove(name)
        self.add(name, value)
        if at is not None:
            self._fields.insert(at, self._fields.pop())

    def remove(self, name: str) -> None:
        wanted = _canonical(name)
        self._fields = [f for f in self._fields if _canonical(f[0]) != wanted]

    def get(self, name: str) -> str | None:
        wanted = _canonical(name)
        for known, value in self._fields:
            if _canonical(known) == wanted:
                return value
        return None

    def all(self, name: str) -> list[str]:
        wanted = _canonical(name)
        return [value for known, value in self._fields if _canonical(known) == wanted]

    def listed(self, name: str) -> list[str]:
        """All values, those that share one line at a comma taken apart."""
        return [part for value in self.all(name) for part in split_outside(value, ",") if part]

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise ParseError(f"the message has no {name} header")
        return value

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._fields)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self._fields == other._fields

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __repr__(self) -> str:
        return f"Headers({self._fields!r})"

    def copy(self) -> Headers:
        return Headers(self._fields)


@dataclass
class Message:
    """What requests and responses share."""

    headers: Headers = field(default_factory=Headers, kw_only=True)
    body: bytes = field(default=b"", kw_only=True)

    @property
    def start_line(self) -> str:
        raise NotImplementedError

    def encode(self) -> bytes:
        """Content-Length is always told as it is, whatever the headers say."""
        lines = [self.start_line]
        length_written = False
        for name, value in self.headers:
            if _canonical(name) == "content-length":
                length_written = True
                value = str(len(self.body))
            lines.append(f"{name}: {value}" if value else f"{name}:")
        if not length_written:
            lines.append(f"Content-Length: {len(self.body)}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + self.body

    @property
    def via(self) -> Via:
        values = self.headers.listed("Via")
        if not values:
            raise ParseError("the message has no Via header")
        return Via.parse(values[0])

    @property
    def cseq(self) -> CSeq:
        return CSeq.parse(self.headers["CSeq"])

    @property
    def call_id(self) -> str:
        return self.headers["Call-ID"]

    @property
    def from_(self) -> NameAddr:
        return NameAddr.parse(self.headers["From"])

    @property
    def to(self) -> NameAddr:
        return NameAddr.parse(self.headers["To"])

    @property
    def contact(self) -> NameAddr | None:
        values = self.headers.listed("Contact")
        return NameAddr.parse(values[0]) if values and values[0] != "*" else None

    @property
    def reasons(self) -> list[Reason]:
        return [Reason.parse(value) for value in self.headers.listed("Reason")]

    def check(self) -> None:
        """Parse the fields without which no transaction can be told from another."""
        self.via, self.cseq, self.call_id, self.from_, self.to  # noqa: B018


@dataclass
class Request(Message):
    method: str
    uri: str

    @property
    def start_line(self) -> str:
        return f"{self.method} {self.uri} SIP/2.0"


@dataclass
class Response(Message):
    status: int
    reason: str = ""

    @property
    def start_line(self) -> str:
        return f"SIP/2.0 {self.status} {self.reason}"


def _start(line: str) -> Request | Response:
    if line.startswith("SIP/2.0 "):
        code, _, reason = line[8:].partition(" ")
        if not re.fullmatch(r"[1-6][0-9][0-9]", code):
            raise ParseError(f"status {code!r} is outside 100 to 699")
        return Response(int(code), reason)
    words = line.split(" ")
    if len(words) != 3 or words[2] != "SIP/2.0" or not words[1] or not _TOKEN.match(words[0]):
        raise ParseError(f"{line[:80]!r} is neither a SIP request nor a SIP response")
    return Request(words[0], words[1])


def parse_message(data: bytes) -> Request | Response:
    """One message out of one datagram; raises ParseError and nothing else."""
    if len(data) > MAX_MESSAGE:
        raise ParseError(f"message of {len(data)} bytes is longer than {MAX_MESSAGE}")
    head, blank, body = data.partition(b"\r\n\r\n")
    if not blank:
        raise ParseError("no empty line after the headers")
    try:
        lines = head.decode().split("\r\n")
    except UnicodeDecodeError:
        raise ParseError("the headers are not UTF-8") from None
    message = _start(lines[0])
    if len(lines) > MAX_HEADERS:
        raise ParseError(f"more than {MAX_HEADERS} header lines")
    fields: list[tuple[str, str]] = []
    for line in lines[1:]:
        if line[:1] in (" ", "\t") and fields:  # a folded line goes on with the one before
            fields[-1] = (fields[-1][0], f"{fields[-1][1]} {line.strip()}")
            continue
        name, colon, value = line.partition(":")
        if not colon:
            raise ParseError(f"header line {line[:80]!r} has no colon")
        fields.append((name.rstrip(), value))
    message.headers = Headers(fields)
    length = message.headers.get("Content-Length")
    if length is not None:
        if not re.fullmatch(r"[0-9]{1,6}", length):
            raise ParseError(f"Content-Length {length!r} is no number")
        if int(length) > len(body):
            raise ParseError(f"Content-Length {length} but {len(body)} bytes of body")
        body = body[: int(length)]
    message.body = body
    return message


class StreamSplitter:
    """Cuts a TCP or TLS byte stream into messages by Content-Length (RFC 3261 section 18.3)."""

    _LENGTH = re.compile(
        rb"\r\n(?:content-length|l)[ \t]*:[ \t]*([0-9]{1,6})[ \t]*\r\n", re.IGNORECASE
    )

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> list[bytes]:
        self._buffer += data
        messages: list[bytes] = []
        while True:
            # Empty lines between messages are keep-alives (RFC 5626 section 3.5.1).
            self._buffer = self._buffer.lstrip(b"\r\n")
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                if len(self._buffer) > MAX_MESSAGE:
                    raise ParseError("headers without an end on a stream")
                return messages
            found = self._LENGTH.search(self._buffer, 0, end + 2)
            if not found:
                raise ParseError("a message on a stream has no Content-Length")
            total = end + 4 + int(found[1])
            if total > MAX_MESSAGE:
                raise ParseError(f"message of {total} bytes is longer than {MAX_MESSAGE}")
            if len(self._buffer) < total:
                return messages
            messages.append(self._buffer[:total])
            self._buffer = self._buffer[total:]
