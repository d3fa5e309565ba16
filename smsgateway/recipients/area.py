"""Areas on the map: GeoJSON (RFC 7946) into a shape that tells who is inside. Degrees in WGS 84, longitude first."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from softswitch.errors import Refusal, invalid

MOST_POINTS = 20_000
EARTH_RADIUS = 6_371_008.8
"""Metres: the mean radius (IUGG)."""
_CIRCLE_POINTS = 72
_WGS84 = ("urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:OGC::CRS84", "EPSG:4326",
          "urn:ogc:def:crs:EPSG::4326")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Area:
    """A checked area."""

    shape: BaseGeometry

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north."""
        west, south, east, north = self.shape.bounds
        return west, south, east, north

    def inside(
        self, longitudes: Sequence[float], latitudes: Sequence[float]
    ) -> npt.NDArray[np.bool_]:
        """Return for each position whether it is inside or on the edge."""
        x, y = np.asarray(longitudes, dtype=float), np.asarray(latitudes, dtype=float)
        shapely.prepare(self.shape)
        found: npt.NDArray[np.bool_] = shapely.intersects_xy(self.shape, x, y)
        return found

    def as_geojson(self) -> dict[str, Any]:
        """Return it as GeoJSON."""
        mapping: dict[str, Any] = shapely.geometry.mapping(self.shape)
        return mapping

    def polygons(self) -> list[Polygon]:
        """Return its polygons."""
        shape = self.shape
        shapes = shape.geoms if isinstance(shape, MultiPolygon) else [shape]
        return [each for each in shapes if isinstance(each, Polygon)]


def area_of(geojson: object) -> Area:
    """Return the area of a Polygon, MultiPolygon, Feature, FeatureCollection or GeometryCollection of these.

    Refuses what is no GeoJSON (``bad_geojson``), coordinates outside of the earth or in another system
    (``bad_coordinates``), and shapes that cross themselves (``crossing_polygon``), the date line (``date_line``) or
    have no size (``empty_area``).
    """
    if isinstance(geojson, Mapping) and "crs" in geojson:
        _check_system(geojson["crs"])
    polygons = [polygon for rings in _polygons(geojson, 0) for polygon in [_polygon(rings)]]
    return _joined(polygons)


def circle(longitude: float, latitude: float, radius: float) -> Area:
    """Return a circle of ``radius`` metres as an area that encloses it.

    Refuses as :func:`area_of`; a circle that reaches a pole or the date line is refused too.
    """
    if not (math.isfinite(radius) and 0 < radius <= 2_000_000):
        raise invalid(
            "empty_area", f"A circle of {radius:g} m is no area.", "Give 1 m to 2,000 km."
        )
    _check_point(longitude, latitude)
    angle = radius / EARTH_RADIUS / math.cos(math.pi / _CIRCLE_POINTS)  # the polygon encloses it
    if abs(latitude) + math.degrees(angle) >= 90:
        raise _date_line()
    ring = [_at(longitude, latitude, angle, step) for step in range(_CIRCLE_POINTS)]
    if any(abs(x) > 180 for x, _ in ring):
        raise _date_line()
    return _joined([_polygon([[*ring, ring[0]]])])


def polygon(points: Sequence[tuple[float, float]]) -> Area:
    """Return the area of one closed ring of (longitude, latitude); refuses as :func:`area_of`."""
    return _joined([_polygon([list(points)])])


def union(areas: Iterable[Area]) -> Area:
    """Return all areas as one."""
    return _joined([each for area in areas for each in area.polygons()])


def _at(longitude: float, latitude: float, angle: float, step: int) -> tuple[float, float]:
    bearing = 2 * math.pi * step / _CIRCLE_POINTS
    north = math.radians(latitude)
    there = math.asin(
        math.sin(north) * math.cos(angle) + math.cos(north) * math.sin(angle) * math.cos(bearing)
    )
    east = math.atan2(
        math.sin(bearing) * math.sin(angle) * math.cos(north),
        math.cos(angle) - math.sin(north) * math.sin(there),
    )
    return longitude + math.degrees(east), math.degrees(there)


def _polygons(value: object, depth: int) -> list[list[object]]:
    if not isinstance(value, Mapping) or depth > 4:
        raise _bad("It is no GeoJSON object.")
    match value.get("type"):
        case "Polygon":
            return [_list(value.get("coordinates"))]
        case "MultiPolygon":
            return [_list(rings) for rings in _list(value.get("coordinates"))]
        case "Feature":
            return _polygons(value.get("geometry"), depth + 1)
        case "FeatureCollection" | "GeometryCollection" as kind:
            members = value.get("features" if kind == "FeatureCollection" else "geometries")
            return [each for member in _list(members) for each in _polygons(member, depth + 1)]
        case other:
            raise _bad(f"{str(other)[:40]!r} has no area.")


def _polygon(rings: Sequence[object]) -> Polygon:
    if not rings:
        raise _empty()
    read = [_ring(ring) for ring in rings]
    if sum(map(len, read)) > MOST_POINTS:
        raise _bad(f"It has more than {MOST_POINTS} points.")
    shape = Polygon(read[0], read[1:])
    if not shape.is_valid:
        why = shapely.is_valid_reason(shape)
        raise invalid(
            "crossing_polygon",
            f"The area crosses or touches itself: {why}.",
            "Draw it so that its edge never meets itself.",
            field="area",
        )
    if shape.is_empty or shape.area == 0:
        raise _empty()
    return shape


def _ring(ring: object) -> list[tuple[float, float]]:
    points = [_point(point) for point in _list(ring)]
    if len(points) < 4 or points[0] != points[-1]:
        raise _bad("A ring needs four points or more, the last the same as the first.")
    for (west, _), (east, _) in pairwise(points):
        if abs(west - east) > 180:
            raise _date_line()
    return points


def _point(point: object) -> tuple[float, float]:
    pair = _list(point)
    if not 2 <= len(pair) <= 3:
        raise _bad("A point needs longitude and latitude.")
    x, y = pair[0], pair[1]
    if isinstance(x, bool) or isinstance(y, bool):
        raise _bad("A coordinate is no number.")
    if not isinstance(x, int | float) or not isinstance(y, int | float):
        raise _bad("A coordinate is no number.")
    return _check_point(float(x), float(y))


def _check_point(x: float, y: float) -> tuple[float, float]:
    if math.isfinite(x) and math.isfinite(y) and abs(x) <= 180 and abs(y) <= 90:
        return x, y
    swapped = math.isfinite(x) and math.isfinite(y) and abs(x) <= 90 and abs(y) <= 180
    raise invalid(
        "bad_coordinates",
        f"({x:g}, {y:g}) is no place in degrees.",
        "Give longitude, then latitude."
        if swapped
        else "Give degrees in WGS 84 (GPS), not metres of a map grid.",
        field="area",
    )


def _check_system(crs: object) -> None:
    name = crs.get("properties", {}).get("name") if isinstance(crs, Mapping) else None
    if crs is not None and name not in _WGS84:
        raise invalid(
            "bad_coordinates",
            f"The coordinates are in {str(name)[:60]}.",
            "Convert them to WGS 84 (GPS); maps of the mainland often use GCJ-02 or CGCS 2000.",
            field="area",
        )


def _joined(polygons: Sequence[Polygon]) -> Area:
    if not polygons:
        raise _empty()
    shape = polygons[0] if len(polygons) == 1 else shapely.union_all(polygons)
    return Area(shape)


def _list(value: object) -> list[object]:
    if not isinstance(value, list | tuple):
        raise _bad("Its coordinates are no list.")
    return list(value)


def _bad(message: str) -> Refusal:
    return invalid(
        "bad_geojson",
        f"The area cannot be read: {message}",
        "Give a Polygon or MultiPolygon in GeoJSON.",
        field="area",
    )


def _empty() -> Refusal:
    return invalid(
        "empty_area", "The area has no size.", "Draw three corners or more.", field="area"
    )


def _date_line() -> Refusal:
    return invalid(
        "date_line",
        "The area crosses the date line or holds a pole.",
        "Divide it there into two polygons (RFC 7946 section 3.1.9).",
        field="area",
    )
