"""The map follows incidents: by their facts while the system runs, from the tables after a restart."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from softswitch.app_layers import connect_map
from softswitch.layers.gis.area import circle
from softswitch.layers.gis.build import Gis
from softswitch.layers.gis.model import Coordinates, Kind
from softswitch.layers.incidents.model import Status
from softswitch.store.database import Database
from tests.layers.gis.kit import Bench as MapBench
from tests.layers.incidents.kit import HE, LI, Bench

PLACE = {"latitude": 29.35, "longitude": 104.77}
FIELDS = {**PLACE, "result": "误报"}


@dataclass
class Both:
    """Incidents and the map of one system."""

    bench: Bench
    gis: Gis


@pytest.fixture
async def both(tmp_path: Path) -> AsyncIterator[Both]:
    async with Database.at(tmp_path / "softswitch.db") as db:
        bench, gis = Bench(db), MapBench(db, tmp_path).gis
        await bench.layer.start(bench.log)
        await gis.start(bench.log)
        await bench.log.start()
        try:
            yield Both(bench, gis)
        finally:
            await gis.stop()
            await bench.log.close()


async def placed_call(bench: Bench, call_id: str) -> str:
    one = await bench.call(call_id)
    await bench.layer.service.edit(LI, one, await bench.version(one), FIELDS)
    return one


async def move(bench: Bench, one: str, *states: Status) -> None:
    for state in states:
        version = await bench.version(one)
        await bench.layer.service.move(HE, one, version, state, "误报")


async def shown(bench: Bench, gis: Gis) -> dict[str, str]:
    """The incidents on the map with their states."""
    await bench.log.drained()
    picture = gis.board.pictures([Kind.INCIDENT])[Kind.INCIDENT]
    around = circle(PLACE["longitude"], PLACE["latitude"], 100, Coordinates.WGS84)
    return {thing.id: thing.status for thing in picture.inside(around)}


async def test_a_part_and_what_is_unmerged_are_on_the_map_at_once(both: Both) -> None:
    bench, gis = both.bench, both.gis
    one, other = await placed_call(bench, "c1"), await placed_call(bench, "c2")
    joins = bench.layer.joins
    await joins.merge(LI, one, other, await bench.version(one), await bench.version(other))
    assert await shown(bench, gis) == {one: "draft"}
    await joins.unmerge(LI, other, await bench.version(other))
    assert await shown(bench, gis) == {one: "draft", other: "draft"}
    await bench.layer.service.attach(LI, one, "c3")
    part = await joins.split(LI, one, await bench.version(one), ["c3"], "另一起")
    assert await shown(bench, gis) == {one: "draft", other: "draft", part["id"]: "draft"}
    bare = await bench.call("c4")
    await bench.layer.service.attach(LI, bare, "c5")
    await joins.split(LI, bare, await bench.version(bare), ["c5"], "")
    assert len(await shown(bench, gis)) == 3


async def test_an_incident_that_is_opened_again_is_back_on_the_map(both: Both) -> None:
    bench, gis = both.bench, both.gis
    one = await placed_call(bench, "c1")
    await move(bench, one, Status.CLOSED)
    assert await shown(bench, gis) == {}
    await move(bench, one, Status.CONTROLLED)
    assert await shown(bench, gis) == {one: "controlled"}


async def test_the_map_is_the_same_after_a_restart(both: Both, tmp_path: Path) -> None:
    bench, gis = both.bench, both.gis
    one, over, other = [await placed_call(bench, f"c{n}") for n in range(3)]
    joins = bench.layer.joins
    await move(bench, over, Status.CLOSED)
    await joins.merge(LI, one, other, await bench.version(one), await bench.version(other))
    await bench.call("c4")
    fresh = MapBench(bench.db, tmp_path / "again").gis
    await connect_map(fresh, bench.layer)
    assert await shown(bench, fresh) == await shown(bench, gis) == {one: "draft"}
