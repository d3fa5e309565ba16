"""What an INVITE carried (RFC 6442), in the words in which Asterisk's res_geolocation tells it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from softswitch.layers.gis.model import Location, Source
from softswitch.layers.gis.pidf import civic_line, from_switch, no_location


@dataclass(frozen=True, slots=True)
class Told:
    """A shape, an address, or where to ask; each may be missing."""

    location: Location | None = None
    address: str = ""
    reference: str = ""


_LONGEST = 8_000


def told_by(profile: Mapping[str, str]) -> Told:
    """Return what a channel's profile tells: ``format`` and ``location_info``, a list of ``name=value``.

    Refuses ``no_location`` when it makes no sense.
    """
    form = profile.get("format", "")
    if form not in ("GML", "civicAddress", "URI"):
        return Told()
    values = parameters(profile.get("location_info", ""))
    if form == "URI":
        return Told(reference=values.get("URI", ""))
    if form == "civicAddress":
        return Told(address=civic_line(values))
    return Told(location=from_switch(values, Source.CARRIED))


def parameters(text: str) -> dict[str, str]:
    """Return ``a=b, c="d, e"`` by name."""
    if len(text) > _LONGEST:
        raise no_location("it is too long")
    found: dict[str, str] = {}
    quoted = False
    piece = ""
    for letter in [*text, ","]:
        if letter == '"':
            quoted = not quoted
        elif letter == "," and not quoted:
            name, _, value = piece.partition("=")
            found[name.strip()] = value.strip()
            piece = ""
        else:
            piece += letter
    found.pop("", None)
    return found
