"""What stands on the map now, in memory: who is inside an area, and who is nearest.

Changed on the event loop, asked in threads: :meth:`Board.picture` is a value that no later change touches.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from softswitch.clock import Millis
from softswitch.layers.gis import sphere
from softswitch.layers.gis.area import Area, Circle
from softswitch.layers.gis.grid import Flags, Floats, PointGrid, Whole
from softswitch.layers.gis.model import Kind, Point, Thing

_LEAST_CHANGES = 500
_SHARE = 20
"""A picture is made anew when one in so many has changed."""


class Columns:
    """Some things as columns of numbers, made once and read by many questions. Use it in any thread."""

    def __init__(self, things: Sequence[Thing]) -> None:
        self.things = things

    @cached_property
    def lon(self) -> Floats:
        return np.fromiter((t.point.lon for t in self.things), np.float64, len(self.things))

    @cached_property
    def lat(self) -> Floats:
        return np.fromiter((t.point.lat for t in self.things), np.float64, len(self.things))

    @cached_property
    def grid(self) -> PointGrid:
        return PointGrid(self.lon, self.lat)

    @cached_property
    def vectors(self) -> Floats:
        return sphere.vectors(self.lon, self.lat)

    @cached_property
    def fix_at(self) -> Whole:
        return _instants(thing.fix_at for thing in self.things)

    @cached_property
    def rested_at(self) -> Whole:
        return _instants(thing.rested_at for thing in self.things)

    @cached_property
    def statuses(self) -> tuple[dict[str, int], Whole]:
        """The number of each status, and that of each thing."""
        numbers = {name: at for at, name in enumerate({thing.status for thing in self.things})}
        found = (numbers[thing.status] for thing in self.things)
        return numbers, np.fromiter(found, np.int64, len(self.things))

    def inside(self, area: Area) -> list[Thing]:
        """Return the things in an area."""
        if isinstance(area, Circle):
            places = self._within(area)
        else:
            places = self.grid.inside(area.geometry)
        return [self.things[place] for place in places.tolist()]

    def _within(self, area: Circle) -> Whole:
        """Return who is in a circle: by the sphere first, then exactly on the ellipsoid."""
        centre = _vector(area.centre)
        squared = sphere.chords(self.vectors, centre)
        near = np.nonzero(squared <= sphere.chord(area.radius * (1 + sphere.SPHERE_ERROR)))[0]
        exact = sphere.metres(area.centre, self.lon[near], self.lat[near]) <= area.radius
        return near[exact]


def _instants(values: Iterable[Millis | None]) -> Whole:
    """Return instants; -1 stands for none."""
    return np.array([-1 if value is None else value for value in values], dtype=np.int64)


def _vector(place: Point) -> Floats:
    return sphere.vectors(np.array([place.lon]), np.array([place.lat]))[:, 0]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who may be named as nearest. An empty set of statuses takes all."""

    statuses: frozenset[str] = frozenset()
    oldest_fix: Millis | None = None
    """Positions from before are not trusted; what does not move has none and is always taken."""
    rested_by: Millis | None = None
    """Who rests beyond this instant is left out; None: who rests is taken too."""
    with_number: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """The things of one kind at one moment: columns of most of them, and those that changed since."""

    columns: Columns
    changed: Columns
    gone: frozenset[str]
    """Ids whose place in ``columns`` is out of date."""

    def inside(self, area: Area) -> list[Thing]:
        """Return the things in an area."""
        old = [thing for thing in self.columns.inside(area) if thing.id not in self.gone]
        return old + self.changed.inside(area)

    def nearest(self, place: Point, count: int, wanted: Wanted) -> list[tuple[float, Thing]]:
        """Return the nearest things with their distance in metres on WGS-84, nearest first."""
        found = _nearest(self.columns, place, count, wanted, self.gone)
        found += _nearest(self.changed, place, count, wanted, frozenset())
        return sorted(found, key=lambda pair: (pair[0], pair[1].id))[:count]


def _nearest(
    columns: Columns, place: Point, count: int, wanted: Wanted, gone: frozenset[str]
) -> list[tuple[float, Thing]]:
    things = columns.things
    if not things or count < 1:
        return []
    squared = sphere.chords(columns.vectors, _vector(place))
    squared[~_fit(columns, wanted)] = np.inf
    found: list[tuple[float, Thing]] = []
    # Those that may not count are few; one more look with room for them is dearer than a little more room.
    room = min(len(things), count + len(gone))
    while True:
        furthest = float(np.partition(squared, room - 1)[room - 1])
        reach = sphere.chord(_arc(furthest) * (1 + 2 * sphere.SPHERE_ERROR))
        near = np.nonzero((squared <= reach) & np.isfinite(squared))[0]
        distances = sphere.metres(place, columns.lon[near], columns.lat[near])
        pairs = zip(distances.tolist(), near.tolist(), strict=True)
        found = [
            (far, things[at])
            for far, at in sorted(pairs)
            if things[at].id not in gone and (things[at].numbers or not wanted.with_number)
        ]
        if len(found) >= count or room == len(things):
            return found[:count]
        room = min(len(things), room * 4)


def _arc(squared: float) -> float:
    """Return the distance on the sphere, in metres, of a squared chord."""
    return float(2.0 * np.arcsin(min(1.0, np.sqrt(min(squared, 4.0)) / 2.0)) * sphere.RADIUS)


def _fit(columns: Columns, wanted: Wanted) -> Flags:
    fits = np.ones(len(columns.things), dtype=np.bool_)
    if wanted.statuses:
        numbers, codes = columns.statuses
        taken = np.zeros(len(numbers), dtype=np.bool_)
        taken[[numbers[name] for name in wanted.statuses if name in numbers]] = True
        fits &= taken[codes]
    if wanted.oldest_fix is not None:
        fits &= (columns.fix_at < 0) | (columns.fix_at >= wanted.oldest_fix)
    if wanted.rested_by is not None:
        fits &= columns.rested_at <= wanted.rested_by
    return fits


class _Layer:
    """The things of one kind."""

    def __init__(self) -> None:
        self.things: dict[str, Thing] = {}
        self._columns = Columns(())
        self._changed: set[str] = set()

    def change(self, id: str) -> None:  # noqa: A002
        self._changed.add(id)

    def picture(self) -> Picture:
        if len(self._changed) > _LEAST_CHANGES + len(self.things) // _SHARE:
            self._columns = Columns(tuple(self.things.values()))
            self._changed = set()
        now = [self.things[each] for each in self._changed if each in self.things]
        return Picture(self._columns, Columns(now), frozenset(self._changed))


class Board:
    """Everything on the map, by kind and id. Use it from one event loop."""

    def __init__(self) -> None:
        self._layers = {kind: _Layer() for kind in Kind}

    def put(self, thing: Thing) -> None:
        """Set one thing; one with the same kind and id is replaced."""
        layer = self._layers[thing.kind]
        if layer.things.get(thing.id) != thing:
            layer.things[thing.id] = thing
            layer.change(thing.id)

    def drop(self, kind: Kind, id: str) -> None:  # noqa: A002
        """Remove one thing; one that is not there is no error."""
        layer = self._layers[kind]
        if layer.things.pop(id, None) is not None:
            layer.change(id)

    def get(self, kind: Kind, id: str) -> Thing | None:  # noqa: A002
        """Return one thing."""
        return self._layers[kind].things.get(id)

    def count(self, kind: Kind) -> int:
        """Return how many of a kind there are."""
        return len(self._layers[kind].things)

    def pictures(self, kinds: Collection[Kind]) -> Mapping[Kind, Picture]:
        """Return each kind as it is now, to be asked in any thread."""
        return {kind: self._layers[kind].picture() for kind in kinds}
