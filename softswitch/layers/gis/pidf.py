"""PIDF-LO (RFC 4119) with the shapes of RFC 5491 and civic addresses of RFC 5139. Pure.

Geodetic values in EPSG:4326 and 4979 have latitude first (RFC 5491 section 5.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from softswitch.errors import Refusal, invalid
from softswitch.layers.gis import sphere
from softswitch.layers.gis.model import Location, Point, Source, point, uncertainty
from softswitch.layers.gis.xml_tree import Element, parse

_SHAPES = ("Point", "Circle", "Ellipse", "Polygon", "ArcBand", "Sphere", "Ellipsoid", "Prism")
_UNITS = ("", "urn:ogc:def:uom:EPSG::9001")
"""Metres; without a unit metres are meant (RFC 5491 section 5.1)."""
_CIVIC = (
    "A1", "A2", "A3", "A4", "A5", "A6", "RD", "STS", "HNO", "HNS",
    "LMK", "BLD", "UNIT", "FLR", "ROOM", "NAM",
)  # fmt: skip
_LONGEST_ADDRESS = 200
_CORNERS = 48


class Carried:
    """What a document tells: a location, an address, or both."""

    def __init__(self, location: Location | None, address: str) -> None:
        self.location = location
        self.address = address


def read(document: bytes, source: Source) -> Carried:
    """Return where a presentity is, by the first shape that can be used and the first civic address.

    Refuses ``bad_xml`` and ``no_location``.
    """
    root = parse(document)
    if root.name not in ("presence", "locationResponse", "location-info"):
        raise no_location(f"it is a {root.name[:40]}")
    address = civic(root)
    shape = next((one for one in root.walk() if one.name in _SHAPES), None)
    location = _located(shape, source, address) if shape is not None else None
    if location is None and not address:
        raise no_location("it holds neither a shape nor an address")
    return Carried(location, address)


def no_location(why: str) -> Refusal:
    """Return the refusal of a document that tells no place."""
    return invalid("no_location", f"The document tells no place: {why}.", "Set it by hand.")


def civic(root: Element) -> str:
    """Return the first civic address as one line, the largest part first, as Chinese addresses are written."""
    found = next((one for one in root.walk() if one.name == "civicAddress"), None)
    if found is None:
        return ""
    return civic_line({child.name: child.text for child in found.children})


def civic_line(parts: Mapping[str, str]) -> str:
    """Return the parts of a civic address (RFC 4776 section 3.4) as one line."""
    words = [text for name in _CIVIC if (text := _printable(parts.get(name, "")))]
    chinese = any("\u4e00" <= letter <= "\u9fff" for word in words for letter in word)
    return ("" if chinese else " ").join(words)[:_LONGEST_ADDRESS]


def _printable(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable()).strip()


def _located(shape: Element, source: Source, address: str) -> Location:
    srs = shape.attributes.get("srsName", "")
    if srs and not srs.endswith(("4326", "4979", "4490")):
        raise no_location(f"its coordinates are in {srs[:60]}")
    try:
        return _shape(shape, source, address)
    except (ValueError, IndexError) as error:
        raise no_location(f"the {shape.name} has no proper numbers") from error


def _shape(shape: Element, source: Source, address: str) -> Location:
    if shape.name in ("Polygon", "Prism"):
        return _polygon(shape, source, address)
    centre = _position(_words(shape, "pos"))
    if shape.name == "Point":
        return Location(centre, 0.0, source, None, address)
    if shape.name in ("Circle", "Sphere"):
        return Location(centre, _metres(shape, "radius"), source, None, address)
    if shape.name == "ArcBand":
        # Some place between two radii in an arc: the whole outer circle holds it.
        return Location(centre, _metres(shape, "outerRadius"), source, None, address)
    major, minor = _metres(shape, "semiMajorAxis"), _metres(shape, "semiMinorAxis")
    turned = float(_words(shape, "orientation")[0])
    ring = _ellipse(centre, major, minor, turned)
    outline = {"type": "Polygon", "coordinates": [ring]}
    return Location(centre, max(major, minor), source, outline, address)


def _polygon(shape: Element, source: Source, address: str) -> Location:
    outer = shape.find("exterior") or shape
    numbers: list[str] = []
    for element in outer.walk():
        if element.name in ("pos", "posList"):
            words = element.text.split()
            width = _dimension(shape) if element.name == "posList" else len(words)
            for start in range(0, len(words), width):
                numbers += words[start : start + 2]
    corners = [_position(numbers[at : at + 2]) for at in range(0, len(numbers), 2)]
    if len(corners) < 4 or corners[0] != corners[-1]:
        raise no_location("the polygon is not closed")
    centre = Point(_middle(c.lon for c in corners), _middle(c.lat for c in corners))
    far = sphere.metres(
        centre, np.array([c.lon for c in corners]), np.array([c.lat for c in corners])
    )
    outline = {"type": "Polygon", "coordinates": [[list(corner) for corner in corners]]}
    return Location(centre, uncertainty(float(far.max())), source, outline, address)


def _middle(values: Iterable[float]) -> float:
    known = list(values)
    return (min(known) + max(known)) / 2


def _dimension(shape: Element) -> int:
    return 3 if shape.attributes.get("srsName", "").endswith("4979") else 2


def _position(words: list[str]) -> Point:
    lat, lon = float(words[0]), float(words[1])
    return point(lon, lat)


def _words(shape: Element, name: str) -> list[str]:
    found = shape.find(name)
    if found is None:
        raise ValueError(name)
    return found.text.split()


def _metres(shape: Element, name: str) -> float:
    found = shape.find(name)
    if found is None or found.attributes.get("uom", "") not in _UNITS:
        raise ValueError(name)
    return uncertainty(float(found.text))


def _ellipse(centre: Point, major: float, minor: float, turned: float) -> list[list[float]]:
    """Return an ellipse, whose major axis points ``turned`` degrees clockwise from north, as a closed ring."""
    angle = np.linspace(0.0, 2 * np.pi, _CORNERS + 1)
    along, aside = major * np.cos(angle), minor * np.sin(angle)
    distance = np.hypot(along, aside)
    bearing = turned + np.degrees(np.arctan2(aside, along))
    lon, lat = sphere.away(centre, bearing, distance)
    ring: list[Any] = np.stack([lon, lat], axis=1)[::-1].tolist()
    ring[-1] = ring[0]
    return ring
