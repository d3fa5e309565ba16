"""Resources: books, versions, files with a report for each row, and the map."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from softswitch.access.model import Actor, Role
from softswitch.errors import Refusal
from softswitch.layers.resources.files import export_csv, export_geojson, import_file
from softswitch.layers.resources.service import ResourceService
from softswitch.layers.resources.store import Wanted
from softswitch.store.database import Database

CHIEF = Actor("chief", "班长", Role.SUPERVISOR)
TRUCK = {
    "code": "119-01", "kind": "unit", "name": "一号水罐车", "numbers": ["13800000001", "2001"],
    "lon": 104.77, "lat": 29.35, "team": "消防一队",
}  # fmt: skip


class Places:
    """Keeps what is on the map."""

    def __init__(self) -> None:
        self.shown: dict[tuple[str, str], tuple[Any, ...]] = {}

    def show(self, kind: str, id: str, *values: Any) -> None:  # noqa: A002
        self.shown[kind, id] = values

    def hide(self, kind: str, id: str) -> None:  # noqa: A002
        self.shown.pop((kind, id), None)


class Bench:
    def __init__(self, db: Database) -> None:
        self.places = Places()
        self.service = ResourceService(db, self.places)

    async def load(self, text: str, **more: bool) -> dict[str, Any]:
        given = {"geojson": text.startswith("{"), "dry_run": False, **more}
        report = await import_file(self.service, "chief", text.encode(), **given)
        return report.as_json()


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with Database.at(tmp_path / "softswitch.db") as db:
        yield Bench(db)


async def refused(work: Any) -> str:
    with pytest.raises(Refusal) as caught:
        await work
    return caught.value.code


async def test_add_change_remove(bench: Bench) -> None:
    service, places = bench.service, bench.places
    added = await service.add(CHIEF, TRUCK)
    assert added["version"] == 1
    assert places.shown["unit", "119-01"][:2] == (104.77, 29.35)
    assert await refused(service.add(CHIEF, TRUCK)) == "resource_taken"
    changed = await service.change(CHIEF, "119-01", 1, {"status": "assigned"})
    assert (changed["status"], changed["version"], changed["name"]) == ("assigned", 2, "一号水罐车")
    late = service.change(CHIEF, "119-01", 1, {"status": "free"})
    assert await refused(late) == "resource_changed"
    assert (await service.change(CHIEF, "119-01", 2, {"status": "assigned"}))["version"] == 2
    gone = await service.change(CHIEF, "119-01", 2, {"lon": None, "lat": None})
    assert gone["lon"] is None
    assert not places.shown
    await service.remove(CHIEF, "119-01")
    assert await refused(service.get("119-01")) == "resource_not_found"


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("code", "a b", "bad_code"),
        ("code", "", "bad_code"),
        ("kind", "tank", "bad_kind"),
        ("status", "asleep", "bad_status"),
        ("numbers", ["12x"], "bad_number"),
        ("numbers", [str(n) for n in range(1000, 1020)], "too_many"),
        ("lon", 200, "bad_coordinates"),
        ("lat", None, "bad_coordinates"),
        ("name", "x" * 101, "too_long"),
        ("note", "a\0b", "control_characters"),
        ("rested_at", -5, "bad_instant"),
    ],
)
async def test_bad_values(bench: Bench, field: str, value: object, code: str) -> None:
    assert await refused(bench.service.add(CHIEF, {**TRUCK, field: value})) == code


async def test_csv_there_and_back(bench: Bench) -> None:
    text = (
        "code,kind,name,numbers,lon,lat,status\n"
        "h1,hazard,油库,13800000009 2009,104.7,29.3,\n"
        "m1,material,沙袋,,,,free\n"
        "h1,hazard,又一个,,,,\n"
        "x,tank,,,,,\n"
        "y,unit,,,29.3,104.7,\n"
    )
    told = await bench.load(text, dry_run=True)
    assert (told["added"], told["refused"]) == (2, 3)
    assert not bench.places.shown
    told = await bench.load(text)
    assert [row["status"] for row in told["rows"]] == [
        "added", "added", "refused", "refused", "refused",
    ]  # fmt: skip
    assert [row["line"] for row in told["rows"]] == [2, 3, 4, 5, 6]
    assert list(bench.places.shown) == [("hazard", "h1")]
    out = await bench.service.db.read(export_csv)
    again = await bench.load(out.decode("utf-8-sig"))
    assert (again["unchanged"], again["added"], again["changed"], again["refused"]) == (2, 0, 0, 0)


async def test_what_a_file_leaves_empty_stays_as_it_is(bench: Bench) -> None:
    await bench.service.add(CHIEF, {**TRUCK, "status": "assigned", "note": "云梯"})
    before = await bench.service.get("119-01")
    told = await bench.load("code,kind,name,numbers,lon,lat,status\n119-01,unit,,,,,\n")
    assert told["unchanged"] == 1
    told = await bench.load("code,kind,amount\n119-01,unit,2 台\n", dry_run=True)
    assert told["changed"] == 1
    assert await bench.service.get("119-01") == before
    told = await bench.load("code,kind,amount\n119-01,unit,2 台\n")
    assert told["changed"] == 1
    assert await bench.service.get("119-01") == {**before, "amount": "2 台", "version": 2}
    given = {"kind": "team", "numbers": 13800000002}
    feature = {"type": "Feature", "id": "119-01", "geometry": None, "properties": given}
    whole = {"type": "FeatureCollection", "features": [feature]}
    assert (await bench.load(json.dumps(whole)))["changed"] == 1
    after = {**before, "amount": "2 台", "kind": "team", "version": 3}
    after["numbers"] = ["13800000002"]
    assert await bench.service.get("119-01") == after
    # Of another kind now, it stands on the map once.
    assert list(bench.places.shown) == [("team", "119-01")]


async def test_geojson_there_and_back(bench: Bench) -> None:
    await bench.service.add(CHIEF, TRUCK)
    await bench.service.add(CHIEF, {"code": "p1", "kind": "person", "name": "李明"})
    out = (await bench.service.db.read(export_geojson)).decode()
    assert (await bench.load(out))["unchanged"] == 2
    assert (await bench.load("\ufeff" + out, geojson=True))["unchanged"] == 2
    moved = json.loads(out)
    moved["features"][0]["geometry"]["coordinates"] = [104.8, 29.4]
    moved["features"][1]["geometry"] = {"type": "Polygon", "coordinates": []}
    moved["features"].append("nonsense")
    told = await bench.load(json.dumps(moved))
    assert (told["changed"], told["refused"]) == (1, 2)
    features = [{"id": "a", "geometry": shape} for shape in (
        {"type": "Polygon"}, {"type": "Point"}, [1, 2], {"type": "Point", "coordinates": ["x", 2]},
        {"type": "Point", "coordinates": [104.7, None]},
    )]  # fmt: skip
    told = await bench.load(json.dumps({"type": "FeatureCollection", "features": features}))
    assert [(row["line"], row["message"].split(".")[0]) for row in told["rows"]] == [
        (1, "The geometry is 'Polygon', and a resource stands at a point"),
        (2, "The Point has no coordinates"),
        (3, "The geometry is '[1, 2]', and a resource stands at a point"),
        (4, "'x, 2' is no place"),
        (5, "Half a place is none"),
    ]
    for text in ("{}", '{"type":"FeatureCollection"}', "{"):
        assert await refused(bench.load(text)) == "bad_geojson"


async def test_pages(bench: Bench) -> None:
    for i in range(25):
        kind = "unit" if i % 2 else "person"
        await bench.service.add(CHIEF, {"code": f"c{i:02}", "kind": kind, "name": f"名{i}"})
    first = await bench.service.page(Wanted(kind="unit"), limit=5)
    assert [each["code"] for each in first] == ["c01", "c03", "c05", "c07", "c09"]
    after = await bench.service.page(Wanted(kind="unit"), after="c09", limit=2)
    assert [each["code"] for each in after] == ["c11", "c13"]
    assert [each["code"] for each in await bench.service.page(Wanted(query="名2"))] == [
        "c02", "c20", "c21", "c22", "c23", "c24",
    ]  # fmt: skip
    assert await bench.service.page(Wanted(query="%")) == []


async def test_any_place_of_a_list_is_read_with_its_length_whatever_changes(bench: Bench) -> None:
    rows = "".join(f"c{n:03d},unit,车{n}\n" for n in range(300))
    await bench.load("code,kind,name\n" + rows)
    found, count = await bench.service.part(Wanted(), 250, 20)
    assert ([each["code"] for each in found], count) == ([f"c{n}" for n in range(250, 270)], 300)
    assert await bench.service.part(Wanted(), 300, 20) == ([], 300)
    found, count = await bench.service.part(Wanted(query="车29"), 9, 20)
    assert ([each["code"] for each in found], count) == (["c298", "c299"], 11)
    await bench.service.remove(CHIEF, "c250")
    found, count = await bench.service.part(Wanted(), 250, 1)
    assert (found[0]["code"], count) == ("c251", 299)
    await bench.service.add(CHIEF, {"code": "c2505", "kind": "unit", "name": "新"})
    assert (await bench.service.part(Wanted(), 250, 1))[0][0]["code"] == "c2505"
    await bench.load("code,kind,name\nc9,hazard,油库\n")
    assert (await bench.service.part(Wanted(), 0, 1))[1] == 301


async def test_all_are_on_the_map_after_a_start(bench: Bench) -> None:
    await bench.service.add(CHIEF, TRUCK)
    again = Bench(bench.service.db)
    await again.service.start()
    assert list(again.places.shown) == [("unit", "119-01")]
