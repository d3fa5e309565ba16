"""Alerts that come in: what drafts, what is kept apart, what an Update or Cancel withdraws, and the folder."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from smsgateway.campaigns.model import Campaign, CampaignState
from smsgateway.cap.alerts import MOST_TEXT
from smsgateway.cap.folder import Folder
from smsgateway.cap.model import Alert, Info, Kind, Place, Reference, Status
from smsgateway.cap.read import parse
from smsgateway.cap.write import document
from smsgateway.model import MessageState, Priority
from softswitch.errors import Kind as RefusalKind
from softswitch.errors import Refusal
from tests.smsgateway.kit import Kit, kit
from tests.smsgateway.test_cap import INFO

A, B = "13800000001", "13800000002"
SENDER, SENT = "zigong@example.cn", "2026-11-22T18:30:00+08:00"
FIRST = Reference(SENDER, "CN-1", SENT)


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Kit]:
    async with kit(tmp_path) as made:
        rows = (f"{A},A,自流井区,104.75,29.35", f"{B},B,贡井区,105.5,29.35")
        text = "\n".join(("number,name,area,longitude,latitude", *rows)).encode()

        async def stream() -> AsyncIterator[bytes]:
            yield text

        await made.sms.lists.import_csv("li", "居民", stream())
        yield made


def alert(name: str = "CN-1", **more: Any) -> Alert:
    given: dict[str, Any] = {"status": Status.ACTUAL, "kind": Kind.ALERT, "infos": (INFO,), **more}
    return Alert(name, SENDER, SENT, **given)


async def take(town: Kit, one: Alert) -> dict[str, Any]:
    return await town.sms.alerts.take("duty", document(one), "居民")


async def drafted(town: Kit, one: Alert) -> Campaign:
    return await town.sms.campaigns.one((await take(town, one))["campaign_id"])


def state(campaign: Campaign) -> CampaignState:
    return campaign.state


async def test_an_actual_alert_drafts_what_a_person_sends(town: Kit) -> None:
    campaign = await drafted(town, alert())
    plan = campaign.plan
    assert (state(campaign), plan.name, plan.exercise) == (
        CampaignState.DRAFT,
        "暴雨红色预警",
        False,
    )
    assert plan.priority is Priority.LIFE_SAFETY
    assert plan.text.startswith("暴雨红色预警。低洼处人员立即转移")
    assert len(plan.text) <= MOST_TEXT
    await town.sms.campaigns.submit("li", campaign.id)
    await town.settle()
    assert campaign.people == 1  # who is inside of the polygon
    assert campaign.login == "duty"


async def test_the_same_alert_again_changes_nothing(town: Kit) -> None:
    first, second = await take(town, alert()), await take(town, alert())
    assert first == second
    assert len(await town.sms.alerts.page(10)) == 1


@pytest.mark.parametrize(
    ("status", "outcome", "exercise"),
    [
        (Status.EXERCISE, "drafted", True),
        (Status.TEST, "kept", None),
        (Status.SYSTEM, "kept", None),
        (Status.DRAFT, "kept", None),
    ],
)
async def test_exercise_and_test_are_kept_apart(
    town: Kit, status: Status, outcome: str, exercise: bool | None
) -> None:
    row = await take(town, alert(status=status))
    assert row["outcome"] == outcome
    if exercise is None:
        assert not town.sms.campaigns.open
    else:
        campaign = await town.sms.campaigns.one(row["campaign_id"])
        assert (campaign.plan.exercise, campaign.plan.priority) == (True, Priority.NORMAL)


async def test_an_update_withdraws_the_unsent_draft_and_drafts_anew(town: Kit) -> None:
    first = await drafted(town, alert())
    second = await drafted(town, alert("CN-2", kind=Kind.UPDATE, references=(FIRST,)))
    assert (state(first), state(second)) == (CampaignState.CANCELLED, CampaignState.DRAFT)


async def test_a_cancel_of_what_was_not_sent_drafts_nothing(town: Kit) -> None:
    first = await drafted(town, alert())
    row = await take(town, alert("CN-2", kind=Kind.CANCEL, references=(FIRST,)))
    assert (row["outcome"], row["campaign_id"]) == ("withdrawn", "")
    assert state(first) is CampaignState.CANCELLED


async def test_a_cancel_of_what_was_sent_drafts_the_all_clear(town: Kit) -> None:
    first = await drafted(town, alert())
    await town.sms.campaigns.submit("li", first.id)
    await town.settle()
    await town.became(first, MessageState.DELIVERED, A)
    clear = dataclasses.replace(
        INFO, headline="暴雨预警解除", instruction="", description="可以返回"
    )
    row = await take(town, alert("CN-2", kind=Kind.CANCEL, references=(FIRST,), infos=(clear,)))
    second = await town.sms.campaigns.one(row["campaign_id"])
    assert (second.plan.name, second.plan.priority) == ("暴雨预警解除", Priority.NORMAL)
    assert state(first) is CampaignState.FINISHED


async def test_an_exercise_stops_no_real_warning(town: Kit) -> None:
    first = await drafted(town, alert())
    cancel = alert("CN-2", kind=Kind.CANCEL, status=Status.EXERCISE, references=(FIRST,))
    assert (await take(town, cancel))["outcome"] == "kept"
    test = alert("CN-3", kind=Kind.CANCEL, status=Status.TEST, references=(FIRST,))
    assert (await take(town, test))["outcome"] == "kept"
    assert state(first) is CampaignState.DRAFT


async def test_areas_in_words_choose_by_name(town: Kit) -> None:
    words = Info("雷电", "Future", "Minor", "Likely", "zh-CN", places=(Place("贡井区"),))
    campaign = await drafted(town, alert(infos=(words,)))
    assert campaign.plan.audience.areas == ("贡井区",)
    assert campaign.plan.priority is Priority.NORMAL
    assert (await town.sms.campaigns.count(campaign.plan)).people == 1


async def test_an_alert_that_makes_no_campaign_is_refused_and_comes_again(town: Kit) -> None:
    with pytest.raises(Refusal, match="nobody"):
        await town.sms.alerts.take("duty", document(alert()), "nobody")
    assert (await take(town, alert()))["outcome"] == "drafted"


async def test_what_was_sent_goes_out_as_cap(town: Kit) -> None:
    campaign = await drafted(town, alert())
    with pytest.raises(Refusal) as caught:
        await town.sms.alerts.write(campaign, Kind.ALERT, "us")
    assert caught.value.code == "campaign_not_begun"
    await town.sms.campaigns.submit("li", campaign.id)
    await town.settle()
    out = parse(await town.sms.alerts.write(campaign, Kind.ALERT, "us"))
    again = parse(await town.sms.alerts.write(campaign, Kind.ALERT, "us"))
    assert out == again  # who refers to it later names the same
    assert (out.status, out.infos[0].severity) == (Status.ACTUAL, "Severe")
    cancel = parse(await town.sms.alerts.write(campaign, Kind.CANCEL, "us"))
    assert cancel.references == (out.key,)
    assert cancel.identifier != out.identifier


async def test_the_folder_takes_whole_files_once(town: Kit, tmp_path: Path) -> None:
    folder = tmp_path / "sms" / "cap"
    await town.sms.folder.look()
    (folder / "in" / "a.xml").write_bytes(document(alert()))
    (folder / "in" / "b.xml").write_bytes(b"<nocap/>")
    (folder / "in" / "c.xml.part").write_bytes(b"half")
    (folder / "in" / "d.xml").symlink_to("/etc/hostname")
    assert await town.sms.folder.look() == 2
    assert await town.sms.folder.look() == 0
    assert [path.name for path in (folder / "done").iterdir()] == ["a.xml"]
    assert sorted(path.name for path in (folder / "bad").iterdir()) == ["b.txt", "b.xml"]
    assert "not an alert" in (folder / "bad" / "b.txt").read_text()
    assert len(town.sms.campaigns.open) == 1
    assert town.screen.shown["alarm", "sms_alert"]["code"] == "bad_cap"
    (folder / "in" / "e.xml").write_bytes(document(alert("CN-9")))
    await town.sms.folder.look()
    assert ("alarm", "sms_alert") not in town.screen.shown


async def test_a_database_that_does_not_answer_leaves_the_file(tmp_path: Path) -> None:
    async def fails(_data: bytes) -> None:
        raise Refusal(RefusalKind.UNAVAILABLE, "store_unavailable", "x", "y")

    folder = Folder(tmp_path, fails)
    await folder.look()
    (tmp_path / "in" / "a.cap").write_bytes(b"x")
    assert await folder.look() == 1
    assert (tmp_path / "in" / "a.cap").exists()
