"""Pure values of the map: points, where they were learnt from, positions of units."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from softswitch.clock import Millis
from softswitch.errors import Refusal, invalid
from softswitch.layers.gis import gcj02

LARGEST_UNCERTAINTY = 500_000.0
"""Metres. What is less certain tells nothing about where to send anybody."""
MOST_FIXES = 5_000
_AHEAD: Millis = 120_000
"""How far a tracker's clock may be in front of ours."""


class Kind(StrEnum):
    """What stands on the map; each is a layer of its own."""

    CALLER = "caller"
    INCIDENT = "incident"
    UNIT = "unit"
    PERSON = "person"
    TEAM = "team"
    MATERIAL = "material"
    HAZARD = "hazard"
    TARGET = "target"
    CAMERA = "camera"
    NUMBER = "number"


class Source(StrEnum):
    """Where the location of a caller was learnt; a later one in this order is taken over an earlier."""

    ADDRESS = "address"
    NUMBER = "number"
    VALUE = "value"
    REFERENCE = "reference"
    HAND = "hand"


class Coordinates(StrEnum):
    """The coordinates that people and devices give. CGCS2000 and WGS-84 differ by less than a metre."""

    WGS84 = "wgs84"
    CGCS2000 = "cgcs2000"
    GCJ02 = "gcj02"


class Point(NamedTuple):
    """Degrees in WGS-84, longitude first as in GeoJSON (RFC 7946 section 3.1.1)."""

    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class Location:
    """Where somebody is: a point, how far off it may be, and the shape that was told, as a GeoJSON geometry."""

    point: Point
    uncertainty: float
    """Metres; with ``shape`` the radius around ``point`` that holds all of it."""
    source: Source
    shape: dict[str, Any] | None = None
    address: str = ""


@dataclass(frozen=True, slots=True)
class Fix:
    """One position of a unit, as its tracker told it."""

    unit: str
    at: Millis
    point: Point
    accuracy: float = 0.0
    speed: float | None = None
    """Metres a second."""
    heading: float | None = None
    """Degrees clockwise from north."""


@dataclass(frozen=True, slots=True)
class Thing:
    """Whatever stands on the map. ``numbers`` are in the order in which they are called."""

    kind: Kind
    id: str
    point: Point
    name: str = ""
    numbers: tuple[str, ...] = ()
    status: str = ""
    fix_at: Millis | None = None
    """When the position was true; None for what does not move."""
    rested_at: Millis | None = None
    """Until when it rests; None when it does not."""

    @property
    def key(self) -> tuple[Kind, str]:
        """Return what names it on the whole map."""
        return self.kind, self.id


def point(lon: float, lat: float, coordinates: Coordinates = Coordinates.WGS84) -> Point:
    """Return a point inside WGS-84 from what people or devices gave.

    Refuses (``bad_coordinates``) what is no place on Earth and tells the likely mistake: latitude first, or
    metres of a projection.
    """
    if not (math.isfinite(lon) and math.isfinite(lat)):
        raise bad_coordinates("A coordinate is not a number.", "Give degrees.")
    if abs(lon) > 180 or abs(lat) > 90:
        raise _outside(lon, lat)
    if coordinates is Coordinates.GCJ02:
        lon, lat = gcj02.to_wgs84(lon, lat)
    return Point(lon, lat)


def _outside(lon: float, lat: float) -> Refusal:
    where = f"{lon:g}, {lat:g} is no place on Earth."
    if abs(lon) <= 90 and abs(lat) <= 180:
        return bad_coordinates(where, "Longitude comes first: exchange the two.")
    if max(abs(lon), abs(lat)) > 1_000:
        return bad_coordinates(
            where, "These are metres of another coordinate system; convert them to EPSG:4490."
        )
    return bad_coordinates(where, "Give longitude -180 to 180 and latitude -90 to 90.")


def bad_coordinates(message: str, next_step: str) -> Refusal:
    """Return the refusal of coordinates that name no place."""
    return invalid("bad_coordinates", message, next_step, field="coordinates")


def uncertainty(metres: float) -> float:
    """Return a radius in metres or refuse it (``bad_uncertainty``)."""
    if not (math.isfinite(metres) and 0 <= metres <= LARGEST_UNCERTAINTY):
        raise invalid(
            "bad_uncertainty",
            f"{metres:g} m is no radius of uncertainty.",
            f"Give 0 to {LARGEST_UNCERTAINTY:g} metres.",
            field="uncertainty",
        )
    return metres


def check_fix(fix: Fix, now: Millis) -> Fix:
    """Return a fix, or refuse (``fix_in_future``) one whose clock is wrong: it would hide all later ones."""
    if not 0 < fix.at <= now + _AHEAD:
        raise invalid(
            "fix_in_future",
            f"The position of {fix.unit} is of {fix.at}, and it is {now}.",
            "Set the clock of the tracker; instants are milliseconds since 1970 UTC.",
            field="at",
        )
    uncertainty(fix.accuracy)
    return fix


def better(known: Source | None, found: Source) -> bool:
    """Return whether ``found`` is to be taken when ``known`` is there already; the same source corrects itself."""
    order = list(Source)
    return known is None or order.index(found) >= order.index(known)


def map_id(name: str) -> str:
    """Return the id of a map: importing a name again replaces it."""
    return hashlib.sha256(f"map {name}".encode()).hexdigest()[:16]
