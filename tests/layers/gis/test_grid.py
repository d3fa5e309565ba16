"""The grid finds exactly what GEOS finds point by point."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from softswitch.layers.gis.grid import PointGrid

COUNT = 20_000


def star(centre: tuple[float, float], size: float, corners: int, seed: int) -> BaseGeometry:
    random = np.random.default_rng(seed)
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    radius = size * random.uniform(0.2, 1.0, corners)
    return shapely.Polygon(
        np.column_stack([centre[0] + radius * np.cos(angle), centre[1] + radius * np.sin(angle)])
    )


def agrees(lon: np.ndarray, lat: np.ndarray, polygon: BaseGeometry) -> int:
    found = PointGrid(lon, lat).inside(polygon)
    expected = np.nonzero(shapely.intersects_xy(polygon, lon, lat))[0]
    assert np.array_equal(np.sort(found), expected)
    return len(expected)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10_000),
    st.floats(-4, 4),
    st.floats(-4, 4),
    st.floats(0.001, 30),
    st.integers(3, 300),
)
def test_it_agrees_with_geos(seed: int, x: float, y: float, size: float, corners: int) -> None:
    random = np.random.default_rng(seed)
    lon, lat = random.normal(0, 1, COUNT), random.uniform(-1, 1, COUNT)
    agrees(lon, lat, star((x, y), size, corners, seed))


def test_holes_and_many_parts() -> None:
    random = np.random.default_rng(5)
    lon, lat = random.uniform(0, 10, COUNT), random.uniform(0, 10, COUNT)
    holed = shapely.Polygon([(1, 1), (6, 1), (6, 6), (1, 6)], [[(2, 2), (2, 5), (5, 5), (5, 2)]])
    parts = shapely.MultiPolygon([holed, shapely.box(3, 3, 4, 4), shapely.box(7, 7, 99, 99)])
    assert 0 < agrees(lon, lat, parts) < COUNT


def test_points_on_the_lines_of_the_polygon_and_of_the_grid() -> None:
    steps = np.arange(0, 151) / 15.0
    lon, lat = (each.ravel() for each in np.meshgrid(steps, steps))
    assert agrees(lon, lat, shapely.box(2, 3, 4, 5)) == 31 * 31
    assert agrees(lon, lat, shapely.box(0, 0, 10, 10)) == len(lon)
    assert agrees(lon, lat, shapely.box(10, 10, 11, 11)) == 1


@pytest.mark.parametrize("count", [0, 1, 2, 20_000])
def test_few_points_and_all_in_one_place(count: int) -> None:
    lon, lat = np.full(count, 104.5), np.full(count, 29.5)
    assert agrees(lon, lat, shapely.box(104, 29, 105, 30)) == count
    assert agrees(lon, lat, shapely.box(105, 29, 106, 30)) == 0
