"""The map's questions: who and what is inside an area, and who is nearest."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from softswitch.clock import Clock, now
from softswitch.errors import invalid, unavailable
from softswitch.layers.gis import sphere, store
from softswitch.layers.gis.area import Area, Circle
from softswitch.layers.gis.board import Board, Picture, Wanted
from softswitch.layers.gis.grid import Floats, PointGrid
from softswitch.layers.gis.model import Kind, Point, Thing
from softswitch.layers.gis.units import UnitService
from softswitch.store.database import Database

MOST_SHOWN = 1_000
"""Things that are named in an answer; counts count all."""
MOST_NUMBERS = 500
"""Numbers that are given to be called: as many as a group call takes."""
Json = dict[str, Any]


class Messenger(Protocol):
    """What sends messages to the numbers in an area."""

    async def ready(self) -> bool:
        """Tell whether there is a way to send."""

    async def send(
        self, login: str, area: Json, numbers: Sequence[str], text: str, incident_id: str
    ) -> Json:
        """Send a text to numbers, for an incident unless that is empty; return what became of it."""


@dataclass(frozen=True, slots=True)
class Registered:
    """The numbers whose place is known, as columns. Made once for each import, read in threads."""

    numbers: tuple[str, ...]
    lon: Floats
    lat: Floats
    grid: PointGrid

    def inside(self, area: Area) -> list[str]:
        """Return the numbers in an area."""
        if isinstance(area, Circle):
            places = np.nonzero(sphere.metres(area.centre, self.lon, self.lat) <= area.radius)[0]
        else:
            places = self.grid.inside(area.geometry)
        return [self.numbers[place] for place in places.tolist()]


class GisService:
    """Areas and distances over everything on the map. Looking is done in threads, on pictures."""

    def __init__(
        self, db: Database, board: Board, units: UnitService, *, clock: Clock = now
    ) -> None:
        self.board = board
        self.units = units
        self.messenger: Messenger | None = None
        """Set where the part that sends messages is there."""
        self._db = db
        self._clock = clock
        self._registered = _columns([])

    async def start(self) -> None:
        """Read what is stored."""
        await self.units.start()
        await self.points_changed()

    async def points_changed(self) -> None:
        """Read the places of numbers again."""
        rows = await self._db.read(store.number_columns)
        self._registered = await asyncio.to_thread(_columns, rows)

    # ---- what other layers tell (they know these only as a port)

    def show(
        self,
        kind: str,
        id: str,  # noqa: A002
        lon: float,
        lat: float,
        name: str = "",
        numbers: Sequence[str] = (),
        status: str = "",
        rested_at: int | None = None,
    ) -> None:
        """Put something on the map, or change it."""
        place = Point(lon, lat)
        thing = Thing(Kind(kind), id, place, name, tuple(numbers), status, None, rested_at)
        if thing.kind is Kind.UNIT:
            self.units.declare(thing)
        else:
            self.board.put(thing)

    def hide(self, kind: str, id: str) -> None:  # noqa: A002
        """Take something off the map."""
        if kind == Kind.UNIT:
            self.units.forget(id)
        else:
            self.board.drop(Kind(kind), id)

    # ---- questions

    async def inside(self, area: Area, kinds: Collection[Kind], limit: int = MOST_SHOWN) -> Json:
        """Return how many of each kind are in an area, some of them, and the numbers to call."""
        pictures = self.board.pictures([kind for kind in kinds if kind is not Kind.NUMBER])
        registered = self._registered if Kind.NUMBER in kinds else None
        return await asyncio.to_thread(_inside, area, pictures, registered, limit)

    async def numbers(self, area: Area, kinds: Collection[Kind]) -> list[str]:
        """Return every number in an area, each once."""
        pictures = self.board.pictures([kind for kind in kinds if kind is not Kind.NUMBER])
        registered = self._registered if Kind.NUMBER in kinds else None

        def look() -> list[str]:
            _, things, plain = _look(area, pictures, registered)
            return _numbers(things, plain)

        return await asyncio.to_thread(look)

    async def nearest(
        self, kind: Kind, place: Point, count: int, wanted: Wanted
    ) -> list[tuple[float, Thing]]:
        """Return the nearest of a kind with their distance in metres."""
        picture = self.board.pictures([kind])[kind]
        return await asyncio.to_thread(picture.nearest, place, count, wanted)

    async def can_message(self) -> bool:
        """Tell whether messages can be sent now."""
        return self.messenger is not None and await self.messenger.ready()

    async def message(
        self,
        login: str,
        area: Area,
        shape: Json,
        kinds: Collection[Kind],
        text: str,
        incident_id: str = "",
    ) -> Json:
        """Send a text to every number in an area. Refuses ``no_messages`` where nothing can send."""
        if self.messenger is None or not await self.can_message():
            raise unavailable(
                "no_messages",
                "This server has no link to a message centre.",
                "Call the people in the area as a group, or set up a link: softswitch sms link add.",
            )
        numbers = await self.numbers(area, kinds)
        if not numbers:
            raise invalid("nobody", "Nobody with a number is in the area.", "Draw another.")
        return await self.messenger.send(login, shape, numbers, text, incident_id)


def _columns(rows: Sequence[tuple[str, float, float]]) -> Registered:
    lon = np.fromiter((row[1] for row in rows), np.float64, len(rows))
    lat = np.fromiter((row[2] for row in rows), np.float64, len(rows))
    return Registered(tuple(row[0] for row in rows), lon, lat, PointGrid(lon, lat))


def _look(
    area: Area, pictures: Mapping[Kind, Picture], registered: Registered | None
) -> tuple[dict[str, int], list[Thing], list[str]]:
    counts: dict[str, int] = {}
    things: list[Thing] = []
    for kind, picture in pictures.items():
        found = picture.inside(area)
        counts[kind.value] = len(found)
        things += found
    numbers = registered.inside(area) if registered is not None else []
    if registered is not None:
        counts[Kind.NUMBER.value] = len(numbers)
    return counts, things, numbers


def _inside(
    area: Area, pictures: Mapping[Kind, Picture], registered: Registered | None, limit: int
) -> Json:
    counts, things, plain = _look(area, pictures, registered)
    numbers = _numbers(things, plain)
    return {
        "total": sum(counts.values()),
        "counts": counts,
        "things": [thing_view(thing) for thing in things[:limit]],
        "number_count": len(numbers),
        "numbers": numbers[:MOST_NUMBERS],
    }


def _numbers(things: Sequence[Thing], plain: Sequence[str]) -> list[str]:
    """Return the first number of each thing, and the others, each once."""
    firsts = [thing.numbers[0] for thing in things if thing.numbers]
    return list(dict.fromkeys([*firsts, *plain]))


def thing_view(thing: Thing, distance: float | None = None) -> Json:
    """Return a thing as JSON; the distance in metres."""
    found: Json = {
        "kind": thing.kind.value,
        "id": thing.id,
        "lon": thing.point.lon,
        "lat": thing.point.lat,
        "name": thing.name,
        "numbers": list(thing.numbers),
        "status": thing.status,
        "fix_at": thing.fix_at,
        "rested_at": thing.rested_at,
    }
    return found if distance is None else {**found, "distance": round(distance, 1)}
