"""Imported maps in SQL. Features come in by small writes under a load of their own; one small write puts them up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from softswitch.access import audit
from softswitch.clock import Millis
from softswitch.layers.gis.events import MapImported, MapRemoved
from softswitch.layers.gis.tables import features, maps
from softswitch.store.event_log import append

Row = dict[str, Any]
Box = tuple[float, float, float, float]
_SIDES = ("west", "south", "east", "north")


def add_features(conn: Connection, load: str, first: int, rows: Sequence[Row]) -> None:
    """Store some features of an import."""
    conn.execute(
        insert(features),
        [{**row, "load": load, "position": first + at} for at, row in enumerate(rows)],
    )


def put_map(
    conn: Connection, map_id: str, name: str, note: str, load: str, at: Millis, login: str
) -> str | None:
    """Put the features of a load up as the map ``name``; return the load that they replace."""
    query = select(
        func.count(),
        func.min(features.c.west),
        func.min(features.c.south),
        func.max(features.c.east),
        func.max(features.c.north),
    ).where(features.c.load == load)
    count, *box = conn.execute(query).one()
    values: Row = dict(zip(_SIDES, box, strict=True))
    values |= {"name": name, "note": note, "load": load, "features": count}
    values |= {"imported_at": at, "login": login}
    old = conn.execute(select(maps.c.load).where(maps.c.id == map_id)).scalar()
    if old is None:
        conn.execute(insert(maps).values(id=map_id, **values))
    else:
        conn.execute(update(maps).where(maps.c.id == map_id).values(**values))
    audit.append(conn, login, "map.imported", map_id, {"name": name, "features": count}, at=at)
    append(conn, MapImported(map_id, at, name, count, login), at=at)
    return old


def all_maps(conn: Connection) -> list[Row]:
    """Return every map, by name."""
    return [
        {str(key): value for key, value in row.items() if key != "load"}
        for row in conn.execute(select(maps).order_by(maps.c.name)).mappings()
    ]


def drop_map(conn: Connection, map_id: str, at: Millis, login: str) -> str | None:
    """Take a map down; return the load of its features, None when there is no such map."""
    row = conn.execute(select(maps).where(maps.c.id == map_id)).mappings().first()
    if row is None:
        return None
    conn.execute(delete(maps).where(maps.c.id == map_id))
    audit.append(conn, login, "map.removed", map_id, {"name": row["name"]}, at=at)
    append(conn, MapRemoved(map_id, at, row["name"], login), at=at)
    load: str = row["load"]
    return load


def forget(conn: Connection, load: str, limit: int = 500) -> int:
    """Remove some features of a load that is no map any more; return how many went."""
    some = select(features.c.position).where(features.c.load == load).limit(limit)
    positions = list(conn.execute(some).scalars())
    where = (features.c.load == load) & features.c.position.in_(positions)
    conn.execute(delete(features).where(where))
    return len(positions)


def orphans(conn: Connection) -> list[str]:
    """Return the loads that are no map: imports that a crash interrupted, and what maps had before."""
    query = select(features.c.load).distinct().where(features.c.load.not_in(select(maps.c.load)))
    return list(conn.execute(query).scalars())


def in_box(conn: Connection, map_id: str, box: Box, limit: int) -> list[Row]:
    """Return the features of a map that touch a box, in the order of the file."""
    west, south, east, north = box
    load = select(maps.c.load).where(maps.c.id == map_id).scalar_subquery()
    query = select(
        features.c.position, features.c.name, features.c.geometry, features.c.properties
    ).where(
        (features.c.load == load)
        & (features.c.west <= east)
        & (features.c.east >= west)
        & (features.c.south <= north)
        & (features.c.north >= south)
    )
    query = query.order_by(features.c.position).limit(limit)
    return [dict(row) for row in conn.execute(query).mappings()]


def exists(conn: Connection, map_id: str) -> bool:
    """Tell whether there is such a map."""
    return conn.execute(select(maps.c.id).where(maps.c.id == map_id)).first() is not None
