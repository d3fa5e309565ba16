"""Structured values inside SIP headers (RFC 3261 sections 19.1, 20 and 25; RFC 3326 for Reason)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from softswitch.testing.phone.errors import ParseError

Params = dict[str, str | None]
_TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+\Z")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9_.\-]+)(?::([0-9]{1,5}))?\Z")
# Characters that RFC 3261 lets stand unescaped in the user part and in header values of a URI.
_USER_SAFE = "-_.!~*'()&=+$,;?/#"


def split_outside(text: str, separator: str) -> list[str]:
    """Split at `separator`, but neither inside quotes nor inside angle brackets."""
    if separator not in text:
        return [text.strip()]
    parts: list[str] = []
    start, quoted, angle, escaped = 0, False, False, False
    for at, char in enumerate(text):
        if escaped:
            escaped = False
        elif quoted:
            escaped = char == "\\"
            quoted = char != '"'
        elif char == '"':
            quoted = True
        elif char == "<":
            angle = True
        elif char == ">":
            angle = False
        elif char == separator and not angle:
            parts.append(text[start:at].strip())
            start = at + 1
    parts.append(text[start:].strip())
    return parts


def parse_params(pieces: list[str]) -> Params:
    params: Params = {}
    for piece in pieces:
        if not piece:
            continue
        name, equals, value = piece.partition("=")
        name = name.strip().lower()
        if not _TOKEN.match(name):
            raise ParseError(f"parameter name {name!r} is no token")
        params[name] = value.strip() if equals else None
    return params


def print_params(params: Params) -> str:
    return "".join(f";{k}" if v is None else f";{k}={v}" for k, v in params.items())


def unquote_string(text: str) -> str:
    """The text inside a quoted-string; anything else comes back unchanged."""
    if len(text) >= 2 and text[0] == '"' and text[-1] == '"':
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text


def quote_string(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def parse_port(text: str) -> int:
    port = int(text)
    if not 0 < port < 65536:
        raise ParseError(f"port {text} is outside 1 to 65535")
    return port


@dataclass(frozen=True)
class Uri:
    """A SIP, SIPS or tel URI."""

    user: str = ""
    host: str = ""
    port: int | None = None
    scheme: str = "sip"
    params: Params = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Uri:
        scheme, colon, rest = text.strip().partition(":")
        scheme = scheme.lower()
        if not colon or scheme not in ("sip", "sips", "tel"):
            raise ParseError(f"{text!r} is no sip, sips or tel URI")
        if any(c in rest for c in ' \t\r\n<>"'):
            raise ParseError(f"URI {text!r} has a character that must be escaped")
        if scheme == "tel":
            number, *pieces = rest.split(";")
            return cls(number, "", None, "tel", parse_params(pieces))
        # The user part may hold ';' and '?', so cut it off first.
        user, at, rest = rest.rpartition("@")
        if at and not user:
            raise ParseError(f"URI {text!r} has an empty user part")
        rest, mark, header_text = rest.partition("?")
        hostport, *pieces = rest.split(";")
        found = _HOST.match(hostport)
        if not found:
            raise ParseError(f"URI {text!r} has no valid host")
        port = parse_port(found[2]) if found[2] else None
        headers = {}
        for piece in header_text.split("&") if mark else []:
            name, _, value = piece.partition("=")
            headers[unquote(name)] = unquote(value)
        return cls(unquote(user), found[1], port, scheme, parse_params(pieces), headers)

    def __str__(self) -> str:
        if self.scheme == "tel":
            return f"tel:{self.user}{print_params(self.params)}"
        user = quote(self.user, safe=_USER_SAFE) + "@" if self.user else ""
        port = f":{self.port}" if self.port else ""
        text = f"{self.scheme}:{user}{self.host}{port}{print_params(self.params)}"
        if self.headers:
            pairs = (f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in self.headers.items())
            text += "?" + "&".join(pairs)
        return text


@dataclass(frozen=True)
class NameAddr:
    """The value of From, To, Contact, Refer-To, P-Asserted-Identity and their like."""

    uri: Uri
    name: str = ""
    params: Params = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> NameAddr:
        pieces = split_outside(text, ";")
        head = pieces[0]
        if "<" in head:
            if not head.endswith(">"):
                raise ParseError(f"address {text!r} has no closing bracket")
            # The bracket that opens the URI is the last one: a quoted name may hold others.
            start = head.rindex("<")
            name = unquote_string(head[:start].strip())
            return cls(Uri.parse(head[start + 1 : -1]), name, parse_params(pieces[1:]))
        # Without brackets, everything after ';' belongs to the header (RFC 3261 section 20.10).
        return cls(Uri.parse(head), "", parse_params(pieces[1:]))

    def __str__(self) -> str:
        name = quote_string(self.name) + " " if self.name else ""
        return f"{name}<{self.uri}>{print_params(self.params)}"

    @property
    def tag(self) -> str | None:
        return self.params.get("tag")


@dataclass(frozen=True)
class Via:
    transport: str
    host: str
    port: int | None = None
    params: Params = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Via:
        pieces = split_outside(text, ";")
        words = pieces[0].split()
        if len(words) != 2:
            raise ParseError(f"Via {text!r} is not 'SIP/2.0/transport host'")
        protocol = words[0].split("/")
        found = _HOST.match(words[1])
        if len(protocol) != 3 or protocol[:2] != ["SIP", "2.0"] or not found:
            raise ParseError(f"Via {text!r} is not valid")
        port = parse_port(found[2]) if found[2] else None
        return cls(protocol[2].upper(), found[1], port, parse_params(pieces[1:]))

    def __str__(self) -> str:
        port = f":{self.port}" if self.port else ""
        return f"SIP/2.0/{self.transport} {self.host}{port}{print_params(self.params)}"

    @property
    def branch(self) -> str:
        return self.params.get("branch") or ""


@dataclass(frozen=True)
class Reason:
    """Why a request was sent (RFC 3326): `Q.850;cause=8;text="Preemption"`."""

    protocol: str
    cause: int | None = None
    text: str = ""

    @classmethod
    def parse(cls, value: str) -> Reason:
        protocol, *pieces = split_outside(value, ";")
        params = parse_params(pieces)
        cause = params.get("cause")
        if cause is not None and not cause.isdecimal():
            raise ParseError(f"Reason {value!r} has a cause that is no number")
        return cls(
            protocol, int(cause) if cause else None, unquote_string(params.get("text") or "")
        )

    def __str__(self) -> str:
        cause = f";cause={self.cause}" if self.cause is not None else ""
        return f"{self.protocol}{cause}" + (f";text={quote_string(self.text)}" if self.text else "")


@dataclass(frozen=True)
class CSeq:
    number: int
    method: str

    @classmethod
    def parse(cls, text: str) -> CSeq:
        words = text.split()
        if len(words) != 2 or not words[0].isascii() or not words[0].isdecimal():
            raise ParseError(f"CSeq {text!r} is not 'number METHOD'")
        if len(words[0]) > 10 or int(words[0]) >= 2**32:
            raise ParseError(f"CSeq {text!r} is above 2**32")
        return cls(int(words[0]), words[1])

    def __str__(self) -> str:
        return f"{self.number} {self.method}"
