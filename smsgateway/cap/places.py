"""Areas of CAP and areas of ours: CAP writes latitude first, GeoJSON longitude first."""

from __future__ import annotations

from collections.abc import Sequence

from shapely.geometry import Polygon

from smsgateway.cap.model import Place
from smsgateway.recipients.area import Area, circle, polygon, union


def area_of_places(places: Sequence[Place]) -> Area | None:
    """Return all polygons and circles as one area, None when there are none.

    Refuses as :func:`smsgateway.recipients.area.area_of`.
    """
    found = [
        polygon([(longitude, latitude) for latitude, longitude in ring])
        for place in places
        for ring in place.polygons
    ]
    found += [
        circle(each.longitude, each.latitude, each.radius * 1000)
        for place in places
        for each in place.circles
    ]
    return union(found) if found else None


def place_of_area(area: Area, description: str) -> Place:
    """Return an area as CAP tells it. CAP has no holes: the outer edge stands for a polygon with one."""
    rings = tuple(_ring(each) for each in area.polygons())
    return Place(description, rings)


def _ring(shape: Polygon) -> tuple[tuple[float, float], ...]:
    return tuple((float(point[1]), float(point[0])) for point in shape.exterior.coords)
