"""What the header Geolocation of an INVITE tells (RFC 6442 section 4.1). Pure."""

from __future__ import annotations

import re

_LONGEST = 4_000
_VALUE = re.compile(r"<([^<>]*)>")


def reference(header: str) -> str:
    """Return the first location URI that can be asked over HTTP (RFC 6753), empty when there is none.

    A ``cid:`` URI points into the body of the INVITE, which the switch does not hand on.
    """
    found: list[str] = _VALUE.findall(header[:_LONGEST])
    return next((uri for uri in found if uri.lower().startswith(("http:", "https:"))), "")
