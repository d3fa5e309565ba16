"""Texts that differ from person to person: fields from the columns of a list, who cannot be filled is told."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from smsgateway.campaigns.model import Campaign, CampaignState, Rules
from smsgateway.model import MessageState, Priority
from smsgateway.queue import repository
from smsgateway.recipients import store
from smsgateway.recipients.model import Audience
from smsgateway.recipients.rows import batches
from softswitch.errors import Refusal
from tests.smsgateway.kit import Kit, kit, stream

CSV = """手机号,姓名,区域,安置点,桌号,备 注
13800000001,甲,东区,第一小学,3,x
13800000002,乙,西区,=体育馆,12,y
13800000003,丙,东区,,4,z
13800000004,丁,东区,第一小学,三,z
13800000005,戊,西区,第一小学,3,z
"""
TEXT = "{姓名}请到{安置点}{桌号:number}号桌登记"


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Kit]:
    async with kit(tmp_path) as made:
        await made.sms.lists.import_csv("li", "居民", stream(CSV.encode()))
        yield made


async def texts(town: Kit, campaign: Campaign) -> dict[str, str | None]:
    """Number → text of every message."""
    batch, _ = await town.sms.queue.read(repository.batch_of, campaign.batch)
    shown: dict[str, str | None] = {}
    for message in await town.sms.queue.read(repository.page, batch):
        body = await town.sms.queue.read(_body_of, message.id)
        shown[message.number[2:]] = await town.sms.queue.read(repository.text_of, body)
    return shown


def _body_of(conn: object, message: int) -> int:
    from sqlalchemy import select

    from smsgateway.queue.tables import messages

    query = select(messages.c.body_id).where(messages.c.id == message)
    return int(conn.execute(query).scalar_one())  # type: ignore[attr-defined]


async def send(town: Kit, **more: object) -> Campaign:
    return await town.send(text=TEXT, personal=True, priority=Priority.NORMAL, **more)


async def test_each_gets_his_own_and_who_cannot_is_counted(town: Kit) -> None:
    await town.sms.campaigns.set_rules("li", Rules(signature="应急局"))
    campaign = await send(town)
    assert campaign.state is CampaignState.RUNNING
    assert await texts(town, campaign) == {
        "13800000001": "【应急局】甲请到第一小学3号桌登记",
        "13800000002": "【应急局】乙请到体育馆12号桌登记",  # no formula
        "13800000005": "【应急局】戊请到第一小学3号桌登记",
    }
    tally = campaign.tally
    assert (campaign.people, tally["unfilled"], campaign.parts) == (3, 2, 1)


async def test_the_longest_text_tells_the_parts_and_equal_texts_are_kept_once(town: Kit) -> None:
    long = "，" + "请带好证件" * 12
    campaign = await town.send(text="请到{安置点}" + long, personal=True)
    assert (campaign.people, campaign.parts) == (4, 1)
    longer = await town.send(text="请到{安置点}来登记了" + long, personal=True)
    assert longer.parts == 2
    batch, _ = await town.sms.queue.read(repository.batch_of, longer.batch)
    assert await town.sms.queue.read(_bodies, batch) == 2


def _bodies(conn: object, batch: int) -> int:
    from sqlalchemy import func, select

    from smsgateway.queue.tables import bodies

    query = select(func.count()).where(bodies.c.batch_id == batch)
    return int(conn.execute(query).scalar_one())  # type: ignore[attr-defined]


async def test_the_sample_is_the_first_person(town: Kit) -> None:
    campaign = await town.draft(text=TEXT, personal=True)
    assert await town.sms.campaigns.sample(campaign.plan) == "甲请到第一小学3号桌登记"
    await town.sms.campaigns.test("li", campaign.id, "13900000000")
    batch, _ = await town.sms.queue.read(repository.batch_of, f"{campaign.id}-test-1")
    (message,) = await town.sms.queue.read(repository.page, batch)
    body = await town.sms.queue.read(_body_of, message.id)
    assert await town.sms.queue.read(repository.text_of, body) == "甲请到第一小学3号桌登记"


async def test_who_has_no_receipt_is_told_his_own_text(town: Kit) -> None:
    await town.sms.campaigns.set_rules("li", Rules(signature="应急局"))
    campaign = await send(town, voice_after=60_000)
    await town.became(campaign, MessageState.DELIVERED, "13800000001")
    await town.became(campaign, MessageState.FAILED, "13800000002")
    await town.became(campaign, MessageState.SUBMITTED, "13800000005")
    town.time.at += 60_000
    await town.sms.watch.look()
    assert town.telephone.texts == {
        "13800000002": "乙请到体育馆12号桌登记",
        "13800000005": "戊请到第一小学3号桌登记",
    }


async def test_filling_goes_on_after_a_crash_without_writing_twice(town: Kit) -> None:
    campaign = await send(town)
    once = await texts(town, campaign)
    campaign.state = CampaignState.PREPARING  # as the server finds it that died in between
    town.sms.campaigns.prepare(campaign)
    await town.settle()
    assert await texts(town, campaign) == once
    batch, _ = await town.sms.queue.read(repository.batch_of, campaign.batch)
    assert (await town.sms.queue.read(repository.progress, batch)).total == 3


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"text": "没有字段"}, "no_fields"),
        ({"text": "{安置点"}, "bad_template"),
        ({"text": "{楼号}"}, "field_unknown"),
        ({"audience": Audience(lists=("别的",))}, "sms_list_not_found"),
    ],
)
async def test_what_cannot_be_filled_is_refused(
    town: Kit, change: dict[str, object], code: str
) -> None:
    with pytest.raises(Refusal) as refused:
        await town.draft(**{"text": TEXT, "personal": True, **change})
    assert refused.value.code == code


async def test_nobody_can_be_filled(town: Kit) -> None:
    numbers = Audience(numbers=("13800000009",))
    campaign = await town.draft(text=TEXT, personal=True, audience=numbers)
    with pytest.raises(Refusal) as refused:
        await town.sms.campaigns.submit("li", campaign.id)
    assert refused.value.code == "nobody_left"


async def test_braces_of_a_text_for_everybody_stay(town: Kit) -> None:
    campaign = await town.send(text="请到{安置点}")
    assert set((await texts(town, campaign)).values()) == {"请到{安置点}"}


async def test_a_list_that_goes_takes_its_columns_along(town: Kit) -> None:
    row = await town.sms.lists.one("居民")
    assert await town.sms.queue.read(store.columns_of, row["id"]) == ["安置点", "桌号"]
    await town.sms.lists.remove("居民")
    assert await town.sms.queue.read(store.columns_of, row["id"]) == []


def test_columns_are_bounded_and_cells_too() -> None:
    head = ",".join(["number", *(f"c{n}" for n in range(30)), "2x", "a b", ""])
    good, bad = "13800000001" + ",v" * 30, "13800000002," + "v" * 201
    (batch,) = batches(io.BytesIO("\n".join([head, good, bad]).encode()))
    assert batch.columns == tuple(f"c{n}" for n in range(20))
    assert batch.people[0].fields == tuple((f"c{n}", "v") for n in range(20))
    assert [(row.why, row.line) for row in batch.bad] == [("too_long", 3)]
