"""GCJ-02: known points, and the inverse anywhere in the mainland."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softswitch.layers.gis import gcj02
from softswitch.layers.gis.model import Coordinates, point

# WGS-84 and GCJ-02 of the published test points of eviltransform (Shanghai, Shenzhen, Beijing).
KNOWN = [
    ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
    ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
    ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
]


@pytest.mark.parametrize(("wgs", "gcj"), KNOWN)
def test_known_points(wgs: tuple[float, float], gcj: tuple[float, float]) -> None:
    assert gcj02.from_wgs84(*wgs) == pytest.approx(gcj, abs=1e-9)
    assert gcj02.to_wgs84(*gcj) == pytest.approx(wgs, abs=1e-9)


@given(st.floats(74, 134), st.floats(18, 53))
def test_the_inverse_comes_back(lon: float, lat: float) -> None:
    shifted = gcj02.from_wgs84(lon, lat)
    assert shifted != (lon, lat)
    assert gcj02.to_wgs84(*shifted) == pytest.approx((lon, lat), abs=1e-8)


@given(st.floats(-180, 71), st.floats(-90, 90))
def test_nothing_is_shifted_abroad(lon: float, lat: float) -> None:
    assert gcj02.from_wgs84(lon, lat) == (lon, lat)
    assert point(lon, lat, Coordinates.GCJ02) == (lon, lat)
