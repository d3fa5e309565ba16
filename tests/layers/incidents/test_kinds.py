"""The tables of types and grades: shipped, imported row by row, exported and taken back."""

from __future__ import annotations

import pytest

from softswitch.errors import Refusal
from softswitch.layers.incidents.kind_model import parent
from tests.layers.incidents.kit import Bench

CSV = "code,name_zh,name_en\n20701,居民住宅火灾,Dwelling fire\n20711,古建筑火灾,Heritage fire\n99999,x,\n20712,,\n"


async def test_the_four_classes_and_the_four_grades_are_there(bench: Bench) -> None:
    kinds = bench.layer.kinds
    classes = [code for code in kinds.types if not parent(code)]
    assert classes == ["10000", "20000", "30000", "40000"]
    assert all(parent(code) in {"", *kinds.types} for code in kinds.types)
    assert all(one.name_zh and one.name_en for one in kinds.types.values())
    assert [one.name_zh for one in kinds.grades.values()] == ["特别重大", "重大", "较大", "一般"]
    assert kinds.clock_of(1) == (120, 120)


async def test_an_import_reports_every_row(bench: Bench) -> None:
    kinds = bench.layer.kinds
    dry = await kinds.import_types("chen", CSV.encode(), dry_run=True)
    assert "20711" not in kinds.types
    report = await kinds.import_types("chen", CSV.encode(), dry_run=False)
    assert report == dry
    assert [row["status"] for row in report["rows"]] == ["unchanged", "added", "refused", "refused"]
    assert kinds.types["20711"].name_zh == "古建筑火灾"
    assert (report["added"], report["refused"]) == (1, 2)


async def test_what_is_exported_can_be_imported(bench: Bench) -> None:
    kinds = bench.layer.kinds
    for report in (
        await kinds.import_types("chen", kinds.export_types(), dry_run=False),
        await kinds.import_grades("chen", kinds.export_grades(), dry_run=False),
    ):
        assert {row["status"] for row in report["rows"]} == {"unchanged"}


async def test_a_region_sets_its_own_clock(bench: Bench) -> None:
    data = (
        "grade,name_zh,first_minutes,follow_minutes\n2,重大,60,90\n5,x,1,1\n3,较大,-1,0\n".encode()
    )
    report = await bench.layer.kinds.import_grades("chen", data, dry_run=False)
    assert [row["status"] for row in report["rows"]] == ["changed", "refused", "refused"]
    assert bench.layer.kinds.clock_of(2) == (60, 90)


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xfe\x00", b"x,y\n1,2\n", b'code,name_zh\n"1', b"code\n1\n"]
)
async def test_a_file_that_is_none(bench: Bench, data: bytes) -> None:
    with pytest.raises(Refusal):
        await bench.layer.kinds.import_types("chen", data, dry_run=False)


async def test_an_unknown_type_is_refused(bench: Bench) -> None:
    bench.layer.kinds.known_type("20799")
    with pytest.raises(Refusal) as caught:
        bench.layer.kinds.known_type("20798")
    assert caught.value.code == "unknown_type"
