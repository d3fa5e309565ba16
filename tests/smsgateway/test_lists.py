"""Lists that come in, and the people that an audience is: whole or not at all, each once, nobody who said no."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from smsgateway.campaigns.filling import Filler
from smsgateway.campaigns.model import Plan, Rules
from smsgateway.recipients import lists as lists_module
from smsgateway.recipients import store
from smsgateway.recipients.model import Audience, Tally
from softswitch.errors import Refusal
from tests.smsgateway.kit import People, people, stream

TOWN = (
    "13800000001,A,自流井区,104.75,29.35",
    "13800000002,B,自流井区,104.76,29.36",
    "13800000003,C,贡井区,104.90,29.35",
    "13800000004,D,富顺县,,",
)
SQUARE = {
    "type": "Polygon",
    "coordinates": [[[104.7, 29.3], [104.8, 29.3], [104.8, 29.4], [104.7, 29.4], [104.7, 29.3]]],
}


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[People]:
    async with people(tmp_path) as found:
        await found.fill("居民", *TOWN)
        yield found


async def numbers(
    town: People, *, life_safety: bool = False, **audience: Any
) -> tuple[list[str], Tally]:
    tally = Tally()
    wanted = Audience(**audience)
    await town.chooser.check(wanted)
    found = [
        person.number
        async for page in town.chooser.pages(wanted, tally, life_safety=life_safety)
        for person in page
    ]
    assert tally.people == len(found)
    return found, tally


async def test_a_file_comes_in_with_a_report(town: People) -> None:
    rows = b"number,name\n13800000001,A\n+8613800000001,again\n1380,short\n13800000002,B"
    report = await town.lists.import_csv("li", "two", stream(rows[:30], rows[30:]))
    assert {key: report[key] for key in ("people", "repeated", "bad", "bad_rows")} == {
        "people": 2,
        "repeated": 1,
        "bad": 1,
        "bad_rows": [{"line": 4, "why": "not_mobile", "cell": "1380"}],
    }
    row = await town.lists.one("two")
    assert (row["people"], row["bad"], row["login"], row["state"]) == (2, 1, "li", "ready")
    assert await town.db.read(store.bad_page, row["id"]) == report["bad_rows"]
    assert town.shown[-1] == (str(row["id"]), None)  # nothing stays on the screens


async def test_a_new_file_takes_the_place_of_the_old(town: People) -> None:
    old = await town.lists.one("居民")
    await town.fill("居民", "13800000009,Z,x,,")
    assert (await town.lists.one("居民"))["people"] == 1
    assert len(await town.lists.all()) == 1
    assert not await town.db.read(store.page, old["id"], store.Filter())


async def test_a_file_that_is_refused_changes_nothing(town: People, tmp_path: Path) -> None:
    good = b"number\n" + b"".join(b"138%08d\n" % row for row in range(5_000))
    for data in (good + b'"open quote', b"PK\x03\x04bomb", b"", good + b"x" * 70_000):
        with pytest.raises(Refusal):
            await town.lists.import_csv("li", "居民", stream(data))
    assert [row["people"] for row in await town.lists.all()] == [4]
    assert not any((tmp_path / "spool").iterdir())
    left = await town.db.read(lambda conn: conn.execute(store.people.select()).all())
    assert len(left) == 4


async def test_half_a_file_after_a_crash_is_no_list(town: People) -> None:
    half = await town.db.write(store.begin, "half", "li", 1)
    await town.db.write(store.add, half, await town.db.read(store.page, 1, store.Filter()), [])
    with pytest.raises(Refusal):
        await town.lists.one("half")
    await town.lists.load()
    assert [row["name"] for row in await town.lists.all()] == ["居民"]


async def test_a_sender_that_goes_away_leaves_nothing(town: People) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"number\n13800000001\n"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await town.lists.import_csv("li", "new", broken())
    assert len(await town.lists.all()) == 1


async def test_too_large_and_one_at_a_time(town: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists_module, "MOST_BYTES", 100)
    with pytest.raises(Refusal) as caught:
        await town.lists.import_csv("li", "big", stream(b"x" * 60, b"x" * 60))
    assert caught.value.code == "too_large"
    reached, go = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        reached.set()
        await go.wait()
        yield b"number\n13800000001\n"

    first = asyncio.create_task(town.lists.import_csv("li", "slow", slow()))
    await reached.wait()
    with pytest.raises(Refusal) as caught:
        await town.lists.import_csv("li", "second", stream(b"number\n"))
    assert caught.value.code == "import_busy"
    go.set()
    assert (await first)["people"] == 1


async def test_a_full_disk_is_told(town: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists_module, "_SPARE", 1 << 60)
    with pytest.raises(Refusal) as caught:
        await town.lists.import_csv("li", "x", stream(b"number\n13800000001\n"))
    assert caught.value.code == "disk_full"


async def test_who_is_in_the_polygon(town: People) -> None:
    found, _ = await numbers(town, lists=("居民",), shape=SQUARE)
    assert found == ["13800000001", "13800000002"]  # who has no position is not inside


async def test_who_is_in_the_areas_or_has_the_name(town: People) -> None:
    assert (await numbers(town, lists=("居民",), areas=("贡井", "富顺")))[0] == TOWN_C_D
    assert (await numbers(town, lists=("居民",), name="A"))[0] == ["13800000001"]


TOWN_C_D = ["13800000003", "13800000004"]


async def test_each_person_once_from_all_sources(town: People) -> None:
    await town.fill("more", "13800000004,D,x,,", "13800000005,E,x,,")
    found, tally = await numbers(
        town,
        lists=("居民", "more"),
        groups=("消防",),
        numbers=("138 0000 0005", "13800138000", "110"),
    )
    assert sorted(found) == [f"1380000000{n}" for n in range(1, 6)] + ["13800138000"]
    assert (tally.repeated, tally.not_mobile) == (3, 2)


async def test_who_said_no(town: People) -> None:
    for number, kind in (("13800000001", "blacklist"), ("13800000002", "opt_out")):
        await town.db.write(store.block, number, kind, "asked", "li", 1)
    found, tally = await numbers(town, lists=("居民",))
    assert found == TOWN_C_D
    assert (tally.blacklisted, tally.opted_out) == (1, 1)
    found, tally = await numbers(town, lists=("居民",), life_safety=True)
    assert found == ["13800000002", *TOWN_C_D]  # a danger to life is told to who opted out
    assert not await town.db.write(store.block, "13800000001", "opt_out", "x", "li", 2)
    assert (await town.db.read(store.blocked_page))[0]["kind"] == "blacklist"
    assert await town.db.write(store.unblock, "13800000001")
    assert not await town.db.write(store.unblock, "13800000001")


async def test_a_tally_by_area(town: People) -> None:
    filler, plan = Filler(town.db, town.chooser), Plan("-", "", Audience(lists=("居民",)))
    tally = await filler.count(plan, Rules())
    assert tally.as_json()["areas"][0] == {"area": "自流井区", "people": 2}
    row = await town.lists.one("居民")
    assert (await town.db.read(store.areas_of, row["id"]))[0] == {"area": "自流井区", "people": 2}


@pytest.mark.parametrize(
    ("audience", "code"),
    [
        ({}, "nobody"),
        ({"lists": ("none",)}, "sms_list_not_found"),
        ({"lists": ("居民",), "shape": {"type": "Point"}}, "bad_geojson"),
        ({"shape": SQUARE}, "nobody"),
        ({"groups": ("消防",), "shape": SQUARE}, "no_list"),
        ({"groups": ("nobody",)}, "group_not_found"),
        ({"numbers": tuple(str(n) for n in range(1001))}, "too_many"),
    ],
)
async def test_an_audience_that_cannot_be(
    town: People, audience: dict[str, Any], code: str
) -> None:
    with pytest.raises(Refusal) as caught:
        await town.chooser.check(Audience(**audience))
    assert caught.value.code == code


def test_an_audience_goes_through_json() -> None:
    wanted = Audience(("a",), ("b",), "c", SQUARE, ("d",), ("e",))
    assert Audience.from_json(wanted.as_json()) == wanted
