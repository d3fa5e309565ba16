"""Reports upward: the clock of two hours, the second person, and the printed page."""

from __future__ import annotations

import io
from typing import Any

import pypdf
import pytest

from softswitch.errors import Refusal
from softswitch.layers.incidents.model import Status
from softswitch.layers.incidents.report_model import ReportState
from softswitch.setup.cache import cache_folder
from softswitch.setup.font import find_font
from tests.layers.incidents.kit import BEGIN, CHEN, HE, LI, MINUTE, Bench

TEXT = "11月22日，自流井区光大街12号居民楼<起火>，3人被困 & 正在扑救。"


async def graded(bench: Bench, grade: int = 2) -> str:
    incident = await bench.call("c1")
    fields = {"title": "光大街居民楼起火", "type": "20701", "grade": grade}
    await bench.layer.service.edit(LI, incident, await bench.version(incident), fields)
    return incident


async def written(bench: Bench, incident: str, text: str = TEXT) -> dict[str, Any]:
    return await bench.layer.reports.write(LI, incident, text, "市应急管理局", f"{bench.now:x}")


async def step(
    bench: Bench, report: dict[str, Any], after: ReportState, who: Any, why: str = ""
) -> Any:
    return await bench.layer.reports.step(who, report["id"], report["version"], after, why)


async def sent(bench: Bench, incident: str) -> dict[str, Any]:
    report = await written(bench, incident)
    report = await step(bench, report, ReportState.SUBMITTED, LI)
    report = await step(bench, report, ReportState.APPROVED, CHEN)
    return await step(bench, report, ReportState.SENT, LI)


async def test_the_clock_begins_with_the_call_and_the_grade_says_how_long(bench: Bench) -> None:
    incident = await bench.call("c1")
    assert (await bench.layer.get(incident))["report_due_at"] is None
    for grade, due in (
        (2, BEGIN + 1_000 + 120 * MINUTE),
        (4, None),
        (1, BEGIN + 1_000 + 120 * MINUTE),
    ):
        await bench.layer.service.edit(
            LI, incident, await bench.version(incident), {"grade": grade}
        )
        assert (await bench.layer.get(incident))["report_due_at"] == due


async def test_first_report_follow_up_and_final(bench: Bench) -> None:
    incident = await graded(bench)
    bench.now += 30 * MINUTE
    report = await sent(bench, incident)
    assert (report["kind"], report["state"], report["approver"]) == ("first", "sent", "chen")
    row = await bench.layer.get(incident)
    assert row["report_due_at"] == bench.now + 120 * MINUTE  # until the follow-up
    bench.now += MINUTE
    assert (await sent(bench, incident))["kind"] == "follow_up"
    row = await bench.layer.service.edit(
        LI, incident, await bench.version(incident), {"result": "扑灭"}
    )
    await bench.layer.service.move(LI, incident, row["version"], Status.CLOSED)
    assert (await bench.layer.get(incident))["report_due_at"] is None
    bench.now += MINUTE
    assert (await written(bench, incident))["kind"] == "final"
    numbers = [one["number"] for one in await bench.layer.reports.of_incident(incident)]
    assert numbers == [1, 2, 3]
    assert (await bench.kinds(incident)).count("incident.report") == 9


async def test_a_late_report_is_told_once(bench: Bench) -> None:
    incident = await graded(bench)
    bench.now = BEGIN + 1_000 + 120 * MINUTE - 1
    await bench.layer.once()
    assert "incident.report_overdue" not in await bench.kinds(incident)
    bench.now += 1
    await bench.layer.once()
    await bench.layer.once()
    assert (await bench.kinds(incident)).count("incident.report_overdue") == 1


async def test_nobody_approves_what_he_wrote_or_submitted(bench: Bench) -> None:
    incident = await graded(bench)
    report = await bench.layer.reports.write(CHEN, incident, TEXT, "", "0c")
    report = await step(bench, report, ReportState.SUBMITTED, HE)
    for who in (CHEN, HE):
        with pytest.raises(Refusal) as caught:
            await step(bench, report, ReportState.APPROVED, who)
        assert caught.value.code == "own_report"
    assert (await bench.layer.reports.get("0c"))["state"] == "submitted"


async def test_rejected_edited_and_submitted_again(bench: Bench) -> None:
    incident = await graded(bench)
    report = await step(bench, await written(bench, incident), ReportState.SUBMITTED, LI)
    with pytest.raises(Refusal) as caught:
        await step(bench, report, ReportState.REJECTED, CHEN)
    assert caught.value.code == "reason_missing"
    report = await step(bench, report, ReportState.REJECTED, CHEN, "写明伤亡")
    report = await bench.layer.reports.edit(LI, report["id"], report["version"], {"text": "无伤亡"})
    report = await step(bench, report, ReportState.SUBMITTED, LI)
    assert (report["text"], report["approver"]) == ("无伤亡", "")
    with pytest.raises(Refusal) as caught:
        await bench.layer.reports.edit(LI, report["id"], report["version"], {"text": "x"})
    assert caught.value.code == "report_fixed"


async def test_two_people_at_one_report(bench: Bench) -> None:
    report = await written(bench, await graded(bench))
    await bench.layer.reports.edit(LI, report["id"], 1, {"text": "one"})
    with pytest.raises(Refusal) as caught:
        await bench.layer.reports.edit(HE, report["id"], 1, {"text": "two"})
    assert caught.value.code == "report_changed"


async def test_no_step_is_left_out(bench: Bench) -> None:
    report = await written(bench, await graded(bench))
    for after in (ReportState.APPROVED, ReportState.SENT):
        with pytest.raises(Refusal) as caught:
            await step(bench, report, after, CHEN)
        assert caught.value.code == "bad_report_state"


async def test_the_printed_page_has_its_font_in_it_and_says_what_was_approved(bench: Bench) -> None:
    bench.font = find_font(cache_folder())
    incident = await graded(bench)
    await bench.layer.orders.give(
        LI, incident, {"unit": "消防一中队", "number": "2001", "text": "出动"}
    )
    report = await step(bench, await written(bench, incident), ReportState.SUBMITTED, LI)
    # What changes after the approval does not change what was approved.
    await bench.layer.service.edit(LI, incident, await bench.version(incident), {"title": "其后"})
    name, content = await bench.layer.pdf(report["id"])
    assert name == f"report-{incident}-1.pdf"
    assert b"/FontFile2" in content
    pages = pypdf.PdfReader(io.BytesIO(content)).pages
    said = "".join(page.extract_text() for page in pages).replace("\n", "")
    for text in ("突发事件信息初报", "光大街居民楼起火", "居民住宅火灾", "重大", TEXT, "消防一中队",
                 "市应急管理局", "2026-"):  # fmt: skip
        assert text.replace(" ", "") in said.replace(" ", ""), text
    assert "其后" not in said


async def test_a_note_longer_than_a_page_is_printed_whole(bench: Bench) -> None:
    bench.font = find_font(cache_folder())
    incident = await graded(bench)
    note = "".join(f"第{n:03}句；" for n in range(660))
    await bench.layer.service.edit(LI, incident, await bench.version(incident), {"note": note})
    report = await step(bench, await written(bench, incident), ReportState.SUBMITTED, LI)
    _, content = await bench.layer.pdf(report["id"])
    pages = pypdf.PdfReader(io.BytesIO(content)).pages
    said = "".join("".join(page.extract_text().split()) for page in pages)
    assert len(pages) > 2
    missing = [n for n in range(660) if f"第{n:03}句" not in said]
    # The foot of a page may stand in the midst of one.
    assert len(missing) < len(pages)


async def test_without_a_font_the_print_says_what_to_do(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from softswitch.layers.incidents import pdf

    monkeypatch.setattr(pdf, "_FONT", "another")
    report = await written(bench, await graded(bench))
    with pytest.raises(Refusal) as caught:
        await bench.layer.pdf(report["id"])
    assert caught.value.code == "no_font"
    assert "softswitch.setup" in caught.value.next_step
