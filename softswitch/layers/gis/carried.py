"""What the header Geolocation of an INVITE tells (RFC 6442 section 4.1). Pure."""

from __future__ import annotations

import re
from urllib.parse import unquote

from softswitch.errors import Refusal
from softswitch.layers.gis.model import Location, Source, point, uncertainty

_LONGEST = 4_000
_VALUE = re.compile(r"<([^<>]*)>")
_NUMBER = r"-?[0-9]{1,3}(?:\.[0-9]{1,15})?"
_GEO = re.compile(
    rf"geo:(?P<lat>{_NUMBER}),(?P<lon>{_NUMBER})(?:,-?[0-9.]{{1,16}})?(?P<parameters>(?:;[^;]*)*)",
    re.IGNORECASE | re.ASCII,
)
_UNCERTAINTY = re.compile(r"u=([0-9]{1,8}(?:\.[0-9]{1,15})?)", re.ASCII)
_WGS84 = "crs=wgs84"


def reference(header: str) -> str:
    """Return the first location URI that can be asked over HTTP (RFC 6753), empty when there is none."""
    return next((uri for uri in _uris(header) if uri.lower().startswith(("http:", "https:"))), "")


def enclosed(header: str) -> list[str]:
    """Return the Content-IDs of the parts of the INVITE's body that hold a location (RFC 2392 section 2)."""
    return [unquote(uri[4:]) for uri in _uris(header) if uri.lower().startswith("cid:")]


def _uris(header: str) -> list[str]:
    found: list[str] = _VALUE.findall(header[:_LONGEST])
    return found


def value(header: str) -> Location | None:
    """Return the place that the first ``geo:`` URI itself is (RFC 5870, WGS-84): its header needs no other question.

    ``;u=`` is the uncertainty in metres. None: there is none, or it is no place.
    """
    for uri in _uris(header):
        found = _GEO.fullmatch(uri)
        if found is None:
            continue
        parameters = [each.lower() for each in found["parameters"].split(";") if each]
        if any(each.startswith("crs=") and each != _WGS84 for each in parameters):
            continue
        told = next((m for each in parameters if (m := _UNCERTAINTY.fullmatch(each))), None)
        try:
            place = point(float(found["lon"]), float(found["lat"]))
            return Location(place, uncertainty(float(told[1])) if told else 0.0, Source.VALUE)
        except Refusal:
            continue
    return None
