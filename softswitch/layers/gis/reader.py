"""Reads a map file in a process of its own: ``python -m softswitch.layers.gis.reader PATH FORMAT COORDINATES``.

Map files are made by strangers and read by a large library in C: what it does with one must neither end the server
nor hold up its calls.  The process has limits of memory and time, and writes one JSON object a line: each feature
as it will be stored, each fault with the feature's number, and the sum at the end.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyogrio
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError
from shapely.geometry.base import BaseGeometry

from softswitch.errors import Refusal, invalid
from softswitch.layers.gis.area import other_coordinates, sound
from softswitch.layers.gis.model import Coordinates, point

MOST_FEATURES = 200_000
_CHUNK = 1_000
_MEMORY = 4_000_000_000
_SECONDS = 300
_LONGEST_TEXT = 500
_NAMES = ("name", "NAME", "Name", "名称", "地名", "NAME_CHN", "MC")
_OURS = ("EPSG:4326", "EPSG:4490", "OGC:CRS84")
_DRIVERS = {"geojson": "GeoJSON", "shapefile": "ESRI Shapefile", "geopackage": "GPKG"}
Json = dict[str, Any]


def read(path: Path, form: str, coordinates: str) -> Iterator[Json]:
    """Give what the file holds. Refuses ``bad_map_file``, ``too_many_features`` and ``other_coordinates``."""
    place = f"/vsizip/{{{path}}}" if form == "shapefile" else str(path)
    try:
        info = pyogrio.read_info(place)
    except Exception as error:
        raise _bad_file(str(error)) from error
    if info["driver"] != _DRIVERS[form]:
        raise _bad_file(f"it is {info['driver']}, not {_DRIVERS[form]}")
    if info["features"] > MOST_FEATURES:
        raise invalid(
            "too_many_features",
            f"The file has {info['features']} features.",
            f"Give at most {MOST_FEATURES}; divide it.",
            field="file",
        )
    change = _change(info["crs"], Coordinates(coordinates), form)
    good = 0
    for number, geometry, fields in _features(place, info["features"]):
        try:
            yield _feature(number, geometry, fields, change)
            good += 1
        except Refusal as refusal:
            chinese = "".join(refusal.in_chinese)
            yield {"fault": number, "message": str(refusal), "message_zh": chinese}
    if good == 0:
        raise invalid("empty_map", "No feature of the file can be used.", "Mend the file.")


def _features(place: str, count: int) -> Iterator[tuple[int, bytes | None, Json]]:
    """Give the features, numbered from 1, a bounded piece at a time."""
    for start in range(0, max(count, 0), _CHUNK):
        try:
            meta, _, shapes, columns = pyogrio.raw.read(
                place, skip_features=start, max_features=_CHUNK, datetime_as_string=True
            )
        except Exception as error:
            raise _bad_file(str(error)) from error
        names = list(meta["fields"])
        for at in range(len(shapes)):
            fields = {name: column[at] for name, column in zip(names, columns, strict=True)}
            yield start + at + 1, shapes[at], fields


def _change(crs: str | None, coordinates: Coordinates, form: str) -> Any:
    """Return what makes WGS-84 of the file's coordinates, None when they are already."""
    if coordinates is Coordinates.GCJ02:
        return _from_gcj02
    if crs is None:
        if form == "geojson":  # RFC 7946 section 4 knows nothing else
            return None
        raise invalid(
            "no_coordinate_system",
            "The file does not tell its coordinate system.",
            "Add the .prj file, or convert it to EPSG:4490.",
            field="file",
        )
    if crs in _OURS:
        return None
    try:
        known = CRS.from_user_input(crs)
        turn = Transformer.from_crs(known, "EPSG:4326", always_xy=True)
    except CRSError as error:
        raise other_coordinates(crs[:60]) from error
    return lambda corners: np.stack(turn.transform(corners[:, 0], corners[:, 1]), axis=1)


def _from_gcj02(corners: Any) -> Any:
    return np.array([point(lon, lat, Coordinates.GCJ02) for lon, lat in corners.tolist()])


def _feature(number: int, stored: bytes | None, fields: Json, change: Any) -> Json:
    if stored is None:
        raise invalid("bad_geometry", "It has no geometry.", "Remove it.")
    geometry = shapely.force_2d(shapely.from_wkb(stored))
    if change is not None:
        geometry = shapely.transform(geometry, change)
    _check_degrees(geometry)
    sound(geometry)
    west, south, east, north = geometry.bounds
    known = {str(name)[:64]: _plain(value) for name, value in fields.items()}
    name = next((str(known[key]) for key in _NAMES if known.get(key)), "")
    return {
        "name": name[:200],
        "west": west,
        "south": south,
        "east": east,
        "north": north,
        "geometry": shapely.to_geojson(geometry),
        "properties": orjson.dumps(known).decode(),
    }


def _check_degrees(geometry: BaseGeometry) -> None:
    if geometry.is_empty:
        return
    west, south, east, north = geometry.bounds
    point(west, south)
    point(east, north)
    corners, ring = shapely.get_coordinates(shapely.get_parts(geometry), return_index=True)
    jump = np.abs(np.diff(corners[:, 0])) > 180
    if np.any(jump & (ring[1:] == ring[:-1])):
        raise invalid(
            "crosses_date_line",
            "A line runs over the date line.",
            "Cut it in two at 180 degrees (RFC 7946 section 3.1.9).",
        )


def _plain(value: Any) -> Any:
    if value is None or (isinstance(value, float | np.floating) and not np.isfinite(value)):
        return None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool | int | float):
        return value
    return "".join(letter for letter in str(value) if letter.isprintable())[:_LONGEST_TEXT]


def _bad_file(why: str) -> Refusal:
    shown = " ".join(why.split())[:160]
    return invalid("bad_map_file", f"The file cannot be read: {shown}.", "Mend it.", field="file")


def main(words: list[str]) -> int:
    """Write what the file holds to standard output; 1 when it was refused, with the refusal as the last line."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    out = sys.stdout.buffer
    try:
        for value in read(Path(words[0]), words[1], words[2]):
            out.write(orjson.dumps(value) + b"\n")
        out.write(b'{"end":true}\n')
    except Refusal as refusal:
        out.write(orjson.dumps(refusal.as_json()) + b"\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
