"""GCJ-02, the shifted coordinates of maps published in mainland China, to and from WGS-84. Pure.

The shift was published by nobody; these are the series that every implementation in use agrees on, with the
ellipsoid of Krasovsky 1940.  Outside the mainland's box there is no shift.
"""

from __future__ import annotations

from math import cos, pi, radians, sin, sqrt

_AXIS = 6_378_245.0
"""Semi-major axis of Krasovsky 1940, in metres."""
_ECCENTRICITY = 0.00669342162296594323
"""Its first eccentricity, squared."""
_WEST, _EAST, _SOUTH, _NORTH = 72.004, 137.8347, 0.8293, 55.8271
_CLOSE_ENOUGH = 1e-10
"""Degrees: a hundredth of a millimetre."""
_MOST_ROUNDS = 30


def from_wgs84(lon: float, lat: float) -> tuple[float, float]:
    """Return the GCJ-02 coordinates, in degrees, of a WGS-84 point."""
    if not _shifted(lon, lat):
        return lon, lat
    east, north = _shift(lon, lat)
    return lon + east, lat + north


def to_wgs84(lon: float, lat: float) -> tuple[float, float]:
    """Return the WGS-84 coordinates, in degrees, of a GCJ-02 point.

    The shift has no closed inverse; it changes so little over its own length that taking it off again and
    again converges, in about five rounds.
    """
    if not _shifted(lon, lat):
        return lon, lat
    found_lon, found_lat = lon, lat
    for _ in range(_MOST_ROUNDS):
        east, north = _shift(found_lon, found_lat)
        wrong_lon, wrong_lat = found_lon + east - lon, found_lat + north - lat
        found_lon, found_lat = found_lon - wrong_lon, found_lat - wrong_lat
        if abs(wrong_lon) < _CLOSE_ENOUGH and abs(wrong_lat) < _CLOSE_ENOUGH:
            break
    return found_lon, found_lat


def _shifted(lon: float, lat: float) -> bool:
    return _WEST <= lon <= _EAST and _SOUTH <= lat <= _NORTH


def _shift(lon: float, lat: float) -> tuple[float, float]:
    """Return the shift in degrees to the east and to the north."""
    x, y = lon - 105.0, lat - 35.0
    flat = radians(lat)
    curved = 1 - _ECCENTRICITY * sin(flat) ** 2
    north = _north(x, y) / (_AXIS * (1 - _ECCENTRICITY) / (curved * sqrt(curved)))
    east = _east(x, y) / (_AXIS / sqrt(curved) * cos(flat))
    return east * 180.0 / pi, north * 180.0 / pi


def _waves(x: float) -> float:
    return (20.0 * sin(6.0 * x * pi) + 20.0 * sin(2.0 * x * pi)) * 2.0 / 3.0


def _north(x: float, y: float) -> float:
    metres = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x))
    metres += _waves(x)
    metres += (20.0 * sin(y * pi) + 40.0 * sin(y / 3.0 * pi)) * 2.0 / 3.0
    return metres + (160.0 * sin(y / 12.0 * pi) + 320.0 * sin(y * pi / 30.0)) * 2.0 / 3.0


def _east(x: float, y: float) -> float:
    metres = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x))
    metres += _waves(x)
    metres += (20.0 * sin(x * pi) + 40.0 * sin(x / 3.0 * pi)) * 2.0 / 3.0
    return metres + (150.0 * sin(x / 12.0 * pi) + 300.0 * sin(x / 30.0 * pi)) * 2.0 / 3.0
