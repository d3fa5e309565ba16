"""Positions of units: late ones, doubled ones, wrong clocks; tracks; numbers in an area."""

from __future__ import annotations

from pathlib import Path

import pytest

from softswitch.clock import now
from softswitch.errors import Refusal
from softswitch.layers.gis.area import polygon
from softswitch.layers.gis.board import Wanted
from softswitch.layers.gis.bodies import Position
from softswitch.layers.gis.model import Coordinates, Kind, Point, Thing
from tests.layers.gis.kit import CHIEF, Bench, bench
from tests.layers.gis.test_callers import points

SQUARE = [[104.7, 29.3], [104.9, 29.3], [104.9, 29.5], [104.7, 29.5], [104.7, 29.3]]
AREA = {"type": "Polygon", "coordinates": [SQUARE]}


def at(unit: str, back: int, lon: float = 104.8, **more: object) -> Position:
    return Position(unit=unit, at=now() - back, lon=lon, lat=29.4, **more)  # type: ignore[arg-type]


def seen(layer: Bench, unit: str) -> Thing:
    found = layer.gis.board.get(Kind.UNIT, unit)
    assert found is not None
    return found


async def test_late_and_doubled_positions(tmp_path: Path) -> None:
    async with bench(tmp_path) as layer:
        newest = at("119-01", 1_000, 104.81)
        told = await layer.gis.units.report([newest, at("119-01", 9_000, 104.80)])
        assert told == {"taken": 2, "refused": []}
        await layer.gis.units.report([at("119-01", 5_000, 104.79), newest])
        assert seen(layer, "119-01").point.lon == 104.81
        track = await layer.gis.units.track("119-01", 0, now())
        assert [each["lon"] for each in track] == [104.80, 104.79, 104.81]
    async with bench(tmp_path) as layer:
        assert seen(layer, "119-01").point.lon == 104.81


async def test_a_wrong_position_stops_no_other(layer: Bench) -> None:
    told = await layer.gis.units.report(
        [at("a", -3_600_000), at("b", 1), Position(unit="c", at=1, lon=29.4, lat=104.8),
         Position(unit="d", at=1, lon=104.8, lat=29.4, accuracy=-1)]
    )  # fmt: skip
    assert told["taken"] == 1
    assert [(each["index"], each["code"]) for each in told["refused"]] == [
        (0, "fix_in_future"), (2, "bad_coordinates"), (3, "bad_uncertainty"),
    ]  # fmt: skip
    assert layer.gis.board.count(Kind.UNIT) == 1


async def test_a_tracker_counts_more_than_the_home(layer: Bench) -> None:
    layer.gis.service.show("unit", "119-01", 104.75, 29.35, "一号车", ("2001",), "free")
    assert seen(layer, "119-01").point == (104.75, 29.35)
    await layer.gis.units.report([at("119-01", 1, coordinates=Coordinates.GCJ02)])
    moved = seen(layer, "119-01")
    assert moved.name == "一号车"
    assert moved.point.lon == pytest.approx(104.8, abs=0.01)
    assert moved.point.lon != 104.8
    layer.gis.service.show("unit", "119-01", 104.75, 29.35, "一号车", ("2001",), "assigned")
    assert seen(layer, "119-01").status == "assigned"
    assert seen(layer, "119-01").point == moved.point


async def test_who_is_inside(layer: Bench) -> None:
    await points(layer)
    layer.gis.service.show("hazard", "h1", 104.8, 29.4, "油库", ("2009", "2010"))
    layer.gis.service.show("target", "t1", 104.8, 29.4, "学校", ("2009",))
    layer.gis.service.show("target", "t2", 105.8, 29.4, "医院", ("2011",))
    found = await layer.gis.service.inside(polygon(AREA), list(Kind))
    assert found["counts"] == {
        **{kind.value: 0 for kind in Kind}, "hazard": 1, "target": 1, "number": 1,
    }  # fmt: skip
    assert found["total"] == 3
    assert found["numbers"] == ["2009", "13890012345"]
    assert {thing["id"] for thing in found["things"]} == {"h1", "t1"}


async def test_messages_need_a_part_that_sends(layer: Bench) -> None:
    await points(layer)
    with pytest.raises(Refusal) as refused:
        await layer.gis.service.message(CHIEF.login, polygon(AREA), AREA, [Kind.NUMBER], "撤离")
    assert refused.value.code == "no_messages"
    sent = []

    class Messenger:
        linked = False

        async def ready(self) -> bool:
            return self.linked

        async def send(
            self, login: str, area: object, numbers: object, text: str, incident_id: str
        ) -> dict[str, int]:
            sent.append((login, area, numbers, text, incident_id))
            return {"queued": 1}

    layer.gis.service.messenger = messenger = Messenger()
    with pytest.raises(Refusal) as refused:
        await layer.gis.service.message(CHIEF.login, polygon(AREA), AREA, [Kind.NUMBER], "撤离")
    assert refused.value.code == "no_messages"
    messenger.linked = True
    await layer.gis.service.message(CHIEF.login, polygon(AREA), AREA, [Kind.NUMBER], "撤离")
    assert sent == [("chief", AREA, ["13890012345"], "撤离", "")]


async def test_the_nearest_unit(layer: Bench) -> None:
    for name, lon in (("far", 104.9), ("near", 104.81), ("mid", 104.85)):
        await layer.gis.units.report([at(name, 1, lon)])
    found = await layer.gis.service.nearest(Kind.UNIT, Point(104.8, 29.4), 2, Wanted())
    assert [thing.id for _, thing in found] == ["near", "mid"]
    assert found[0][0] == pytest.approx(970, rel=0.01)
