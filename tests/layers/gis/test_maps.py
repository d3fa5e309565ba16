"""Map files: every format and coordinate system, and every fault."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from pyproj import Transformer

from softswitch.errors import Refusal
from softswitch.layers.gis import map_store
from softswitch.layers.gis.model import Coordinates
from tests.layers.gis.kit import Bench, pieces

WORLD = (-180.0, -90.0, 180.0, 90.0)
SQUARE = shapely.box(104.7, 29.3, 104.9, 29.5)


def geojson(*geometries: Any, **more: Any) -> bytes:
    features = [
        {"type": "Feature", "properties": {"name": f"区{i}"}, "geometry": geometry}
        for i, geometry in enumerate(geometries)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features, **more}).encode()


def square(west: float = 104.7) -> dict[str, Any]:
    return dict(shapely.box(west, 29.3, west + 0.2, 29.5).__geo_interface__)


def made(path: Path, driver: str, crs: str | None, geometry: Any = SQUARE) -> Path:
    pyogrio.raw.write(
        path, np.array([shapely.to_wkb(geometry)]), [np.array(["沿滩区"], dtype=object)], ["name"],
        geometry_type=geometry.geom_type, crs=crs, driver=driver, encoding="UTF-8",
    )  # fmt: skip
    return path


def zipped(folder: Path) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for file in folder.iterdir():
            archive.write(file, file.name)
    return out.getvalue()


async def load(layer: Bench, content: bytes, name: str = "区界", **more: Any) -> dict[str, Any]:
    coordinates = more.get("coordinates", Coordinates.WGS84)
    return await layer.gis.maps.load("chief", name, "", coordinates, pieces(content))


async def shown(layer: Bench, which: str) -> list[dict[str, Any]]:
    features: list[dict[str, Any]] = json.loads(await layer.gis.maps.features(which, WORLD))[
        "features"
    ]
    return features


async def test_geojson_replaces_the_map_of_its_name(layer: Bench, tmp_path: Path) -> None:
    first = await load(layer, geojson(square(), square(105)))
    assert first["features"] == 2
    again = await load(layer, geojson(square(110)))
    assert again["id"] == first["id"]
    features = await shown(layer, first["id"])
    assert [feature["properties"]["name"] for feature in features] == ["区0"]
    assert not await layer.db.read(map_store.orphans)
    assert not list((tmp_path / "maps").iterdir())
    (only,) = await layer.gis.maps.all()
    assert (only["name"], only["west"]) == ("区界", 110)
    near = json.loads(await layer.gis.maps.features(first["id"], (0, 0, 1, 1)))
    assert near["features"] == []
    await layer.gis.maps.remove("chief", first["id"])
    with pytest.raises(Refusal) as refused:
        await layer.gis.maps.features(first["id"], WORLD)
    assert refused.value.code == "map_not_found"


@pytest.mark.parametrize(
    ("driver", "crs", "zone"),
    [
        ("ESRI Shapefile", "EPSG:4490", None),
        ("ESRI Shapefile", "EPSG:4544", 4544),
        ("GPKG", "EPSG:4326", None),
        ("GPKG", "EPSG:3857", 3857),
    ],
)
async def test_other_formats_and_coordinate_systems(
    layer: Bench, tmp_path: Path, driver: str, crs: str, zone: int | None
) -> None:
    folder = tmp_path / "file"
    folder.mkdir()
    geometry = SQUARE
    if zone is not None:
        turn = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
        geometry = shapely.transform(
            SQUARE, lambda c: np.column_stack(turn.transform(c[:, 0], c[:, 1]))
        )
    suffix = "gpkg" if driver == "GPKG" else "shp"
    path = made(folder / f"a.{suffix}", driver, crs, geometry)
    found = await load(layer, path.read_bytes() if driver == "GPKG" else zipped(folder))
    (feature,) = await shown(layer, found["id"])
    assert feature["properties"]["name"] == "沿滩区"
    bounds = shapely.from_geojson(json.dumps(feature["geometry"])).bounds
    assert bounds == pytest.approx(SQUARE.bounds, abs=1e-6)


async def test_gcj02_is_converted(layer: Bench) -> None:
    found = await load(layer, geojson(square()), coordinates=Coordinates.GCJ02)
    (feature,) = await shown(layer, found["id"])
    corner = feature["geometry"]["coordinates"][0][0]
    assert corner != [104.9, 29.3]
    assert corner == pytest.approx([104.9, 29.3], abs=0.01)


async def test_faults_are_told_by_feature(layer: Bench) -> None:
    bow = {"type": "Polygon", "coordinates": [[[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]]}
    metres = {"type": "Point", "coordinates": [481234.0, 3241234.0]}
    over = {"type": "LineString", "coordinates": [[179, 0], [-179, 1]]}
    found = await load(layer, geojson(square(), bow, metres, None, over, square()))
    assert (found["features"], found["left_out"]) == (2, 4)
    assert [fault["feature"] for fault in found["faults"]] == [2, 3, 4, 5]
    assert "Self-intersection" in found["faults"][0]["message"]
    assert "another coordinate system" in found["faults"][1]["message"]


BROKEN = (
    b"", b"hello", b'{"type":"FeatureCollection","features":[]}', b"PK\x03\x04 no zip",
    b"SQLite format 3\x00 no database", b'{"type":"FeatureCollection","features":[{"type"',
    geojson({"type": "Point", "coordinates": [1e9, 1]}),
)  # fmt: skip


async def test_a_broken_file_leaves_what_was(layer: Bench) -> None:
    first = await load(layer, geojson(square()))
    for content in BROKEN:
        with pytest.raises(Refusal) as refused:
            await load(layer, content)
        assert refused.value.code in {"bad_map_file", "empty_map"}, content
    assert len(await shown(layer, first["id"])) == 1
    assert not await layer.db.read(map_store.orphans)


async def test_a_shapefile_without_its_system(layer: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "file"
    folder.mkdir()
    made(folder / "a.shp", "ESRI Shapefile", None)
    with pytest.raises(Refusal) as refused:
        await load(layer, zipped(folder))
    assert refused.value.code == "no_coordinate_system"


async def test_tidying_removes_what_a_crash_left(layer: Bench) -> None:
    row = {"name": "", "geometry": "{}", "properties": "{}"} | dict.fromkeys(
        ("west", "south", "east", "north"), 0.0
    )
    await layer.db.write(map_store.add_features, "dead", 0, [row])
    kept = await load(layer, geojson(square()))
    await layer.gis.maps.tidy()
    assert not await layer.db.read(map_store.orphans)
    assert len(await shown(layer, kept["id"])) == 1
