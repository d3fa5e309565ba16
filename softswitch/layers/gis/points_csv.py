"""Where numbers and addresses are, as CSV: imported by the hundred thousand, with a report for each row."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection

from softswitch import numbers
from softswitch.access import audit
from softswitch.csvio import Report, Row, RowReport, RowStatus, read_rows, repeated, write_rows
from softswitch.errors import Refusal, invalid
from softswitch.layers.gis import store
from softswitch.layers.gis.model import Coordinates, point, uncertainty
from softswitch.store.database import Database

BATCH = 500
REQUIRED = ("lon", "lat")
OPTIONAL = ("number", "address", "uncertainty", "coordinates")
COLUMNS = ("number", "address", "lon", "lat", "uncertainty")
_PLACES = 7
"""Decimals of a degree that are kept: a centimetre."""

Line = tuple[int, dict[str, Any]]
Canonical = Callable[[str], str]


async def import_points(
    db: Database, canonical: Canonical, login: str, data: bytes, *, dry_run: bool
) -> Report:
    """Import the places of numbers and addresses, in batches; ``dry_run`` only reports."""
    lines, done = await asyncio.to_thread(_lines, data, canonical)
    for start in range(0, len(lines), BATCH):
        part = lines[start : start + BATCH]
        done += await (db.read(_compare, part) if dry_run else db.write(_store, part))
    report = Report(sorted(done, key=lambda row: row.line))
    if not dry_run:
        counts = {status.value: report.count(status) for status in RowStatus}
        await db.write(audit.append, login, "map.points_imported", "", counts)
    return report


def export_points(conn: Connection) -> bytes:
    """Return every known point as CSV; runs in a reader thread."""
    rows = store.point_page(conn, "", 10_000_000)
    return write_rows(COLUMNS, ({**row, row["what"]: row["key"]} for row in rows))


def _lines(data: bytes, canonical: Canonical) -> tuple[list[Line], list[RowReport]]:
    refused = Report()
    lines: dict[store.Key, Line] = {}
    for row in read_rows(data, required=REQUIRED, optional=OPTIONAL, most_rows=1_000_000):
        try:
            value = _point(row, canonical)
        except Refusal as refusal:
            refused.refuse(row.line, row.get("number") or row.get("address"), refusal)
            continue
        first = lines.setdefault((value["what"], value["key"]), (row.line, value))
        if first[0] != row.line:
            refused.refuse(row.line, value["key"], repeated(value["key"], first[0]))
    return list(lines.values()), refused.rows


def _point(row: Row, canonical: Canonical) -> dict[str, Any]:
    number, address = row.get("number"), row.get("address")
    if bool(number) == bool(address):
        raise invalid(
            "number_or_address", "A row has a number or an address.", "Give one of the two."
        )
    given = row.get("coordinates", Coordinates.WGS84.value).lower()
    if given not in set(Coordinates):
        raise invalid(
            "bad_coordinates", f"{numbers.quoted(given)} is no coordinates.",
            f"Give one of {', '.join(Coordinates)}.",
        )  # fmt: skip
    place = point(degrees(row.get("lon")), degrees(row.get("lat")), Coordinates(given))
    return {
        "what": "number" if number else "address",
        "key": canonical(numbers.phone_number(number))
        if number
        else numbers.plain_text(address, "address"),
        "lon": round(place.lon, _PLACES),
        "lat": round(place.lat, _PLACES),
        "uncertainty": uncertainty(degrees(row.get("uncertainty", "0"))),
    }


def degrees(text: str) -> float:
    """Return a number of a cell or refuse it (``bad_coordinates``)."""
    try:
        return float(text)
    except ValueError as error:
        raise invalid(
            "bad_coordinates", f"{numbers.quoted(text)} is no number.", "Give decimal degrees."
        ) from error


def _compare(conn: Connection, part: Sequence[Line]) -> list[RowReport]:
    known = store.points_of(conn, [(value["what"], value["key"]) for _, value in part])
    found = []
    for line, value in part:
        old = known.get((value["what"], value["key"]))
        new = (value["lon"], value["lat"], value["uncertainty"])
        status = RowStatus.ADDED if old is None else RowStatus.CHANGED
        found.append(RowReport(line, RowStatus.UNCHANGED if old == new else status, value["key"]))
    return found


def _store(conn: Connection, part: Sequence[Line]) -> list[RowReport]:
    reports = _compare(conn, part)
    changed = [
        value
        for report, (_, value) in zip(reports, part, strict=True)
        if report.status is not RowStatus.UNCHANGED
    ]
    if changed:
        store.put_points(conn, changed)
    return reports
