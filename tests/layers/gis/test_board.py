"""Who is inside and who is nearest, against looking at each."""

from __future__ import annotations

import random

import numpy as np
import pytest

from softswitch.layers.gis import sphere
from softswitch.layers.gis.area import circle, polygon
from softswitch.layers.gis.board import Board, Wanted
from softswitch.layers.gis.model import Coordinates, Kind, Point, Thing

MINUTE = 60_000


def unit(name: str, lon: float, lat: float, **more: object) -> Thing:
    return Thing(Kind.UNIT, name, Point(lon, lat), **more)  # type: ignore[arg-type]


def far(one: Point, other: Point) -> float:
    return float(sphere.metres(one, np.array([other.lon]), np.array([other.lat]))[0])


@pytest.mark.parametrize("place", [Point(104.77, 29.35), Point(180.0, 10.0), Point(0.0, 90.0)])
def test_the_nearest_are_the_nearest_anywhere(place: Point) -> None:
    dice = random.Random(7)
    board = Board()
    things = [unit(str(i), dice.uniform(-180, 180), dice.uniform(-90, 90)) for i in range(3_000)]
    for thing in things:
        board.put(thing)
    picture = board.pictures([Kind.UNIT])[Kind.UNIT]
    found = picture.nearest(place, 5, Wanted())
    expected = sorted(far(place, thing.point) for thing in things)[:5]
    assert [distance for distance, _ in found] == pytest.approx(expected)


def test_status_rest_age_and_number() -> None:
    board = Board()
    now = 1_000_000_000
    board.put(unit("busy", 104.001, 29, status="assigned", numbers=("2001",), fix_at=now))
    board.put(unit("old", 104.002, 29, status="free", numbers=("2002",), fix_at=now - 10 * MINUTE))
    board.put(unit("rests", 104.003, 29, status="free", numbers=("2003",), rested_at=now + MINUTE))
    board.put(unit("mute", 104.004, 29, status="free", fix_at=now))
    board.put(unit("good", 104.005, 29, status="free", numbers=("2005",), fix_at=now))
    picture = board.pictures([Kind.UNIT])[Kind.UNIT]

    def names(**wanted: object) -> list[str]:
        found = picture.nearest(Point(104, 29), 9, Wanted(**wanted))  # type: ignore[arg-type]
        return [thing.id for _, thing in found]

    assert names() == ["busy", "old", "rests", "mute", "good"]
    free = frozenset({"free"})
    assert names(statuses=free) == ["old", "rests", "mute", "good"]
    assert names(statuses=free, oldest_fix=now - 5 * MINUTE) == ["rests", "mute", "good"]
    assert names(statuses=free, oldest_fix=now - 5 * MINUTE, rested_by=now) == ["mute", "good"]
    assert names(statuses=free, rested_by=now, with_number=True) == ["old", "good"]
    assert names(statuses=frozenset({"unheard of"})) == []


def test_changes_after_a_picture() -> None:
    board = Board()
    for i in range(2_000):
        board.put(unit(str(i), 104 + i / 10_000, 29))
    first = board.pictures([Kind.UNIT])[Kind.UNIT]
    board.put(unit("1999", 104.0, 29.0001))
    board.drop(Kind.UNIT, "0")
    second = board.pictures([Kind.UNIT])[Kind.UNIT]
    near = Point(104, 29)
    assert [thing.id for _, thing in first.nearest(near, 2, Wanted())] == ["0", "1"]
    # A ten-thousandth of a degree is 9.7 m to the east here, and 11.1 m to the north.
    assert [thing.id for _, thing in second.nearest(near, 2, Wanted())] == ["1", "1999"]
    small = circle(104, 29, 12.0, Coordinates.WGS84)
    assert {thing.id for thing in first.inside(small)} == {"0", "1"}
    assert {thing.id for thing in second.inside(small)} == {"1", "1999"}


def test_a_circle_over_the_date_line_and_at_the_pole() -> None:
    board = Board()
    board.put(unit("east", 179.9, 0))
    board.put(unit("west", -179.9, 0))
    board.put(unit("pole", 12, 89.99))
    board.put(unit("home", 104, 29))
    picture = board.pictures([Kind.UNIT])[Kind.UNIT]
    over = circle(180, 0, 20_000, Coordinates.WGS84)
    assert {thing.id for thing in picture.inside(over)} == {"east", "west"}
    assert [t.id for t in picture.inside(circle(-170, 89.99, 3_000, Coordinates.WGS84))] == ["pole"]


def test_a_polygon() -> None:
    board = Board()
    board.put(unit("in", 104.5, 29.5))
    board.put(unit("out", 106, 29.5))
    square = [[104, 29], [105, 29], [105, 30], [104, 30], [104, 29]]
    area = polygon({"type": "Polygon", "coordinates": [square]})
    picture = board.pictures([Kind.UNIT])[Kind.UNIT]
    assert [thing.id for thing in picture.inside(area)] == ["in"]
