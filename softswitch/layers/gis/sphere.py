"""Distances on the Earth, for many points at once. Pure.

Points are unit vectors, so that the date line and the poles are places like any other.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from softswitch.layers.gis.model import Point

if TYPE_CHECKING:
    from pyproj import Geod

Floats = NDArray[np.float64]

RADIUS = 6_371_008.8
"""Mean radius of WGS-84 in metres."""
SPHERE_ERROR = 0.0056
"""How far a distance on the sphere may be from that on the ellipsoid, as a part of it."""


@cache
def _wgs84() -> Geod:
    from pyproj import Geod  # late: calls wait for what a start loads

    return Geod(ellps="WGS84")


def vectors(lon: Floats, lat: Floats) -> Floats:
    """Return points, in degrees, as unit vectors: three rows."""
    east, north = np.radians(lon), np.radians(lat)
    flat = np.cos(north)
    return np.stack([flat * np.cos(east), flat * np.sin(east), np.sin(north)])


def chords(many: Floats, one: Floats) -> Floats:
    """Return the squared chord from each of ``many`` to ``one``: it grows with the distance and costs no sine."""
    dx, dy, dz = many[0] - one[0], many[1] - one[1], many[2] - one[2]
    result: Floats = dx * dx + dy * dy + dz * dz
    return result


def chord(metres: float) -> float:
    """Return the squared chord of a distance on the sphere, in metres; half the way round is the longest."""
    return float(4.0 * np.sin(min(metres / RADIUS, np.pi) / 2.0) ** 2)


def metres(one: Point, lon: Floats, lat: Floats) -> Floats:
    """Return the geodesic distance on WGS-84 (Karney) from one point to each of some, in metres."""
    _, _, distance = _wgs84().inv(
        np.full(len(lon), one.lon), np.full(len(lat), one.lat), np.asarray(lon), np.asarray(lat)
    )
    return np.asarray(distance, dtype=np.float64)


def away(centre: Point, bearing: Floats, distance: Floats) -> tuple[Floats, Floats]:
    """Return the points so many metres away, in degrees; longitudes may pass 180, so that they stay together."""
    many = len(bearing)
    lon, lat, _ = _wgs84().fwd(
        np.full(many, centre.lon), np.full(many, centre.lat), bearing, distance
    )
    near = centre.lon + (np.asarray(lon) - centre.lon + 180.0) % 360.0 - 180.0
    return near, np.asarray(lat)
