"""Areas that people draw or files hold: a polygon or a circle, checked before anything is done with it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry
from shapely.validation import explain_validity

from softswitch.errors import Refusal, invalid
from softswitch.layers.gis.model import Coordinates, Point, point

MOST_CORNERS = 100_000
LARGEST_RADIUS = 2_000_000.0
"""Metres."""
_AREAS = ("Polygon", "MultiPolygon")
_DEEPEST = 6


@dataclass(frozen=True, slots=True)
class Circle:
    """All within ``radius`` metres of a point, measured along the ground."""

    centre: Point
    radius: float


@dataclass(frozen=True, slots=True)
class Polygon:
    """One or more polygons, with holes, in WGS-84."""

    geometry: BaseGeometry

    def as_geojson(self) -> dict[str, Any]:
        """Return the GeoJSON geometry."""
        return dict(self.geometry.__geo_interface__)


Area = Circle | Polygon


def circle(lon: float, lat: float, radius: float, coordinates: Coordinates) -> Circle:
    """Return a circle or refuse it (``bad_coordinates``, ``bad_radius``)."""
    if not 0 < radius <= LARGEST_RADIUS:
        raise invalid(
            "bad_radius",
            f"{radius:g} m is no radius.",
            f"Give up to {LARGEST_RADIUS:.0f} metres.",
            field="radius",
        )
    return Circle(point(lon, lat, coordinates), radius)


def polygon(geometry: Mapping[str, Any], coordinates: Coordinates = Coordinates.WGS84) -> Polygon:
    """Return the area of a GeoJSON geometry (RFC 7946), with every fault told by name and place.

    Refuses ``bad_geometry``, ``broken_geometry`` (self-crossing, open), ``bad_coordinates``, ``other_coordinates``,
    ``crosses_date_line`` and ``too_many_corners``.
    """
    check_crs(geometry)
    if geometry.get("type") == "Feature":
        inner = geometry.get("geometry")
        geometry = inner if isinstance(inner, Mapping) else {}
    if geometry.get("type") not in _AREAS:
        raise bad_geometry(f"{str(geometry.get('type'))[:40]!r} is no area.", "Give a Polygon.")
    return Polygon(_checked(geometry, coordinates))


def any_geometry(
    geometry: Mapping[str, Any], coordinates: Coordinates = Coordinates.WGS84
) -> BaseGeometry:
    """Return a geometry of any kind, checked like an area."""
    check_crs(geometry)
    return _checked(geometry, coordinates)


def check_crs(value: Mapping[str, Any]) -> None:
    """Refuse GeoJSON of before RFC 7946 whose ``crs`` names anything but WGS-84 or CGCS2000."""
    crs = value.get("crs")
    name = str(crs.get("properties", {}).get("name", crs))[:80] if isinstance(crs, Mapping) else ""
    if name and not name.upper().endswith(("CRS84", ":4326", ":4490")):
        raise other_coordinates(name)


def other_coordinates(name: str) -> Refusal:
    """Return the refusal of coordinates in a system that is not ours."""
    return invalid(
        "other_coordinates",
        f"The coordinates are in {name}.",
        "Convert them to WGS-84 (EPSG:4326) or CGCS2000 (EPSG:4490), for example with ogr2ogr -t_srs.",
        field="coordinates",
    )


def bad_geometry(message: str, next_step: str) -> Refusal:
    """Return the refusal of what is no geometry."""
    return invalid("bad_geometry", message, next_step, field="area")


def _checked(geometry: Mapping[str, Any], coordinates: Coordinates) -> BaseGeometry:
    corners = 0
    for line in _lines(geometry.get("coordinates", geometry.get("geometries"))):
        corners += len(line)
        if corners > MOST_CORNERS:
            raise invalid(
                "too_many_corners",
                f"The geometry has more than {MOST_CORNERS} corners.",
                "Simplify it.",
                field="area",
            )
        _check_line(line)
    try:
        found = shape(dict(geometry))
    except (ValueError, TypeError, KeyError, IndexError, shapely.errors.ShapelyError) as error:
        raise bad_geometry(f"The geometry cannot be read: {error}.", "Mend it.") from error
    if coordinates is Coordinates.GCJ02:
        found = shapely.transform(found, _to_wgs84)
    return sound(found)


def sound(geometry: BaseGeometry) -> BaseGeometry:
    """Return a geometry that is not empty and crosses itself nowhere, or refuse it (OGC 06-103r4 section 6.1)."""
    if geometry.is_empty:
        raise bad_geometry("The geometry is empty.", "Give at least one corner.")
    if not geometry.is_valid:
        raise invalid(
            "broken_geometry",
            f"The geometry is broken: {explain_validity(geometry)}.",
            "Mend it there: lines may not cross or repeat.",
            field="area",
        )
    return geometry


def _to_wgs84(corners: Any) -> Any:
    return [[*point(lon, lat, Coordinates.GCJ02)] for lon, lat in corners]


def _lines(value: Any, depth: int = 0) -> Iterator[list[Any]]:
    """Give every list of positions in GeoJSON coordinates, however deep; a lone position is a list of one."""
    if not isinstance(value, list) or depth > _DEEPEST:
        raise bad_geometry("The geometry has no coordinates.", "Give GeoJSON (RFC 7946).")
    if value and all(isinstance(one, int | float) and not isinstance(one, bool) for one in value):
        yield [value]
        return
    if value and isinstance(value[0], list) and value[0] and not isinstance(value[0][0], list):
        yield value
        return
    for inner in value:
        yield from _lines(
            inner.get("coordinates") if isinstance(inner, Mapping) else inner, depth + 1
        )


def _check_line(line: list[Any]) -> None:
    before: float | None = None
    for position in line:
        lon, lat = _position(position)
        point(lon, lat)
        if before is not None and abs(lon - before) > 180:
            raise invalid(
                "crosses_date_line",
                f"A line runs from longitude {before:g} to {lon:g}, over the date line.",
                "Cut it in two at 180 degrees (RFC 7946 section 3.1.9).",
                field="area",
            )
        before = lon


def _position(position: Any) -> tuple[float, float]:
    if (
        not isinstance(position, list)
        or not 2 <= len(position) <= 4
        or not all(isinstance(one, int | float) and not isinstance(one, bool) for one in position)
    ):
        raise bad_geometry(f"{str(position)[:40]} is no position.", "Give [longitude, latitude].")
    return float(position[0]), float(position[1])
