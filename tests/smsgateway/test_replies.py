"""What citizens answer: understood, joined, on the board, and a task for who needs help, once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from smsgateway.model import MessageState
from smsgateway.queue import repository
from smsgateway.recipients import store as recipients
from smsgateway.replies import store
from smsgateway.replies.model import Meaning, meaning_of
from smsgateway.text.segments import encode
from softswitch.store.event_rows import read_after
from tests.smsgateway.kit import Kit, kit

A, B = "13800000001", "13800000002"


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Kit]:
    async with kit(tmp_path) as made:
        await made.fill(A, B)
        yield made


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("1", "safe"), (" １ ", "safe"), ("1。谢谢", "safe"), ("我安全", "safe"), ("“1”", "safe"), ("OK", "safe"),
        ("回复1", "safe"), ("1 都好", "safe"), ("2", "help"), ("２救命", "help"), ("2 被困三楼", "help"),
        ("我们被困在二楼", "help"), ("不安全", "help"), ("Not safe", "help"), ("SOS", "help"),
        ("help me", "help"), ("R", "opt_out"), ("td", "opt_out"), ("退订", "opt_out"), ("STOP", "opt_out"),
        ("12", "unknown"), ("110", "unknown"), ("21号楼", "unknown"), ("你是谁", "unknown"), ("", "unknown"),
        ("reply", "unknown"), ("okay then", "unknown"), ("1救命", "help"), ("😀", "unknown"),
    ],
)  # fmt: skip
def test_meanings(text: str, meaning: str) -> None:
    assert meaning_of(text) is Meaning(meaning)


async def test_the_board_and_the_task(town: Kit) -> None:
    campaign = await town.send()
    batch, _ = await town.sms.queue.read(repository.batch_of, campaign.id)
    await town.became(campaign, MessageState.SUBMITTED, A, B)
    await town.answers(A, "1")
    await town.answers(B, "2 三楼")
    assert await town.sms.queue.read(store.board, batch) == {"safe": 1, "help": 1}
    assert list(town.tasks.opened.values()) == [B]
    (row,) = await town.sms.queue.read(store.need_help, batch)
    assert (row["number"], row["name"], row["area"], row["text"]) == (B, "N2", "A2", "2 三楼")
    assert row["task_id"].startswith("task-sms-")
    facts = await town.db.read(read_after, 0, ("sms.reply",), 10)
    assert [row.event.number for row in facts.facts] == [B]  # type: ignore[attr-defined]
    await town.answers(B, "1")  # help came: the last word counts
    assert await town.sms.queue.read(store.board, batch) == {"safe": 2, "help": 0}
    await town.sms.replies.look()
    assert len(town.tasks.opened) == 1


async def test_a_long_answer_is_joined_in_any_order_and_once(town: Kit) -> None:
    campaign = await town.send()
    text = "我在" + "三" * 100 + "楼，需要帮助"
    first, second = (part.short_message for part in encode(text, reference=7).parts)
    await town.answers(A, "", second)
    await town.answers(A, "", second)  # the centre sent it twice
    assert not town.tasks.opened
    await town.answers(A, "", first)
    (row,) = await town.sms.queue.read(store.page)
    assert (row["text"], row["meaning"]) == (text, "help")
    assert campaign.id


async def test_half_a_cry_for_help_is_one(town: Kit) -> None:
    text = "救命" + "啊" * 100
    first = encode(text, reference=7).parts[0].short_message
    await town.answers(A, "", first)
    assert await town.sms.replies.look() == 0
    town.time.at += 121_000
    assert await town.sms.replies.look() == 1
    (row,) = await town.sms.queue.read(store.page)
    assert row["meaning"] == "help"
    assert row["text"].endswith("啊…")


async def test_opting_out_holds_for_the_next(town: Kit) -> None:
    await town.answers(A, "R")
    assert await town.sms.queue.read(recipients.blocked_among, [A, B]) == {A: "opt_out"}


async def test_what_nobody_foresaw_is_kept(town: Kit) -> None:
    await town.answers(A, "水在涨")
    await town.answers("10086", "您的余额不足")
    rows = await town.sms.queue.read(store.page, meaning="unknown")
    assert [row["text"] for row in rows] == ["您的余额不足", "水在涨"]
    assert await town.sms.queue.write(store.mark_seen, rows[1]["id"], "li")
    assert not await town.sms.queue.write(store.mark_seen, 99, "li")


async def test_a_crash_before_the_task_opens_it_later_and_once(town: Kit) -> None:
    class Dies:
        async def call_back(self, key: str, number: str) -> str:
            raise ConnectionError

    tasks, town.sms.replies._tasks = town.sms.replies._tasks, Dies()
    with pytest.raises(ConnectionError):
        await town.answers(A, "2")
    town.sms.replies._tasks = tasks
    await town.sms.replies.look()
    await town.sms.replies.look()
    assert list(town.tasks.opened.values()) == [A]
    assert len(await town.sms.queue.read(store.page)) == 1


async def test_no_octets_stop_the_reading(town: Kit) -> None:
    for octets in (
        b"",
        b"\xff",
        b"\x05\x00\x03\x01\x02",
        b"\x05\x00\x03\x01\x00\x00",
        b"\xd8\x00" * 9,
    ):
        await town.answers(A, "", octets)
    await town.answers(A, "1")
    rows = await town.sms.queue.read(store.page)
    assert [row["meaning"] for row in rows].count("safe") == 1
