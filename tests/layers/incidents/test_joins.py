"""Merging, splitting, relating: whatever is done and undone, no call and no entry is lost."""

from __future__ import annotations

import contextlib
import random

import pytest

from softswitch.errors import Refusal
from softswitch.layers.incidents.search_store import Wanted
from tests.layers.incidents.kit import LI, Bench


async def merge(bench: Bench, into: str, other: str) -> None:
    await bench.layer.joins.merge(
        LI, into, other, await bench.version(into), await bench.version(other)
    )


async def unmerge(bench: Bench, one: str) -> None:
    await bench.layer.joins.unmerge(LI, one, await bench.version(one))


async def test_a_duplicate_becomes_part_of_the_other(bench: Bench) -> None:
    one, other = await bench.call("c1"), await bench.call("c2", "13900000002")
    await bench.layer.service.note(LI, other, "第二个报警人说有人被困")
    await merge(bench, one, other)
    row = await bench.layer.get(one)
    assert row["call_ids"] == ["c1", "c2"]
    assert other not in bench.screen.shown
    assert bench.layer.service.incident_of("c2") == one
    kinds = await bench.kinds(one)
    assert kinds.count("call.started") == 2
    assert "incident.note" in kinds
    assert kinds.count("incident.merged") == 2  # each of the two tells it, and both stand here
    # What is told of the other call later stands with the one at the top.
    before = row["activity"]
    await bench.ends("c2")
    assert (await bench.layer.get(one))["activity"] == before + 1
    found = await bench.layer.service.find(Wanted(text="被困"))
    assert [each["id"] for each in found] == [one]
    assert await bench.layer.service.find(Wanted(number="13900000002")) == found


async def test_a_merge_can_be_undone(bench: Bench) -> None:
    one, other, third = [await bench.call(f"c{n}", f"1390000000{n}") for n in (1, 2, 3)]
    await merge(bench, other, third)
    await merge(bench, one, other)
    assert (await bench.layer.get(one))["call_ids"] == ["c1", "c2", "c3"]
    await bench.layer.joins.unmerge(LI, other, await bench.version(other))
    assert (await bench.layer.get(one))["call_ids"] == ["c1"]
    assert (await bench.layer.get(other))["call_ids"] == ["c2", "c3"]
    assert bench.layer.service.incident_of("c3") == other
    assert "incident.split" in await bench.kinds(one)


async def test_one_call_becomes_an_incident_of_its_own(bench: Bench) -> None:
    one = await bench.call("c1")
    await bench.layer.service.attach(LI, one, "c2")
    await bench.ends("c2")
    made = await bench.layer.joins.split(LI, one, await bench.version(one), ["c2"], "另一起")
    assert (made["title"], made["call_ids"], made["status"]) == ("另一起", ["c2"], "draft")
    assert (await bench.layer.get(one))["call_ids"] == ["c1"]
    assert "call.ended" in await bench.kinds(made["id"])
    assert "call.ended" not in await bench.kinds(one)
    told = await bench.layer.service.timeline(LI, one, None, 100)
    assert told["links"][0]["why"] == "split"


async def test_nothing_is_lost_by_any_order_of_merges_and_splits(bench: Bench) -> None:
    """Property: each call stands with exactly one incident at the top, and every entry can be read there."""
    chance = random.Random(11)
    ids = [await bench.call(f"c{n}", f"1390000000{n}") for n in range(6)]
    for _ in range(40):
        one, other = chance.sample(ids, 2)
        merges = chance.random() < 0.6
        act = merge(bench, one, other) if merges else unmerge(bench, one)
        with contextlib.suppress(Refusal):  # some have been done before
            await act
        rows = [await bench.layer.get(each) for each in ids]
        tops = [row for row in rows if not row["merged_into"]]
        assert tops
        assert all(row["root"] == row["id"] for row in tops)
        calls = sorted(call for row in tops for call in row["call_ids"])
        assert calls == [f"c{n}" for n in range(6)]
        started = [(await bench.kinds(row["id"])).count("call.started") for row in tops]
        assert sum(started) == 6
        listed = await bench.layer.service.find(Wanted())
        assert {row["id"] for row in listed} == {row["id"] for row in tops}


@pytest.mark.parametrize(
    ("calls", "code"), [(["c9"], "not_its_call"), (["c1"], "all_calls"), ([], "no_calls")]
)
async def test_what_cannot_be_split(bench: Bench, calls: list[str], code: str) -> None:
    one = await bench.call("c1")
    with pytest.raises(Refusal) as caught:
        await bench.layer.joins.split(LI, one, await bench.version(one), calls, "")
    assert caught.value.code == code


async def test_an_old_picture_merges_nothing(bench: Bench) -> None:
    one, other = await bench.call("c1"), await bench.call("c2")
    version = await bench.version(other)
    await bench.layer.service.edit(LI, other, version, {"title": "x"})
    with pytest.raises(Refusal) as caught:
        await bench.layer.joins.merge(LI, one, other, await bench.version(one), version)
    assert caught.value.code == "incident_changed"
    assert (await bench.layer.get(other))["merged_into"] == ""


async def test_related_incidents_know_of_each_other_once(bench: Bench) -> None:
    one, other = await bench.call("c1"), await bench.call("c2")
    await bench.layer.joins.relate(LI, one, other, "同一小区")
    await bench.layer.joins.relate(LI, other, one, "again")
    for each in (one, other):
        assert (await bench.kinds(each)).count("incident.linked") == 1
    await bench.layer.joins.unrelate(LI, other, one)
    assert (await bench.layer.service.timeline(LI, one, None, 100))["links"] == []
    with pytest.raises(Refusal) as caught:
        await bench.layer.joins.unrelate(LI, other, one)
    assert caught.value.code == "link_not_found"
