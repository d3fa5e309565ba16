"""What other parts of the system send: single messages and whole campaigns, once for a key, under the same rules."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from smsgateway.campaigns.mailing import MADE
from smsgateway.campaigns.model import CampaignState, Plan, Rules
from smsgateway.links import store as links
from smsgateway.links.model import LinkConfig
from smsgateway.model import MessageState, Priority
from smsgateway.queue import repository
from smsgateway.recipients import store as recipients
from smsgateway.recipients.audience import MOST_NUMBERS
from smsgateway.recipients.model import Audience
from softswitch.errors import Refusal
from softswitch.store.event_rows import read_after
from tests.smsgateway.kit import Kit, kit

A, B = "13800000001", "13800000002"
MANY = [f"138{n:08}" for n in range(MOST_NUMBERS + 5)]
WARNING = Plan("预警", "请撤离", Audience(), Priority.LIFE_SAFETY, incident_id="0af1")


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Kit]:
    async with kit(tmp_path) as made:
        yield made


async def test_a_single_message_is_queued_once_under_the_rules(town: Kit) -> None:
    await town.sms.campaigns.set_rules("li", Rules(signature="应急局", sender="1069"))
    for _ in range(2):
        await town.sms.direct.send("0a", f"+86 {A}", "请出动")
    batch_id, batch = await town.sms.queue.read(repository.batch_of, "direct-0a")
    assert (batch.priority, batch.state, batch.sender) == (Priority.LIFE_SAFETY, "open", "1069")
    [message] = await town.sms.queue.read(repository.page, batch_id)
    assert message.number == f"86{A}"
    assert await town.sms.queue.read(repository.text_of, 1) == "【应急局】请出动"


async def test_what_was_lost_is_told_with_its_reason(town: Kit) -> None:
    for key in ("0a", "0b"):
        await town.sms.direct.send(key, A, "请出动")
    assert await town.sms.direct.lost(["0a", "0b"]) == {}
    campaign = await town.draft(audience=Audience(numbers=(A,)))
    campaign.batch = "direct-0b"
    await town.became(campaign, MessageState.EXPIRED, A)
    assert await town.sms.direct.lost(["0a", "0b"]) == {"0b": "expired"}


async def test_an_order_reaches_who_opted_out_and_never_the_blacklist(town: Kit) -> None:
    for number, kind in ((A, "opt_out"), (B, "blacklist")):
        await town.sms.queue.write(recipients.block, number, kind, "", "li", 1)
    await town.sms.direct.send("0a", A, "请出动")
    with pytest.raises(Refusal) as refused:
        await town.sms.direct.send("0b", B, "请出动")
    assert refused.value.code == "nobody_left"
    with pytest.raises(Refusal) as refused:
        await town.sms.direct.send("0c", "2001", "请出动")
    assert refused.value.code == "bad_mobile"


async def test_only_a_link_that_carries_the_real_makes_it_ready(town: Kit) -> None:
    config = LinkConfig("drill", "127.0.0.1", 1, "x", "y", exercise=True)
    assert not await town.sms.direct.ready()
    await town.sms.queue.write(links.add, config, 1)
    assert not await town.sms.direct.ready()
    await town.sms.queue.write(links.add, LinkConfig("live", "127.0.0.1", 1, "x", "y"), 1)
    assert await town.sms.direct.ready()


async def test_a_campaign_of_another_part_is_sent_once_and_told_with_its_incident(
    town: Kit,
) -> None:
    campaign = await town.sms.mailing.send("li", "0af2", WARNING, [A, B, "2001"])
    assert await town.sms.mailing.send("li", "0af2", WARNING, [A, B]) is campaign
    await town.settle()
    assert (campaign.id, campaign.state, campaign.people) == ("0af2", CampaignState.RUNNING, 2)
    assert campaign.tally["not_mobile"] == 1
    told = (await town.db.read(read_after, 0, ("sms.campaign",), 10)).facts
    assert {stored.event.incident_id for stored in told} == {"0af1"}  # type: ignore[attr-defined]
    await town.became(campaign, MessageState.SUBMITTED, A)
    await town.answers(A, "2 三楼")
    [help_asked] = (await town.db.read(read_after, 0, ("sms.reply",), 10)).facts
    assert help_asked.event.incident_id == "0af1"  # type: ignore[attr-defined]
    await town.sms.mailing.stop("li", "0af2")
    assert (await town.sms.campaigns.one("0af2")).state is CampaignState.CANCELLED
    await town.sms.mailing.stop("li", "0af2")
    await town.sms.mailing.stop("li", "0aff")


async def test_many_people_wait_for_a_second_person_unless_one_has_agreed(town: Kit) -> None:
    alone = await town.sms.mailing.send("li", "0a", WARNING, MANY, agreed=["li"])
    assert (alone.state, alone.people) == (CampaignState.APPROVAL, len(MANY))
    agreed = await town.sms.mailing.send("li", "0b", WARNING, MANY, agreed=["wang"])
    await town.settle()
    assert (agreed.state, agreed.approved_by) == (CampaignState.RUNNING, "wang")
    await town.sms.mailing.tidy()
    names = {row["name"] for row in await town.sms.lists.all()}
    assert names == {f"{MADE}0a", f"{MADE}0b"}
    await town.sms.mailing.stop("li", "0b")
    await town.sms.mailing.tidy()
    assert {row["name"] for row in await town.sms.lists.all()} == {f"{MADE}0a"}


async def test_nobody_is_left_and_no_draft_is(town: Kit) -> None:
    with pytest.raises(Refusal) as refused:
        await town.sms.mailing.send("li", "0a", WARNING, ["2001"])
    assert refused.value.code == "nobody_left"
    assert await town.sms.campaigns.find("0a") is None


async def test_each_answer_is_passed_on_and_again_only_after_a_crash(town: Kit) -> None:
    heard: list[tuple[str, str, int]] = []

    async def dies(_number: str, _text: str, _at: int) -> None:
        raise ConnectionError

    async def hears(number: str, text: str, at: int) -> None:
        heard.append((number, text, at))

    town.sms.replies.answered = dies
    with pytest.raises(ConnectionError):
        await town.answers(A, "收到")
    town.sms.replies.answered = hears
    for _ in range(2):
        await town.sms.replies.look()
    assert heard == [(A, "收到", town.time.at)]
