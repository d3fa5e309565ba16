"""What the header Geolocation tells: a place itself, or where to ask for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softswitch.layers.gis.carried import reference, value
from softswitch.layers.gis.model import Source


def test_a_geo_uri_is_the_place() -> None:
    found = value("<https://192.0.2.1/a>, <geo:29.5,104.75;u=35>;inserted-by=gw")
    assert found is not None
    assert (found.point.lat, found.point.lon, found.uncertainty) == (29.5, 104.75, 35)
    assert found.source is Source.VALUE
    assert reference("<https://192.0.2.1/a>, <geo:29.5,104.75>") == "https://192.0.2.1/a"


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("geo:29.5,104.75", (29.5, 104.75, 0)),
        ("GEO:-29.5,-104.75;U=8;crs=WGS84", (-29.5, -104.75, 8)),
        ("geo:29.5,104.75,410", (29.5, 104.75, 0)),
        ("geo:29.5,104.75;u=x", (29.5, 104.75, 0)),
        ("geo:29.5,104.75;crs=gcj02", None),
        ("geo:95,104.75", None),
        ("geo:29.5", None),
        ("geo:nan,inf", None),
        ("cid:a@b", None),
    ],
)
def test_what_is_a_place_and_what_is_none(
    uri: str, place: tuple[float, float, float] | None
) -> None:
    found = value(f"<{uri}>")
    told = None if found is None else (found.point.lat, found.point.lon, found.uncertainty)
    assert told == place


@given(st.text(alphabet="<>geo:0123456789.,;-u=crs/ ", max_size=80))
def test_any_header_is_read(header: str) -> None:
    found = value(header)
    assert found is None or (-90 <= found.point.lat <= 90 and -180 <= found.point.lon <= 180)
