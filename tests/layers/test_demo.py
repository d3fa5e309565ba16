"""The demonstration has something on its map, and leaves alone what people made of it."""

from __future__ import annotations

from pathlib import Path

from softswitch.app_demo import fill_map
from softswitch.directory.demo import CITIZENS
from softswitch.layers.gis.area import Circle
from softswitch.layers.gis.model import Kind, Point
from softswitch.layers.resources.service import ResourceService
from tests.layers.gis.kit import CHIEF, bench


async def test_an_empty_map_is_filled_once(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        gis = one.gis
        resources = ResourceService(one.db, gis.service)
        await fill_map(gis, resources)
        town = Circle(Point(104.78, 29.34), 20_000)
        numbers = await gis.service.numbers(town, list(Kind))
        assert set(numbers) >= {number for number, *_ in CITIZENS}
        kept = await resources.page()
        assert kept
        await resources.remove(CHIEF, kept[0]["code"])
        await fill_map(gis, resources)
        assert await resources.page() == kept[1:]
