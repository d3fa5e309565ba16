"""The documents of type ``application/pidf+xml`` in the body of an INVITE (RFC 6442, RFC 5621, RFC 2046). Pure.

They are taken out as they are; whether one is sound is for its reader to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

MOST_DOCUMENTS = 4
_MOST_PARTS = 16
_WANTED = b"application/pidf+xml"
_BOUNDARY = re.compile(rb';\s*boundary\s*=\s*(?:"([^"\r\n]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE)
"""At most 70 characters (RFC 2046 section 5.1.1)."""
_FOLD = re.compile(rb"\r\n[ \t]+")
_LONG = {b"i": b"call-id", b"c": b"content-type"}
"""The compact forms of the fields that are looked at here (RFC 3261 clause 7.3.3)."""


@dataclass(frozen=True, slots=True)
class Enclosed:
    """What an INVITE holds: documents by their Content-ID, without its angle brackets."""

    call_id: str
    documents: Mapping[str, bytes]


def enclosed(message: bytes) -> Enclosed | None:
    """Return the documents in a SIP message; None when it is no INVITE or holds none."""
    if not message.startswith(b"INVITE ") or _WANTED not in message.lower():
        return None
    head, _, body = message.partition(b"\r\n\r\n")
    fields = _fields(head.partition(b"\r\n")[2])
    documents: dict[str, bytes] = {}
    for inner, content in _parts(fields, body):
        if _type(inner) == _WANTED and len(documents) < MOST_DOCUMENTS:
            name = inner.get(b"content-id", b"").strip(b"<> ").decode("latin-1")
            documents.setdefault(name, content)
    call_id = fields.get(b"call-id", b"").decode("latin-1")
    return Enclosed(call_id, documents) if call_id and documents else None


def _parts(
    fields: Mapping[bytes, bytes], body: bytes
) -> Iterator[tuple[Mapping[bytes, bytes], bytes]]:
    """Give the fields and the content of each part; a body without parts is its own."""
    if not _type(fields).startswith(b"multipart/"):
        yield fields, body
        return
    found = _BOUNDARY.search(fields[b"content-type"])
    if found is None:
        return
    pieces = (b"\r\n" + body).split(b"\r\n--" + (found[1] or found[2]), _MOST_PARTS)
    for piece in pieces[1:]:
        if piece.startswith(b"--"):
            return
        head, _, content = piece.lstrip(b" \t").partition(b"\r\n\r\n")
        yield _fields(head.removeprefix(b"\r\n")), content


def _type(fields: Mapping[bytes, bytes]) -> bytes:
    return fields.get(b"content-type", b"").partition(b";")[0].strip().lower()


def _fields(head: bytes) -> dict[bytes, bytes]:
    """Return the first field of each name."""
    fields: dict[bytes, bytes] = {}
    for line in _FOLD.sub(b" ", head).split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if colon:
            key = name.strip().lower()
            fields.setdefault(_LONG.get(key, key), value.strip())
    return fields
