"""Locations of callers, known points and positions of units in SQL."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from softswitch.clock import Millis
from softswitch.layers.gis.model import Fix, Location, Point, Source, better
from softswitch.layers.gis.tables import (
    known_points,
    locations,
    positions,
    tracks,
)
from softswitch.store.prepared import Prepared

Row = dict[str, Any]
Key = tuple[str, str]
_AT_ONCE = 400
MOST_RUNNING = 2_000

# Made once: every call takes these.
_COLUMNS = tuple(column.name for column in locations.columns)
_OF_CALL = locations.c.call_id == bindparam("key")
_LOCATION = Prepared(select(locations).where(_OF_CALL))
_BELONGS = Prepared(update(locations).where(_OF_CALL), ("incident_id",))
_END = Prepared(update(locations).where(_OF_CALL), ("ended_at",))
_POINT = Prepared(
    select(known_points.c.lon, known_points.c.lat, known_points.c.uncertainty).where(
        known_points.c.what == bindparam("which"), known_points.c.key == bindparam("name")
    )
)


def locate(
    conn: Connection,
    call_id: str,
    number: str,
    found: Location,
    at: Millis,
    *,
    login: str,
    incident_id: str,
) -> bool:
    """Store where a caller is, unless it is known from a better source; tell whether anything changed."""
    where = locations.c.call_id == call_id
    row = conn.execute(select(locations).where(where)).mappings().first()
    if not better(Source(row["source"]) if row else None, found.source):
        return False
    values: Row = {
        "lon": found.point.lon,
        "lat": found.point.lat,
        "uncertainty": found.uncertainty,
        "source": found.source.value,
        "shape": json.dumps(found.shape) if found.shape else None,
        "address": found.address,
    }
    if row and all(row[name] == value for name, value in values.items()):
        return False
    more: Row = {"at": at, "login": login}
    if row:
        conn.execute(update(locations).where(where).values(**values, **more))
    else:
        more |= {"call_id": call_id, "number": number, "incident_id": incident_id}
        conn.execute(insert(locations).values(**values, **more))
    return True


def belongs(conn: Connection, call_id: str, incident_id: str) -> None:
    """Tell which incident a call belongs to whose place is known."""
    _BELONGS.change(conn, {"key": call_id, "incident_id": incident_id})


def end(conn: Connection, call_id: str, at: Millis) -> bool:
    """Note that a call ended; tell whether its place was known."""
    return _END.change(conn, {"key": call_id, "ended_at": at}) > 0


def follow(conn: Connection, call_id: str, into_call_id: str) -> None:
    """Give a call the place of one that became part of it, when its own is not known."""
    row = conn.execute(select(locations).where(locations.c.call_id == call_id)).mappings().first()
    known = select(locations.c.call_id).where(locations.c.call_id == into_call_id)
    if row is not None and conn.execute(known).first() is None:
        conn.execute(insert(locations).values(**{**row, "call_id": into_call_id}))


def running(conn: Connection) -> list[Row]:
    """Return the places of the callers whose calls have not ended."""
    query = select(locations).where(locations.c.ended_at.is_(None)).limit(MOST_RUNNING)
    return [shown(row) for row in conn.execute(query).mappings()]


def location(conn: Connection, call_id: str) -> Row | None:
    """Return where the caller of a call is, or was."""
    row = _LOCATION.first(conn, {"key": call_id})
    return shown(dict(zip(_COLUMNS, row, strict=True))) if row else None


def shown(row: Mapping[Any, Any]) -> Row:
    """Return a stored location as JSON."""
    return {
        **{str(key): value for key, value in row.items()},
        "shape": json.loads(row["shape"]) if row["shape"] else None,
    }


# ---- known points -----------------------------------------------------------------------------------------


def point_of(conn: Connection, what: str, keys: Sequence[str]) -> tuple[Point, float] | None:
    """Return the point and its uncertainty of the first of some keys that is known."""
    for key in keys:
        row = _POINT.first(conn, {"which": what, "name": key})
        if row is not None:
            lon, lat, uncertainty = row
            return Point(lon, lat), uncertainty
    return None


def points_known(conn: Connection, numbers: Sequence[str], address: str) -> list[Location]:
    """Return where a caller is by the registry: by the point of his address, then by that of his number."""
    by_address = point_of(conn, "address", [address] if address else [])
    by_number = point_of(conn, "number", numbers)
    return [
        *([Location(*by_address, Source.ADDRESS, None, address)] if by_address else []),
        *([Location(*by_number, Source.NUMBER)] if by_number else []),
    ]


def points_of(conn: Connection, keys: Iterable[Key]) -> dict[Key, tuple[float, float, float]]:
    """Return longitude, latitude and uncertainty of each key that is known."""
    found: dict[Key, tuple[float, float, float]] = {}
    wanted = sorted(set(keys))
    for what in {what for what, _ in wanted}:
        names = [key for one, key in wanted if one == what]
        for start in range(0, len(names), _AT_ONCE):
            query = select(known_points).where(
                (known_points.c.what == what)
                & known_points.c.key.in_(names[start : start + _AT_ONCE])
            )
            for row in conn.execute(query).mappings():
                found[what, row["key"]] = (row["lon"], row["lat"], row["uncertainty"])
    return found


def put_points(conn: Connection, rows: Sequence[Row]) -> None:
    """Write known points, each with ``what``, ``key``, ``lon``, ``lat``, ``uncertainty``."""
    for start in range(0, len(rows), _AT_ONCE):
        part = rows[start : start + _AT_ONCE]
        for what in ("number", "address"):
            keys = [row["key"] for row in part if row["what"] == what]
            old = (known_points.c.what == what) & known_points.c.key.in_(keys)
            conn.execute(delete(known_points).where(old))
        conn.execute(insert(known_points), [dict(row) for row in part])


def number_columns(conn: Connection) -> list[tuple[str, float, float]]:
    """Return the point of every number that is known."""
    query = select(known_points.c.key, known_points.c.lon, known_points.c.lat)
    query = query.where(known_points.c.what == "number")
    return [(key, lon, lat) for key, lon, lat in conn.execute(query)]


def point_page(conn: Connection, after: str, limit: int) -> list[Row]:
    """Return known points in the order of their keys."""
    query = select(known_points).where(known_points.c.key > after)
    query = query.order_by(known_points.c.key).limit(limit)
    return [dict(row) for row in conn.execute(query).mappings()]


# ---- positions of units -----------------------------------------------------------------------------------


def put_fixes(conn: Connection, fixes: Sequence[Fix]) -> list[Fix]:
    """Store positions; return those that are now the latest of their unit. One that came late stays in the track."""
    newest = {fix.unit: fix for fix in sorted(fixes, key=lambda fix: fix.at)}
    known = _latest(conn, list(newest))
    rows = {(fix.unit, fix.at): _fix_row(fix) for fix in fixes}
    conn.execute(insert(tracks).prefix_with("OR IGNORE", dialect="sqlite"), list(rows.values()))
    moved = [fix for fix in newest.values() if known.get(fix.unit, -1) < fix.at]
    units = [fix.unit for fix in moved]
    for start in range(0, len(units), _AT_ONCE):
        part = units[start : start + _AT_ONCE]
        conn.execute(delete(positions).where(positions.c.unit.in_(part)))
    if moved:
        conn.execute(insert(positions), [_fix_row(fix) for fix in moved])
    return moved


def _latest(conn: Connection, units: Sequence[str]) -> dict[str, Millis]:
    found: dict[str, Millis] = {}
    for start in range(0, len(units), _AT_ONCE):
        query = select(positions.c.unit, positions.c.at)
        query = query.where(positions.c.unit.in_(units[start : start + _AT_ONCE]))
        found |= {row.unit: row.at for row in conn.execute(query)}
    return found


def _fix_row(fix: Fix) -> Row:
    return {
        "unit": fix.unit,
        "at": fix.at,
        "lon": fix.point.lon,
        "lat": fix.point.lat,
        "accuracy": fix.accuracy,
        "speed": fix.speed,
        "heading": fix.heading,
    }


def all_positions(conn: Connection) -> list[Row]:
    """Return the latest position of every unit."""
    return [dict(row) for row in conn.execute(select(positions)).mappings()]


def track(conn: Connection, unit: str, since: Millis, until: Millis, limit: int) -> list[Row]:
    """Return where a unit was between two instants, oldest first."""
    query = select(tracks).where((tracks.c.unit == unit) & tracks.c.at.between(since, until))
    query = query.order_by(tracks.c.at).limit(limit)
    return [dict(row) for row in conn.execute(query).mappings()]


def prune_tracks(conn: Connection, before: Millis, limit: int = 5_000) -> int:
    """Remove old parts of tracks, a bounded piece at a time; return how many fixes went."""
    old = conn.execute(
        select(tracks.c.unit, tracks.c.at).where(tracks.c.at < before).limit(limit)
    ).all()
    for unit, at in old:
        conn.execute(delete(tracks).where((tracks.c.unit == unit) & (tracks.c.at == at)))
    return len(old)
