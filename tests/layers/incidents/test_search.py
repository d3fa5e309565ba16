"""Finding incidents, against reading all of them; and an index that is made anew."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_mock_engine, text

from softswitch.errors import Refusal
from softswitch.layers.incidents import search_store
from softswitch.layers.incidents.model import Status
from softswitch.layers.incidents.search_store import Wanted
from tests.layers.incidents.kit import BEGIN, CHEN, LI, WANG, Bench
from tests.layers.incidents.kit import bench as made

STREETS = ("光大街", "解放路", "滨江路", "五星街")
WHAT = ("起火", "车祸", "有人落水", "煤气泄漏")
TYPES = ("20701", "20801", "21402", "30701")


async def filled(bench: Bench, count: int = 60) -> list[dict]:
    chance = random.Random(3)
    for n in range(count):
        bench.now = BEGIN + n * 1_000
        fields = {
            "title": chance.choice(WHAT), "address": f"{chance.choice(STREETS)}{n % 7}号",
            "type": chance.choice(TYPES), "grade": chance.randint(0, 4),
            "number": f"1390000{n:04d}",
        }  # fmt: skip
        await bench.layer.service.create(chance.choice([LI, WANG]), f"{n:x}", fields)
    return await bench.layer.service.find(Wanted(limit=1000))


async def test_every_filter_and_all_of_them_together(bench: Bench) -> None:
    rows = await filled(bench)
    assert [row["seq"] for row in rows] == list(range(60, 0, -1))
    chance = random.Random(5)
    for _ in range(150):
        wanted = Wanted(
            text=chance.choice(["", "", "起火", "光大", "街", "路 落水", "滨江路3"]),
            number=chance.choice(["", "", "", "13900000042"]),
            statuses=chance.choice([(), (), ("draft",), ("closed",), ("draft", "closed")]),
            type=chance.choice(["", "", "20701", "20000", "20800"]),
            grade=chance.choice([0, 0, 2]),
            owner=chance.choice(["", "", "li"]),
            since=chance.choice([None, None, BEGIN + 20_000]),
            until=chance.choice([None, None, BEGIN + 40_000]),
            limit=1000,
        )
        found = await bench.layer.service.find(wanted)
        assert [row["id"] for row in found] == [row["id"] for row in rows if fits(row, wanted)], (
            wanted
        )


async def test_any_place_of_every_list_is_read_with_its_length_whatever_changes(
    bench: Bench,
) -> None:
    service = bench.layer.service
    rows = await filled(bench)
    chance = random.Random(7)
    for _ in range(60):
        row = await service.get(chance.choice(rows)["id"])
        act = chance.random()
        if row["status"] == "draft" and not row["merged_into"] and act < 0.5:
            await service.move(CHEN, row["id"], row["version"], Status.VERIFIED)
        elif not row["merged_into"] and act < 0.8:
            await service.edit(CHEN, row["id"], row["version"], {"title": chance.choice(WHAT)})
        else:
            await service.create(LI, f"{chance.getrandbits(60):x}", {"title": "起火"})
        wanted = Wanted(
            text=chance.choice(["", "起火", "光大"]),
            statuses=chance.choice([(), ("draft",), ("verified",), ("draft", "verified")]),
            grade=chance.choice([0, 2]),
            since=chance.choice([None, BEGIN + 20_000]),
            merged=chance.choice([False, True]),
        )
        whole = await service.find(replace(wanted, limit=1000))
        offset = chance.randrange(len(whole) + 3)
        assert await service.part(wanted, offset, 9) == (whole[offset : offset + 9], len(whole)), (
            wanted
        )
    one, other = await service.find(Wanted(statuses=("verified",), limit=2))
    before = (await service.part(Wanted(), 0, 1))[1]
    await bench.layer.joins.merge(CHEN, one["id"], other["id"], one["version"], other["version"])
    assert (await service.part(Wanted(), 0, 1))[1] == before - 1
    assert (await service.part(Wanted(merged=True), 0, 1))[1] == before


def fits(row: dict, wanted: Wanted) -> bool:
    """The same question without any index."""
    said = row["title"] + " " + row["address"]
    group = wanted.type.rstrip("0") if wanted.type.endswith("00") else wanted.type
    return (
        all(word in said for word in wanted.text.split())
        and row["number"].startswith(wanted.number)
        and (not wanted.statuses or row["status"] in wanted.statuses)
        and row["type"].startswith(group)
        and (not wanted.grade or row["grade"] == wanted.grade)
        and (not wanted.owner or row["owner"] == wanted.owner)
        and (wanted.since is None or row["created_at"] >= wanted.since)
        and (wanted.until is None or row["created_at"] <= wanted.until)
    )


async def test_pages_show_each_incident_once(bench: Bench) -> None:
    rows = await filled(bench, 25)
    for words in ("", "起火"):
        whole = await bench.layer.service.find(Wanted(text=words, limit=1000))
        seen, before = [], None
        while page := await bench.layer.service.find(Wanted(text=words, before=before, limit=4)):
            seen += page
            before = page[-1]["seq"]
        assert seen == whole
    assert len(rows) == 25


async def test_a_note_is_found_and_the_last_digits_too(bench: Bench) -> None:
    incident = await bench.call("c1", "13912345678")
    await bench.layer.service.note(LI, incident, "三楼有煤气罐")
    for wanted in (Wanted(text="煤气罐"), Wanted(number="5678"), Wanted(text="5678"),
                   Wanted(text="139123"), Wanted(text="139-1234-5678"), Wanted(text="１３９１２３"),
                   Wanted(text="+139 1234")):  # fmt: skip
        assert [row["id"] for row in await bench.layer.service.find(wanted)] == [incident], wanted
    for signs in ("煤气表", "???", "，。", "_", "*"):
        assert await bench.layer.service.find(Wanted(text=signs)) == [], signs
        assert await bench.layer.service.part(Wanted(text=signs), 0, 10) == ([], 0), signs
    assert len(await bench.layer.service.find(Wanted(text=" \u3000"))) == 1


async def test_what_was_changed_is_found_by_its_new_words_only(bench: Bench) -> None:
    incident = await bench.call("c1")
    version = await bench.version(incident)
    await bench.layer.service.edit(LI, incident, version, {"address": "五星街7号"})
    assert await bench.layer.service.find(Wanted(text="光大街")) == []
    assert len(await bench.layer.service.find(Wanted(text="五星街"))) == 1


async def test_an_index_that_lags_catches_up_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "softswitch.db"
    async with made(path) as before:
        await filled(before, 5)
        await before.db.write(lambda conn: conn.execute(text("DROP TABLE incident_words")))
    async with made(path) as after:
        assert len(await after.layer.service.find(Wanted(grade=0, type="20000"))) > 0
        assert len(await after.layer.service.find(Wanted(text="号"))) == 5
        assert await after.db.write(search_store.catch_up) == 0


def test_another_database_is_refused_with_the_way_out() -> None:
    server = create_mock_engine("postgresql+psycopg://", lambda *_: None)
    with pytest.raises(Refusal) as refused:
        search_store.make(server)  # type: ignore[arg-type]
    assert (refused.value.code, refused.value.field) == ("bad_configuration", "database")
    assert "layers" in refused.value.next_step
