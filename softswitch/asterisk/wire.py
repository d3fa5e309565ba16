"""The AMI wire format: one encoder that lets nothing through, one parser that is quick.

Source: the Asterisk documentation, "AMI v2 Specification"; a message is lines of ``Name: value`` ended by an
empty line, all by CR LF.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from softswitch.ports import ActFailed

LONGEST_LINE = 1000
"""Asterisk refuses lines over about 1,024 bytes."""
LONGEST_MESSAGE = 1_000_000

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9()_-]{0,63}")
_FORBIDDEN = re.compile(r"[\r\n\0]")


class BadField(ActFailed):
    """A field that must not be sent: it would start another line, and so another action."""


def encode_action(fields: Iterable[tuple[str, str]]) -> bytes:
    """Return an action as bytes; raise :class:`BadField` for CR, LF, NUL, a bad name or an over-long line."""
    lines: list[bytes] = []
    for name, value in fields:
        if not _NAME.fullmatch(name):
            raise BadField(f"{name!r} is no name of an AMI field")
        if _FORBIDDEN.search(value):
            raise BadField(f"AMI field {name} holds a line break or NUL")
        line = f"{name}: {value}".encode()
        if len(line) > LONGEST_LINE:
            raise BadField(f"AMI field {name} has {len(line)} bytes; {LONGEST_LINE} fit")
        lines.append(line)
    return b"\r\n".join(lines) + b"\r\n\r\n"


Message = Mapping[str, str]
"""The fields of an event or a response; of a name that comes twice the last one counts, but Output is all its lines."""
_COMMAND = b"\r\nOutput:"


def decode_message(block: bytes) -> dict[str, str]:
    """Return the fields of one message (without its empty line); lines that are no fields are left out."""
    lines = block.decode("utf-8", "replace").split("\r\n")
    if block.startswith(b"Response:") and _COMMAND in block:
        return _command_output(lines)
    try:
        return dict([line.split(": ", 1) for line in lines])  # the quickest form there is
    except ValueError:
        return {
            name: value.lstrip(" ")
            for name, colon, value in (line.partition(":") for line in lines)
            if colon
        }


def _command_output(lines: list[str]) -> dict[str, str]:
    """Return the answer to the action Command: one field Output of all lines, which may hold anything."""
    output = [line.removeprefix("Output:") for line in lines if line.startswith("Output:")]
    others = [line for line in lines if not line.startswith("Output:")]
    fields = {name: value.strip() for name, _, value in (line.partition(":") for line in others)}
    return {**fields, "Output": "\n".join(line.removeprefix(" ") for line in output)}


class Splitter:
    """Cuts a stream of bytes into messages; decodes only those that someone wants.

    ``feed`` takes what the socket gave and yields each whole message. Events whose name is not in
    ``wanted`` are counted and dropped before they are decoded: most of what Asterisk says is for others.
    """

    def __init__(self, wanted: frozenset[bytes] | None = None) -> None:
        self.dropped = 0
        self._wanted = wanted
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[dict[str, str]]:
        """Yield the messages that are now whole; raise :class:`BadField` when one grows without end."""
        blocks = (self._rest + data).split(b"\r\n\r\n")
        self._rest = blocks.pop()
        if len(self._rest) > LONGEST_MESSAGE:
            raise BadField("An AMI message has no end")
        wanted = self._wanted
        for block in blocks:
            if wanted is not None and block.startswith(b"Event: "):
                end = block.find(b"\r\n", 7)
                if block[7 : end if end > 0 else None] not in wanted:
                    self.dropped += 1
                    continue
            yield decode_message(block)
