"""What the header Geolocation of an INVITE tells (RFC 6442 section 4.1). Pure."""

from __future__ import annotations

import re
from urllib.parse import unquote

_LONGEST = 4_000
_VALUE = re.compile(r"<([^<>]*)>")


def reference(header: str) -> str:
    """Return the first location URI that can be asked over HTTP (RFC 6753), empty when there is none."""
    return next((uri for uri in _uris(header) if uri.lower().startswith(("http:", "https:"))), "")


def enclosed(header: str) -> list[str]:
    """Return the Content-IDs of the parts of the INVITE's body that hold a location (RFC 2392 section 2)."""
    return [unquote(uri[4:]) for uri in _uris(header) if uri.lower().startswith("cid:")]


def _uris(header: str) -> list[str]:
    found: list[str] = _VALUE.findall(header[:_LONGEST])
    return found
