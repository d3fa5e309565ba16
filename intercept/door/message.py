"""A SIP message as its start line, header fields and body, byte for byte (RFC 3261 clauses 7 and 18.3). Pure.

A proxy leaves alone what it has no business with: fields keep their spelling, blanks and folds, so that a message that
is read and printed again is the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

MOST_BYTES = 16_384
_MOST_FIELDS = 200
_LONG = {
    "v": "via",
    "f": "from",
    "t": "to",
    "i": "call-id",
    "m": "contact",
    "l": "content-length",
}
"""The compact forms of the fields that are looked at here (RFC 3261 clause 7.3.3)."""

_WORD = r"[A-Za-z0-9\-.!%*_+`'~]+"
_REQUEST = re.compile(rf"({_WORD}) ([^\s\x00-\x1f\x7f]+) SIP/2\.0")
_STATUS = re.compile(r"SIP/2\.0 ([1-6]\d\d) [^\r\n]*")
_FIELD = re.compile(rf"({_WORD})([ \t]*):(.*)", re.DOTALL)
_CSEQ = re.compile(rf"(\d{{1,10}})\s+({_WORD})")
_FOLD = re.compile(r"\r\n[ \t]+")
_LONE_END = re.compile(r"\r(?!\n)|(?<!\r)\n")
_WHOLE = re.compile(r'"(?:[^"\\]|\\.)*"?|<[^>]*>?|[,;]', re.DOTALL)
"""What is quoted, what stands in angle brackets, and the signs between values."""
_LINES = re.compile(r"\r\n(?![ \t])")
_ONCE = ("from", "to", "call-id", "cseq")
_AT_MOST_ONCE = ("max-forwards", "content-length")


class Drop(StrEnum):
    """Why a datagram goes no further."""

    TOO_BIG = "too_big"
    NO_SIP = "no_sip"
    TOO_MANY_FIELDS = "too_many_fields"
    BAD_FIELD = "bad_field"
    MISSING_FIELD = "missing_field"
    REPEATED_FIELD = "repeated_field"
    BAD_CSEQ = "bad_cseq"
    BAD_LENGTH = "bad_length"
    CUT_SHORT = "cut_short"
    BAD_VIA = "bad_via"
    NO_VIA_LEFT = "no_via_left"
    NO_ALIAS = "no_alias"
    """The switch sent a request that is for nobody behind the door."""
    FOREIGN_RESPONSE = "foreign_response"
    """A response to no request that went through the door."""
    TOO_MANY_HOPS = "too_many_hops"
    TOO_MANY_LOGINS = "too_many_logins"
    LOCKED_OUT = "locked_out"
    UNREACHABLE = "unreachable"
    TOO_MANY = "too_many"
    """More than the door takes in a second."""
    BUSY = "busy"
    """The system's buffer for what goes out is full."""
    FAILED = "failed"


class Malformed(Exception):
    """What arrived is no SIP message that may be passed on."""

    def __init__(self, reason: Drop) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Field:
    """One header field as it was written; ``name`` may have blanks behind it."""

    name: str
    raw: str

    @property
    def key(self) -> str:
        """Return the long name in small letters."""
        return _key(self.name)

    @property
    def value(self) -> str:
        """Return the value without its folds and the blanks around it."""
        return (_FOLD.sub(" ", self.raw) if "\r\n" in self.raw else self.raw).strip()

    def with_value(self, value: str) -> Field:
        """Return the field with another value."""
        return Field(self.name, f" {value}")


@dataclass(frozen=True, slots=True)
class Message:
    """A request or a response."""

    start: str
    fields: tuple[Field, ...]
    body: bytes

    @property
    def method(self) -> str:
        """Return the method of a request, nothing for a response."""
        found = _REQUEST.fullmatch(self.start)
        return found[1] if found else ""

    @property
    def uri(self) -> str:
        """Return the Request-URI."""
        found = _REQUEST.fullmatch(self.start)
        return found[2] if found else ""

    @property
    def status(self) -> int:
        """Return the status of a response, 0 for a request."""
        found = _STATUS.fullmatch(self.start)
        return int(found[1]) if found else 0

    def all(self, key: str) -> Iterator[Field]:
        """Give the fields of a name."""
        return (field for field in self.fields if field.key == key)

    def one(self, key: str) -> str:
        """Return the value of the first field of a name; nothing when there is none."""
        return next((field.value for field in self.all(key)), "")

    def values(self, key: str) -> list[str]:
        """Return the values of all fields of a name that is a list with commas."""
        return [each for field in self.all(key) for each in split(field.value, ",") if each]

    def with_uri(self, uri: str) -> Message:
        """Return the request with another Request-URI."""
        return replace(self, start=f"{self.method} {uri} SIP/2.0")

    def with_list(self, key: str, values: list[str]) -> Message:
        """Return the message with these values, in place of all fields of a name; without any, none is left."""
        fields: list[Field] = []
        left = ", ".join(values)
        for field in self.fields:
            if field.key != key:
                fields.append(field)
            elif left:
                fields.append(field.with_value(left))
                left = ""
        return replace(self, fields=tuple(fields))

    def encode(self) -> bytes:
        """Return the bytes for the wire."""
        lines = [self.start, *(f"{field.name}:{field.raw}" for field in self.fields), "", ""]
        return "\r\n".join(lines).encode("latin-1") + self.body


def parse(data: bytes) -> Message:
    """Return the message of a datagram. Raises :class:`Malformed`."""
    if len(data) > MOST_BYTES:
        raise Malformed(Drop.TOO_BIG)
    head, end, body = data.partition(b"\r\n\r\n")
    if not end or b"\x00" in head:
        raise Malformed(Drop.NO_SIP)
    start, *lines = _LINES.split(head.decode("latin-1"))
    if not _REQUEST.fullmatch(start) and not _STATUS.fullmatch(start):
        raise Malformed(Drop.NO_SIP)
    if len(lines) > _MOST_FIELDS:
        raise Malformed(Drop.TOO_MANY_FIELDS)
    message = Message(start, tuple(_field(line) for line in lines), body)
    _check(message)
    return message


@lru_cache(512)
def _key(name: str) -> str:
    plain = name.rstrip().lower()
    return _LONG.get(plain, plain)


def _field(line: str) -> Field:
    found = _FIELD.fullmatch(line)
    if found is None or _LONE_END.search(line):
        raise Malformed(Drop.BAD_FIELD)
    return Field(found[1] + found[2], found[3])


def _check(message: Message) -> None:
    """What two readers could take in two ways does not pass."""
    keys = [field.key for field in message.fields]
    if any(keys.count(key) != 1 for key in _ONCE) or "via" not in keys:
        raise Malformed(Drop.MISSING_FIELD)
    if any(keys.count(key) > 1 for key in _AT_MOST_ONCE):
        raise Malformed(Drop.REPEATED_FIELD)
    sequence = _CSEQ.fullmatch(message.one("cseq"))
    if sequence is None or message.method not in {"", sequence[2]}:
        raise Malformed(Drop.BAD_CSEQ)
    length = message.one("content-length")
    if "content-length" in keys and not re.fullmatch(r"\d{1,6}", length):
        raise Malformed(Drop.BAD_LENGTH)
    if length and int(length) > len(message.body):
        raise Malformed(Drop.CUT_SHORT)


def sequence_number(message: Message) -> str:
    """Return the number in CSeq."""
    return message.one("cseq").split()[0]


def split(text: str, separator: str) -> list[str]:
    """Split at a sign, but neither inside quotes nor inside angle brackets; blanks around the parts go."""
    if separator not in text:
        return [text.strip()]
    if '"' not in text and "<" not in text:
        return [part.strip() for part in text.split(separator)]
    parts: list[str] = []
    start = 0
    for found in _WHOLE.finditer(text):
        if found[0] == separator:
            parts.append(text[start : found.start()].strip())
            start = found.end()
    parts.append(text[start:].strip())
    return parts


def parameter(value: str, name: str) -> str | None:
    """Return a parameter of a field's value, ``tag`` in From for example; None when it has none."""
    for part in split(value, ";")[1:]:
        key, _, found = part.partition("=")
        if key.strip().lower() == name:
            return found.strip()
    return None
