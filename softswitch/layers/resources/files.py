"""Resources from and to CSV and GeoJSON (RFC 7946), by the hundred thousand, with a report for each row."""

from __future__ import annotations

import asyncio
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
from sqlalchemy import Connection

from softswitch import numbers
from softswitch.access import audit
from softswitch.clock import Millis
from softswitch.csvio import (
    MOST_ROWS,
    Report,
    RowReport,
    RowStatus,
    read_rows,
    repeated,
    write_rows,
)
from softswitch.errors import Kind as Why
from softswitch.errors import Refusal, invalid
from softswitch.layers.resources import store
from softswitch.layers.resources.events import ResourcesImported
from softswitch.layers.resources.model import FIELDS, Resource, difference, resource, shown
from softswitch.layers.resources.service import ResourceService
from softswitch.store.event_log import append

BATCH = 250
"""Rows in one write: the writer is free for calls in between."""
REQUIRED = ("code", "kind")
COLUMNS = tuple(name for name in FIELDS if name != "version")
OPTIONAL = tuple(name for name in COLUMNS if name not in REQUIRED)

Given = tuple[int, str, dict[str, Any] | Refusal]
"""The line or the number of the feature, the code, the fields or why they cannot be read."""
Put = tuple[Resource | None, Resource]
"""A resource as it was before, and as it is now."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row as a resource of its own, and the fields that the row really gives."""

    number: int
    value: Resource
    given: frozenset[str]

    def onto(self, old: Resource | None) -> Resource:
        """Return what the resource becomes: what the row leaves empty stays as it is."""
        if old is None:
            return self.value
        return replace(old, **{name: getattr(self.value, name) for name in self.given})


async def import_file(
    service: ResourceService, login: str, data: bytes, *, geojson: bool, dry_run: bool
) -> Report:
    """Import resources; nothing is ever removed; ``dry_run`` only reports.

    What is there is changed; an empty cell and a missing column leave things as they are.
    """
    lines, done = await asyncio.to_thread(_lines, data, _features if geojson else _rows)
    for start in range(0, len(lines), BATCH):
        part = lines[start : start + BATCH]
        if dry_run:
            done += await service.db.read(_compare, part)
            continue
        put, told = await service.db.write(_store, part)
        done += told
        for old, value in put:
            service.show_instead(old, value)
    report = Report(sorted(done, key=lambda row: row.line))
    if not dry_run:
        await service.db.write(_tell, report, login, service.clock())
    return report


def export_csv(conn: Connection) -> bytes:
    """Return every resource as CSV; runs in a reader thread."""
    rows = ({**shown(each), "numbers": " ".join(each.numbers)} for each in store.every(conn))
    return write_rows(COLUMNS, rows)


def export_geojson(conn: Connection) -> bytes:
    """Return every resource as a GeoJSON FeatureCollection; one without a position has no geometry."""
    features = [_feature(value) for value in store.every(conn)]
    return orjson.dumps({"type": "FeatureCollection", "features": features})


def _feature(value: Resource) -> dict[str, Any]:
    properties = {
        name: each for name, each in shown(value).items() if name not in ("lon", "lat", "version")
    }
    place = None if value.lon is None else {"type": "Point", "coordinates": [value.lon, value.lat]}
    return {"type": "Feature", "id": value.code, "geometry": place, "properties": properties}


def _rows(data: bytes) -> Iterator[Given]:
    for row in read_rows(data, required=REQUIRED, optional=OPTIONAL):
        fields: dict[str, Any] = {name: row.get(name) for name in COLUMNS if name in row.cells}
        if "numbers" in fields:
            fields["numbers"] = _words(fields["numbers"])
        yield row.line, row.get("code"), fields


def _words(text: str) -> list[str]:
    for sign in ",;，；、/":
        text = text.replace(sign, " ")
    return text.split()


def _features(data: bytes) -> Iterator[Given]:
    try:
        whole = orjson.loads(data.removeprefix(BOM_UTF8))
        features = whole["features"]
        if whole["type"] != "FeatureCollection" or not isinstance(features, list):
            raise ValueError("no FeatureCollection")
    except (ValueError, KeyError, TypeError) as error:
        raise invalid(
            "bad_geojson", "The file is no GeoJSON FeatureCollection.",
            'Give an object of the type "FeatureCollection" with a list "features".', field="file",
        ) from error  # fmt: skip
    if len(features) > MOST_ROWS:
        raise Refusal(
            Why.TOO_LARGE, "too_many_rows", f"The file has more than {MOST_ROWS} features.",
            "Divide it.",
        )  # fmt: skip
    for number, feature in enumerate(features, 1):
        known = feature if isinstance(feature, dict) else {}
        properties = known.get("properties")
        fields = dict(properties) if isinstance(properties, dict) else {}
        fields.setdefault("code", known.get("id"))
        if isinstance(fields.get("numbers"), str | int):
            fields["numbers"] = _words(str(fields["numbers"]))
        code = str(fields.get("code") or "")
        try:
            yield number, code, fields | _position(known.get("geometry"))
        except Refusal as refusal:
            yield number, code, refusal


def _position(geometry: Any) -> dict[str, Any]:
    """Return the point of a feature, or refuse another shape."""
    if geometry is None:
        return {}
    shape = geometry.get("type") if isinstance(geometry, dict) else geometry
    if shape != "Point":
        raise invalid(
            "bad_geometry", f"The geometry is {numbers.quoted(str(shape))}, and a resource stands at a point.",
            "Give a Point, or null; shapes come in with `softswitch map import`.", field="geometry",
        )  # fmt: skip
    place = geometry.get("coordinates")
    if not isinstance(place, list) or len(place) < 2:
        raise invalid(
            "bad_geometry", "The Point has no coordinates.",
            "Give them as [longitude, latitude].", field="geometry",
        )  # fmt: skip
    return {"lon": place[0], "lat": place[1]}


def _lines(
    data: bytes, read: Callable[[bytes], Iterator[Given]]
) -> tuple[list[Line], list[RowReport]]:
    refused = Report()
    lines: dict[str, Line] = {}
    for line, code, fields in read(data):
        try:
            if isinstance(fields, Refusal):
                raise fields
            if not isinstance(fields.get("numbers", []), list):
                raise invalid("bad_number", "numbers is no list.", "Give a list.", field="numbers")
            value = resource(fields)
            given = frozenset(name for name in COLUMNS if fields.get(name) not in (None, "", []))
        except Refusal as refusal:
            refused.refuse(line, code[:64], refusal)
            continue
        first = lines.setdefault(value.code, Line(line, value, given))
        if first.number != line:
            refused.refuse(line, value.code, repeated(numbers.quoted(value.code), first.number))
    return list(lines.values()), refused.rows


def _compare(conn: Connection, part: Sequence[Line]) -> list[RowReport]:
    return _told(part, _outcome(conn, part))


def _outcome(conn: Connection, part: Sequence[Line]) -> list[Put]:
    known = store.by_codes(conn, [line.value.code for line in part])
    found = ((known.get(line.value.code), line) for line in part)
    return [(old, line.onto(old)) for old, line in found]


def _told(part: Sequence[Line], put: Sequence[Put]) -> list[RowReport]:
    pairs = zip(part, put, strict=True)
    return [RowReport(line.number, _status(*each), line.value.code) for line, each in pairs]


def _status(old: Resource | None, value: Resource) -> RowStatus:
    if old is None:
        return RowStatus.ADDED
    return RowStatus.CHANGED if difference(old, value) else RowStatus.UNCHANGED


def _store(conn: Connection, part: Sequence[Line]) -> tuple[list[Put], list[RowReport]]:
    put = _outcome(conn, part)
    store.add(conn, [value for old, value in put if old is None])
    for old, value in put:
        if old is not None and difference(old, value):
            store.change(conn, value, old.version)
    return put, _told(part, put)


def _tell(conn: Connection, report: Report, login: str, at: Millis) -> None:
    counts = {status.value: report.count(status) for status in RowStatus}
    audit.append(conn, login, "resource.imported", "", counts, at=at)
    fact = ResourcesImported(at, counts["added"], counts["changed"], counts["refused"], login)
    append(conn, fact, at=at)
