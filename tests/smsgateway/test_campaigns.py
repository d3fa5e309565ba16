"""Campaigns from the draft to the end: who must say yes, what is shown, what a restart finds, who is called."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from smsgateway.campaigns import report, service, store, watch
from smsgateway.campaigns.model import Campaign, CampaignState, Plan, Rules, sent_text
from smsgateway.campaigns.pace import Pace
from smsgateway.campaigns.service import Campaigns
from smsgateway.campaigns.voice import AFTER, DONE
from smsgateway.model import BatchState, MessageState, Priority, Progress
from smsgateway.queue import repository
from smsgateway.queue.tables import messages
from smsgateway.recipients.model import Audience
from softswitch.access.audit import page as audit_page
from softswitch.errors import Refusal, unavailable
from softswitch.testing.patience import PATIENCE
from tests.smsgateway.kit import Kit, kit

A, B, C = "13800000001", "13800000002", "13800000003"


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Kit]:
    async with kit(tmp_path) as made:
        await made.fill(A, B, C)
        yield made


def state(campaign: Campaign) -> CampaignState:
    """As it is now: it changes between two lines."""
    return campaign.state


async def code_of(work: Any) -> str:
    with pytest.raises(Refusal) as caught:
        await work
    return caught.value.code


async def batch_state(town: Kit, key: str) -> BatchState:
    return (await town.sms.queue.read(repository.batch_of, key))[1].state


async def numbers_in(town: Kit, batch: int) -> list[str]:
    rows = await town.sms.queue.read(repository.page, batch)
    return [row.number for row in rows]


async def test_a_small_campaign_runs_at_once_and_ends(town: Kit) -> None:
    campaign = await town.send(voice_after=None)
    assert state(campaign) is CampaignState.RUNNING
    batch_id, batch = await town.sms.queue.read(repository.batch_of, campaign.id)
    assert (batch.state, batch.priority, batch.doubt) == ("open", Priority.LIFE_SAFETY, "resend")
    assert batch.expires_at == town.time.at + campaign.plan.validity
    assert await numbers_in(town, batch_id) == [f"86{number}" for number in (A, B, C)]
    await town.became(campaign, MessageState.DELIVERED, A)
    shown = town.screen.progress(campaign)
    assert (shown["total"], shown["waiting"], shown["counts"]["delivered"]) == (3, 2, 1)
    await town.became(campaign, MessageState.DELIVERED, B)
    await town.became(campaign, MessageState.FAILED, C)
    assert state(campaign) is CampaignState.FINISHED
    assert ("sms_campaign", campaign.id) not in town.screen.shown
    stored = await town.db.read(store.one, campaign.id)
    assert stored == campaign
    found = await report.report(town.sms.queue, batch_id)
    assert found["counts"]["delivered"] == 2
    assert {row["area"]: row["counts"] for row in found["areas"]} == {
        "A1": {"delivered": 1},
        "A2": {"delivered": 1},
        "A3": {"failed": 1},
    }
    text = b"".join([part async for part in report.as_csv(town.sms.queue, batch_id)]).decode()
    assert text.splitlines()[1].startswith(f"{A},N1,A1,delivered,")
    assert len(text.splitlines()) == 4


async def test_a_large_one_waits_for_another_person(town: Kit) -> None:
    campaigns = town.sms.campaigns
    await campaigns.set_rules("boss", Rules(approval_size=2))
    campaign = await town.send()
    assert state(campaign) is CampaignState.APPROVAL
    assert await code_of(campaigns.approve("li", campaign.id)) == "same_person"
    await campaigns.withdraw("boss", campaign.id)
    await campaigns.submit("wang", campaign.id)
    assert await code_of(campaigns.approve("wang", campaign.id)) == "same_person"
    assert await town.sms.queue.read(repository.batch_id, campaign.id) is None
    await campaigns.approve("boss", campaign.id)
    await town.settle()
    assert (campaign.state, campaign.approved_by) == (CampaignState.RUNNING, "boss")
    rows = await town.db.read(audit_page, limit=20)
    told = [row["act"] for row in rows if row["act"].startswith("sms.campaign")]
    assert told == [
        f"sms.campaign.{word}" for word in ("create", "submit", "withdraw", "submit", "approve")
    ]


async def test_an_exercise_needs_no_approval_and_reaches_no_live_link(town: Kit) -> None:
    await town.sms.campaigns.set_rules("boss", Rules(approval_size=0, signature="自贡应急"))
    campaign = await town.send(exercise=True, priority=Priority.NORMAL, voice_after=60_000)
    _, batch = await town.sms.queue.read(repository.batch_of, campaign.id)
    assert batch.exercise
    assert sent_text(campaign.plan, town.sms.campaigns.rules) == "【自贡应急】演习：请立即转移"
    town.time.at += 120_000
    await town.became(campaign, MessageState.FAILED, A)
    assert not town.telephone.asked  # an exercise calls no citizen


async def test_a_scheduled_one_begins_at_its_time(town: Kit) -> None:
    at = town.time.at + 600_000
    campaign = await town.send(starts_at=at)
    assert state(campaign) is CampaignState.SCHEDULED
    await town.sms.watch.look()
    assert state(campaign) is CampaignState.SCHEDULED
    town.time.at = at - 30_000
    await town.sms.watch.look()
    await town.settle()
    assert state(campaign) is CampaignState.RUNNING
    _, batch = await town.sms.queue.read(repository.batch_of, campaign.id)
    assert (batch.starts_at, batch.expires_at) == (at, at + campaign.plan.validity)


async def test_pause_resume_cancel(town: Kit) -> None:
    campaigns = town.sms.campaigns
    campaign = await town.send()
    await campaigns.pause("li", campaign.id)
    assert await batch_state(town, campaign.id) is BatchState.PAUSED
    assert await code_of(campaigns.pause("li", campaign.id)) == "wrong_campaign_state"
    await campaigns.resume("li", campaign.id)
    assert await batch_state(town, campaign.id) is BatchState.OPEN
    await campaigns.cancel("li", campaign.id)
    assert await batch_state(town, campaign.id) is BatchState.CANCELLED
    for act in (campaigns.cancel, campaigns.resume, campaigns.submit, campaigns.withdraw):
        assert await code_of(act("li", campaign.id)) == "wrong_campaign_state"


async def test_a_draft_is_changed_and_removed(town: Kit) -> None:
    campaigns = town.sms.campaigns
    campaign = await town.draft()
    plan = campaign.plan
    changed = await campaigns.change("li", campaign.id, type(plan)("新", "文", plan.audience))
    assert (changed.plan.name, changed.plan.text) == ("新", "文")
    await campaigns.remove("li", campaign.id)
    assert await code_of(campaigns.one(campaign.id)) == "campaign_not_found"


async def test_a_test_goes_to_one_phone_only(town: Kit) -> None:
    campaign = await town.draft()
    await town.sms.campaigns.test("li", campaign.id, "+86 138 0013 8000")
    batch_id, batch = await town.sms.queue.read(repository.batch_of, f"{campaign.id}-test-1")
    assert batch.state is BatchState.OPEN
    assert await numbers_in(town, batch_id) == ["8613800138000"]
    assert await code_of(town.sms.campaigns.test("li", campaign.id, "110")) == "bad_mobile"
    assert state(campaign) is CampaignState.DRAFT


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"name": " "}, "no_name"),
        ({"text": ""}, "sms_no_text"),
        ({"text": "中" * 2000}, "text_too_long"),
        ({"text": "见【附件】"}, "signature_twice"),
        ({"audience": Audience()}, "nobody"),
        ({"audience": Audience(lists=("none",))}, "sms_list_not_found"),
        ({"validity": 1}, "bad_validity"),
        ({"voice_after": 1}, "bad_voice_after"),
        ({"starts_at": 1}, "in_the_past"),
        ({"exercise": True}, "exercise_priority"),
        ({"advertising": True}, "advertising_priority"),
    ],
)
async def test_what_cannot_be_sent_is_no_draft(town: Kit, more: dict[str, Any], code: str) -> None:
    await town.sms.campaigns.set_rules("boss", Rules(signature="自贡应急"))
    assert await code_of(town.draft(**more)) == code
    assert not await town.db.read(store.page, 10)


async def test_nobody_left_is_told(town: Kit) -> None:
    campaign = await town.draft(audience=Audience(lists=("居民",), areas=("Z",)))
    assert await code_of(town.sms.campaigns.submit("li", campaign.id)) == "nobody_left"
    assert state(campaign) is CampaignState.DRAFT


@pytest.mark.parametrize("priority", [Priority.LIFE_SAFETY, Priority.BULK])
async def test_a_server_that_died_while_filling_goes_on_without_a_second_message(
    town: Kit, priority: Priority
) -> None:
    campaign = await town.draft(priority=priority)
    await town.sms.campaigns.submit("li", campaign.id)
    town.work.pop().cancel()  # the server dies before anything is in
    town.sms.campaigns.preparing.clear()
    again = Campaigns(town.db, town.sms.queue, town.sms.chooser, spawn(town), town.time)
    await again.load()
    found = again.open[campaign.id]
    assert state(found) is CampaignState.PREPARING
    for _ in range(2):  # and once more when all is in
        found.state = CampaignState.PREPARING
        again.prepare(found)
        await town.settle()
    assert state(found) is CampaignState.RUNNING
    batch, stored = await town.sms.queue.read(repository.batch_of, campaign.id)
    assert stored.state is BatchState.OPEN
    assert await numbers_in(town, batch) == [f"86{number}" for number in (A, B, C)]


def spawn(town: Kit) -> Any:
    return lambda work: town.work.append(asyncio.create_task(work))


async def test_a_full_disk_while_filling_is_asked_again(
    town: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = await town.draft()
    real = repository.add_messages
    refused: list[object] = []

    def full(*given: Any) -> int:
        if not refused:
            refused.append(given)
            raise unavailable("store_unavailable", "The disk is full.", "Make room.")
        return real(*given)

    monkeypatch.setattr(repository, "add_messages", full)
    await town.sms.campaigns.submit("li", campaign.id)
    with pytest.raises(Refusal):
        await town.work.pop()
    assert state(campaign) is CampaignState.PREPARING
    await town.sms.watch.look()
    await town.settle()
    assert state(campaign) is CampaignState.RUNNING
    batch, _ = await town.sms.queue.read(repository.batch_of, campaign.id)
    assert len(await numbers_in(town, batch)) == 3


async def test_the_watch_goes_on_when_a_look_fails(
    town: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []
    seen = asyncio.Event()

    async def fails() -> None:
        looks.append(1)
        if len(looks) > 1:
            seen.set()
        raise ZeroDivisionError if len(looks) == 1 else unavailable("store_unavailable", "x", "y")

    monkeypatch.setattr(town.sms.watch, "look", fails)
    monkeypatch.setattr(watch, "SECONDS", 0.01)
    task = asyncio.create_task(town.sms.watch.run())
    async with asyncio.timeout(PATIENCE):
        await seen.wait()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_life_is_not_kept_waiting_for_a_count(
    town: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "QUICKLY_COUNTED", 2)

    async def never(_campaign: Campaign) -> None:
        raise AssertionError

    monkeypatch.setattr(town.sms.campaigns, "count", never)
    campaign = await town.send()
    assert (state(campaign), campaign.people) == (CampaignState.RUNNING, 3)
    monkeypatch.undo()
    await town.sms.campaigns.set_rules("boss", Rules(approval_size=2))
    assert state(await town.send()) is CampaignState.APPROVAL  # a second person sees the number


async def test_what_was_counted_is_what_is_sent(town: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    campaigns = town.sms.campaigns
    campaign = await town.draft()
    count = campaigns.count

    async def meanwhile(plan: Plan) -> Any:
        other = dataclasses.replace(plan, text="别的内容")
        await campaigns.change("wang", campaign.id, other)
        return await count(plan)

    monkeypatch.setattr(campaigns, "count", meanwhile)
    assert await code_of(campaigns.submit("li", campaign.id)) == "campaign_changed"


async def test_cancelled_while_filling(town: Kit) -> None:
    campaign = await town.draft(priority=Priority.BULK)
    await town.sms.campaigns.submit("li", campaign.id)
    await town.sms.campaigns.cancel("li", campaign.id)
    await town.settle()
    assert state(campaign) is CampaignState.CANCELLED
    assert await batch_state(town, campaign.id) is BatchState.CANCELLED


async def test_unreached_people_are_called_once_and_who_answered_is_not(town: Kit) -> None:
    campaign = await town.send(voice_after=120_000)
    await town.became(campaign, MessageState.DELIVERED, A)
    await town.became(campaign, MessageState.SUBMITTED, B)
    await town.became(campaign, MessageState.FAILED, C)
    assert not town.telephone.asked
    await town.answers(C, "1")
    town.time.at += 120_000
    await town.sms.watch.look()
    assert town.telephone.asked == [("li", "请立即转移", [B])]
    await town.sms.watch.look()  # the first are still being called
    assert len(town.telephone.asked) == 1
    assert campaign.voice.startswith(AFTER)
    town.telephone.running.clear()
    await town.sms.watch.look()
    assert (campaign.voice, len(town.telephone.asked)) == (DONE, 1)
    await town.became(campaign, MessageState.DELIVERED, B)
    assert state(campaign) is CampaignState.FINISHED
    assert campaign.notices == ("n1",)


async def test_who_talks_and_has_not_got_it(town: Kit) -> None:
    campaign = await town.send()
    await town.became(campaign, MessageState.DELIVERED, A)
    batch, _ = await town.sms.queue.read(repository.batch_of, campaign.batch)
    town.lines.calls = {A: "1.1", B: "1.1", "2001": "1.2", "+14155550123": "1.3"}
    found = await town.sms.queue.read(report.unreached_among, batch, list(town.sms.lines.talking()))
    assert [message.recipient for message in found] == ["N2"]


async def test_a_telephone_that_refuses_does_not_stop_the_rest(town: Kit) -> None:
    campaign = await town.send(voice_after=60_000)
    await town.became(campaign, MessageState.FAILED, A)
    town.telephone.refuses = True
    town.time.at += 60_000
    await town.sms.watch.look()
    town.telephone.refuses = False
    await town.became(campaign, MessageState.FAILED, B)
    assert [asked[2] for asked in town.telephone.asked] == [[B]]


async def test_receipts_are_not_waited_for_for_ever(town: Kit) -> None:
    campaign = await town.send()
    for number in (A, B, C):
        await town.became(campaign, MessageState.SUBMITTED, number)
    assert state(campaign) is CampaignState.RUNNING
    town.time.at += campaign.plan.validity + 3_600_001
    await town.sms.watch.look()
    assert state(campaign) is CampaignState.FINISHED


async def test_a_doubt_is_decided(town: Kit) -> None:
    campaign = await town.send(priority=Priority.NORMAL)
    await town.became(campaign, MessageState.IN_DOUBT, A)
    await town.sms.campaigns.decide_doubt("li", campaign.id, resend=True)
    batch, stored = await town.sms.queue.read(repository.batch_of, campaign.id)
    assert stored.doubt == "ask"
    found = await town.sms.queue.read(
        lambda conn: conn.execute(select(messages.c.id).where(messages.c.batch_id == batch)).all()
    )
    assert len(found) == 3


async def test_what_a_restart_finds_is_told_to_the_queue_again(town: Kit) -> None:
    campaign = await town.send()
    await town.sms.queue.write(repository.set_state, campaign.id, BatchState.PAUSED)
    await town.sms.campaigns.steer(campaign)  # the server died between its two writes
    assert await batch_state(town, campaign.id) is BatchState.OPEN


def test_the_pace_is_never_negative() -> None:
    pace = Pace()
    queued, sent = MessageState.QUEUED, MessageState.SUBMITTED
    assert pace.look(Progress({queued: 100}), 1_000)["rate"] == 0
    shown = pace.look(Progress({queued: 80, sent: 20}), 3_000)
    assert (shown["rate"], shown["left"]) == (10.0, 8)
    assert pace.look(Progress({queued: 70, sent: 30}), 2_000)["rate"] == 0  # the clock went back
    assert pace.look(Progress({sent: 100}), 4_000)["left"] is None
    assert pace.look(Progress({}), 5_000)["rate"] == 0


@pytest.mark.parametrize(
    "bad",
    [
        Rules(approval_size=-1),
        Rules(price=-1),
        Rules(sender="+86"),
        Rules(signature="【】【"),
    ],
)
async def test_bad_rules(town: Kit, bad: Rules) -> None:
    with pytest.raises(Refusal):
        await town.sms.campaigns.set_rules("boss", bad)
    assert town.sms.campaigns.rules == Rules()
