"""The Via fields: which way a response takes (RFC 3261 clause 18.2, RFC 3581). Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from intercept.door.message import Drop, Field, Malformed, Message, split

Place = tuple[str, int]
"""An IPv4 address and a port."""

COOKIE = "z9hG4bK"
SIP_PORT = 5060
_HIGHEST_PORT = 65_535
_VALUE = re.compile(
    r"SIP\s*/\s*2\.0\s*/\s*UDP\s+([A-Za-z0-9_.\-]+)(?:\s*:\s*(\d{1,5}))?", re.IGNORECASE
)
_ADDRESS = re.compile(r"(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Via:
    """One value of a Via field."""

    host: str
    port: int | None
    params: tuple[tuple[str, str | None], ...]

    def get(self, name: str) -> str | None:
        """Return a parameter's value; nothing when it stands without one, None when it is not there."""
        return next((value or "" for key, value in self.params if key == name), None)

    def with_(self, name: str, value: str) -> Via:
        """Return it with one parameter set."""
        others = tuple(each for each in self.params if each[0] != name)
        return replace(self, params=(*others, (name, value)))

    def __str__(self) -> str:
        port = f":{self.port}" if self.port is not None else ""
        params = "".join(
            f";{name}" if value is None else f";{name}={value}" for name, value in self.params
        )
        return f"SIP/2.0/UDP {self.host}{port}{params}"


def is_address(text: str) -> bool:
    """Tell whether a text is an IPv4 address."""
    return _ADDRESS.fullmatch(text) is not None


def port_of(text: str) -> int | None:
    """Return a port, None for what is none."""
    port = int(text) if re.fullmatch(r"\d{1,5}", text, re.ASCII) else 0
    return port if 0 < port <= _HIGHEST_PORT else None


def parse_via(text: str) -> Via:
    """Return one value. Raises :class:`Malformed`."""
    head, *parts = split(text, ";")
    found = _VALUE.fullmatch(head)
    if found is None or (found[2] is not None and port_of(found[2]) is None):
        raise Malformed(Drop.BAD_VIA)
    params: list[tuple[str, str | None]] = []
    for part in parts:
        name, equals, value = part.partition("=")
        params.append((name.strip().lower(), value.strip() if equals else None))
    return Via(found[1], int(found[2]) if found[2] else None, tuple(params))


def top(message: Message) -> Via:
    """Return the Via of who sent the message last."""
    return parse_via(split(_first(message).value, ",")[0])


def mark_received(message: Message, source: Place) -> Message:
    """Write down in the top Via where the request came from, asked or not: the response goes there."""
    host, port = source
    marked = top(message).with_("received", host).with_("rport", str(port))
    first = _first(message)
    _, *others = split(first.value, ",")
    return _replaced(message, first.with_value(", ".join([str(marked), *others])))


def push(message: Message, via: Via) -> Message:
    """Put a Via on top."""
    at = message.fields.index(_first(message))
    field = Field("Via", f" {via}")
    return replace(message, fields=(*message.fields[:at], field, *message.fields[at:]))


def pop(message: Message) -> Message:
    """Take the top Via off. Raises :class:`Malformed` when no other is below it: the response is for nobody."""
    first = _first(message)
    _, *others = split(first.value, ",")
    at = message.fields.index(first)
    rest = message.fields[at + 1 :]
    fields = (
        *message.fields[:at],
        *([first.with_value(", ".join(others))] if others else ()),
        *rest,
    )
    popped = replace(message, fields=fields)
    if not others and not any(popped.all("via")):
        raise Malformed(Drop.NO_VIA_LEFT)
    return popped


def answers_to(via: Via) -> Place:
    """Return where the response to the one who wrote this Via goes. Raises :class:`Malformed` for a name."""
    host = via.get("received") or via.host
    port = port_of(via.get("rport") or "") or via.port or SIP_PORT
    if not is_address(host):
        raise Malformed(Drop.BAD_VIA)
    return host, port


def _first(message: Message) -> Field:
    field = next(message.all("via"), None)
    if field is None:
        raise Malformed(Drop.NO_VIA_LEFT)
    return field


def _replaced(message: Message, field: Field) -> Message:
    at = message.fields.index(_first(message))
    return replace(message, fields=(*message.fields[:at], field, *message.fields[at + 1 :]))
