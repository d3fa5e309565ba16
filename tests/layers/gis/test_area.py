"""Areas: what is drawn is checked, and each fault has a name of its own."""

from __future__ import annotations

from typing import Any

import pytest

from softswitch.errors import Refusal
from softswitch.layers.gis.area import circle, polygon
from softswitch.layers.gis.model import Coordinates

SQUARE = [[104.0, 29.0], [105.0, 29.0], [105.0, 30.0], [104.0, 30.0], [104.0, 29.0]]


def area(*ring: list[float], **more: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [list(ring)], **more}


def deep() -> Any:
    value: Any = [1.0, 2.0]
    for _ in range(500):
        value = [[value]]
    return value


@pytest.mark.parametrize(
    ("geometry", "code"),
    [
        ({"type": "Point", "coordinates": [1, 2]}, "bad_geometry"),
        ({"type": "Polygon"}, "bad_geometry"),
        ({"type": "Polygon", "coordinates": "x"}, "bad_geometry"),
        ({"type": "Polygon", "coordinates": deep()}, "bad_geometry"),
        ({"type": "Polygon", "coordinates": []}, "bad_geometry"),
        (area([0, 0], [1, 1]), "bad_geometry"),
        (area([0, 0], [1, "1"], [2, 2], [0, 0]), "bad_geometry"),  # type: ignore[list-item]
        (area([0, 0], [2, 2], [2, 0], [0, 2], [0, 0]), "broken_geometry"),
        (area([0, 0], [1, 0], [0, 0], [0, 0]), "broken_geometry"),
        (area([29, 104], [30, 104], [30, 105], [29, 104]), "bad_coordinates"),
        (area([481234.0, 3241234.0], [481334.0, 3241234.0], [481334.0, 3241334.0]), "bad_coordinates"),
        (area([179, 0], [-179, 0], [-179, 1], [179, 1], [179, 0]), "crosses_date_line"),
        (
            area(*SQUARE, crs={"type": "name", "properties": {"name": "EPSG:3857"}}),
            "other_coordinates",
        ),
    ],
)  # fmt: skip
def test_what_is_refused(geometry: dict[str, Any], code: str) -> None:
    with pytest.raises(Refusal) as refused:
        polygon(geometry)
    assert refused.value.code == code
    assert refused.value.next_step


def test_too_many_corners() -> None:
    ring = [[i / 1e6, 0.0] for i in range(100_001)]
    with pytest.raises(Refusal, match="corners"):
        polygon(area(*ring))


def test_latitude_first_is_told() -> None:
    with pytest.raises(Refusal, match="Longitude comes first"):
        polygon(area([29, 104], [30, 104], [30, 105], [29, 104]))


def test_what_is_taken() -> None:
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4490"}}
    assert polygon(area(*SQUARE, crs=crs)).geometry.area == pytest.approx(1)
    feature = {"type": "Feature", "geometry": area(*SQUARE), "properties": {}}
    assert polygon(feature).as_geojson()["type"] == "Polygon"
    shifted = polygon(area(*SQUARE), Coordinates.GCJ02).geometry.bounds
    assert shifted[0] != 104.0
    assert shifted[0] == pytest.approx(104.0, abs=0.01)


@pytest.mark.parametrize("radius", [0, -1, float("nan"), float("inf"), 3e6])
def test_a_bad_radius(radius: float) -> None:
    with pytest.raises(Refusal) as refused:
        circle(104, 29, radius, Coordinates.WGS84)
    assert refused.value.code == "bad_radius"
