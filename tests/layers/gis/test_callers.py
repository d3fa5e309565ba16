"""Where a caller is: which source counts, what is shown, and that it survives."""

from __future__ import annotations

from pathlib import Path

import pytest

from softswitch.errors import Refusal
from softswitch.events import CallEnded, CallMerged, IncidentDrafted
from softswitch.layers.gis.events import CallerLocated
from softswitch.layers.gis.model import Kind, Point
from softswitch.layers.gis.points_csv import export_points, import_points
from softswitch.store.event_rows import read_after
from softswitch.testing.system import until
from tests.layers.gis.kit import ADDRESS, CHIEF, NUMBER, Bench, bench
from tests.layers.gis.test_fetch import ok, server

CSV = f"number,address,lon,lat,uncertainty\n,{ADDRESS},104.77,29.35,30\n{NUMBER},,104.78,29.36,5\n"
PIDF = b"<presence><Circle><pos>29.50 104.90</pos><radius>20</radius></Circle></presence>"


async def points(layer: Bench, text: str = CSV, *, dry_run: bool = False) -> dict[str, int]:
    done = await import_points(
        layer.db, layer.gis.asks.canonical, "chief", text.encode(), dry_run=dry_run
    )
    await layer.gis.service.points_changed()
    return {name: count for name, count in done.as_json().items() if isinstance(count, int)}


async def test_the_better_source_counts(layer: Bench) -> None:
    await points(layer)
    layer.addresses["2001"] = ADDRESS
    await layer.call("1.1", "2001")
    assert layer.screen.shown["1.1"]["source"] == "address"
    assert layer.screen.shown["1.1"]["uncertainty"] == 30
    await layer.call("1.2")
    assert (layer.screen.shown["1.2"]["source"], layer.screen.shown["1.2"]["lon"]) == (
        "number",
        104.78,
    )
    await layer.call("1.3")
    await layer.gis.callers.set_by_hand(CHIEF, "1.3", NUMBER, Point(104.5, 29.5), 10, "河边")
    await layer.call("1.3")  # told again, after a crash
    assert layer.screen.shown["1.3"]["source"] == "hand"
    assert layer.gis.board.count(Kind.CALLER) == 3
    batch = await layer.db.read(read_after, 0, (CallerLocated.kind,), 100)
    assert [fact.event.source for fact in batch.facts] == [  # type: ignore[attr-defined]
        "address", "number", "number", "hand",
    ]  # fmt: skip


async def test_a_reference_is_asked_beside(tmp_path: Path) -> None:
    async with server(ok(PIDF)) as (host, _), bench(tmp_path, (host,)) as layer:
        layer.carried = f"<http://{host}/a>"
        await layer.call()
        found = await until(lambda: layer.screen.shown.get("1.1"), what="the place is known")
        assert (found["source"], found["lat"], found["uncertainty"]) == ("reference", 29.5, 20)


async def test_a_place_in_the_body_of_the_invite(layer: Bench) -> None:
    await points(layer)
    layer.carried = "<cid:here%40example.net>"
    layer.enclosed = {"else": b"<presence/>", "here@example.net": PIDF}
    await layer.call()
    found = await until(
        lambda: next((x for x in layer.screen.shown.values() if x["source"] == "value"), None),
        what="the place is known",
    )
    assert (found["lat"], found["lon"], found["uncertainty"]) == (29.5, 104.9, 20)


async def test_an_address_in_the_body_is_looked_up_and_a_wrong_name_is_forgiven(
    layer: Bench,
) -> None:
    await points(layer, f"address,lon,lat\n{ADDRESS},104.7,29.3\n")
    layer.carried = "<cid:other@example.net>"
    civic = f"<A3>自流井区</A3><RD>{ADDRESS.removeprefix('自流井区')}</RD>"
    layer.enclosed = {"": f"<presence><civicAddress>{civic}</civicAddress></presence>".encode()}
    await layer.call()
    found = await until(lambda: layer.screen.shown.get("1.1"), what="the place is known")
    assert (found["source"], found["address"], found["lat"]) == ("value", ADDRESS, 29.3)


@pytest.mark.parametrize(
    "document",
    [
        b"<presence><Circle>",
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><presence>&a;</presence>',
        b"<presence>" + b"<a/>" * 20_000 + b"</presence>",
        b"",
        b"\xff\xfe\x00",
    ],
)
async def test_a_document_that_is_no_place_costs_its_call_nothing(
    layer: Bench, document: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    await points(layer)
    layer.carried = "<cid:a>"
    layer.enclosed = {"a": document}
    await layer.call()
    await until(lambda: "Call 1.1: " in caplog.text, what="the document is refused")
    assert layer.screen.shown["1.1"]["source"] == "number"


async def test_what_makes_no_sense_stops_nothing(layer: Bench) -> None:
    layer.carried = "nonsense"
    await layer.call("1.1")
    layer.carried = "<http://127.0.0.1/>"
    await layer.call("1.2")
    layer.carried = ""
    await points(layer)
    await layer.call("1.3")
    assert list(layer.screen.shown) == ["1.3"]
    with pytest.raises(Refusal) as refused:
        await layer.gis.callers.get("1.1")
    assert refused.value.code == "location_not_found"


async def test_it_ends_merges_and_belongs_to_an_incident(layer: Bench) -> None:
    await points(layer)
    await layer.tell(IncidentDrafted("abc", 1, "1.1", NUMBER))
    await layer.call("1.1")
    assert layer.screen.shown["1.1"]["incident_id"] == "abc"
    incident = layer.gis.board.get(Kind.INCIDENT, "abc")
    assert incident is not None
    assert incident.point == (104.78, 29.36)
    await layer.tell(CallMerged("1.1", 2, "1.2"))
    assert list(layer.screen.shown) == ["1.2"]
    await layer.tell(CallEnded("1.2", 3, 16))
    assert not layer.screen.shown
    assert layer.gis.board.count(Kind.CALLER) == 0
    assert layer.gis.board.count(Kind.INCIDENT) == 1
    assert (await layer.gis.callers.get("1.2"))["ended_at"] == 3


async def test_running_calls_are_shown_after_a_restart(tmp_path: Path) -> None:
    async with bench(tmp_path) as layer:
        await points(layer)
        await layer.call("1.1")
        await layer.call("1.2")
        await layer.tell(CallEnded("1.2", 3, 16))
    async with bench(tmp_path) as layer:
        assert list(layer.screen.shown) == ["1.1"]


async def test_the_report_tells_each_row(layer: Bench) -> None:
    assert (await points(layer, dry_run=True))["added"] == 2
    assert (await points(layer))["added"] == 2
    assert (await points(layer))["unchanged"] == 2
    bad = (
        "number,address,lon,lat,coordinates\n"
        f"{NUMBER},x,1,1,\n"
        ",,1,1,\n"
        ",a,29.3,104.7,\n"
        ",a,x,1,\n"
        ",a,1,1,bd09\n"
        f"{NUMBER},,104.78,29.36,gcj02\n"
        f"{NUMBER},,104.78,29.36,gcj02\n"
    )
    told = await points(layer, bad)
    assert told == {"added": 0, "changed": 1, "unchanged": 0, "refused": 6}
    assert NUMBER.encode() in await layer.db.read(export_points)


async def test_a_place_that_is_told_after_the_end_is_kept_but_not_on_the_map(layer: Bench) -> None:
    await layer.call("1.1", "2001")
    await layer.tell(CallEnded("1.1", 3, 16))
    done = await layer.gis.callers.set_by_hand(CHIEF, "1.1", "2001", Point(104.5, 29.5), 10, "河边")
    assert (done["address"], done["source"]) == ("河边", "hand")
    assert done["ended_at"] is not None
    assert layer.screen.shown == {}
    assert layer.gis.board.count(Kind.CALLER) == 0
