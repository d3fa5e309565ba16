"""Filling a batch, steering it and reading how far it is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from smsgateway.campaigns.report import report
from smsgateway.model import (
    Batch,
    BatchState,
    Body,
    Coding,
    DoubtPolicy,
    MessageState,
    NewMessage,
    Priority,
)
from smsgateway.queue import repository as queue
from smsgateway.queue.database import queue_database
from smsgateway.queue.routes import Prefixes
from softswitch.errors import Refusal
from softswitch.store.database import Database

BULK = Batch("c1", Priority.BULK, DoubtPolicy.ASK)
TEXT = Body(Coding.UCS2, ("台风".encode("utf-16-be"),))


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with queue_database(f"sqlite:///{tmp_path / 'sms.db'}") as db:
        yield db


async def fill(db: Database, count: int, batch: Batch = BULK) -> int:
    key = await db.write(queue.open_batch, batch, 1)
    body = await db.write(queue.add_body, key, TEXT, "台风")
    new = [NewMessage(f"861380000{n:04}", body, f"p{n}", "north") for n in range(count)]
    await db.write(queue.add_messages, key, new)
    return key


def test_a_body_comes_back_as_it_was_packed() -> None:
    for body in (
        TEXT,
        Body(Coding.GSM7, (b"a" * 300, b""), headed=True),
        Body(Coding.GBK, (b"x" * 2_000,), as_payload=True, flash=True),
    ):
        assert Body.unpack(body.pack()) == body


async def test_messages_are_counted_in_the_transaction_that_adds_them(db: Database) -> None:
    key = await fill(db, 20)
    told = await db.read(queue.progress, key)
    assert told[MessageState.QUEUED] == told.total == 20
    assert not told.is_over

    def broken(conn: object) -> None:
        queue.add_messages(conn, key, [NewMessage("8613", 1)])  # type: ignore[arg-type]
        raise OSError("the server dies here")

    with pytest.raises(OSError, match="dies"):
        await db.write(broken)
    assert (await db.read(queue.progress, key)).total == 20


async def test_a_batch_is_made_once_for_its_key(db: Database) -> None:
    key = await fill(db, 1)
    assert await db.write(queue.open_batch, BULK, 2) == key
    found, batch = await db.read(queue.batch_of, "c1")
    assert (found, batch) == (key, BULK)


async def test_messages_are_read_page_by_page(db: Database) -> None:
    key = await fill(db, 7)
    first = await db.read(queue.page, key, limit=4)
    rest = await db.read(queue.page, key, after=first[-1].id, limit=4)
    assert [m.recipient for m in (*first, *rest)] == [f"p{n}" for n in range(7)]
    assert {m.state for m in first} == {MessageState.QUEUED}
    assert await db.read(queue.page, key, state=MessageState.FAILED) == []
    assert [m.id for m in await db.read(queue.last_to, "8613800000003")] == [first[3].id]


async def test_a_cancelled_batch_does_not_open_again(db: Database) -> None:
    await fill(db, 1)
    await db.write(queue.set_state, "c1", BatchState.CANCELLED)
    with pytest.raises(Refusal, match="c1 is cancelled") as refused:
        await db.write(queue.set_state, "c1", BatchState.OPEN)
    assert refused.value.code == "sms_batch_cancelled"
    with pytest.raises(Refusal, match="no sms batch c2"):
        await db.write(queue.set_state, "c2", BatchState.OPEN)


async def test_what_waits_in_a_cancelled_batch_is_cancelled_at_once(db: Database) -> None:
    key = await fill(db, 7)
    await db.write(queue.set_state, "c1", BatchState.OPEN)
    await db.write(queue.set_state, "c1", BatchState.CANCELLED)
    told = await db.read(queue.progress, key)
    assert (dict(told.counts), told.is_over) == ({MessageState.CANCELLED: 7}, True)
    page = await db.read(queue.page, key)
    assert {message.state for message in page} == {MessageState.CANCELLED}
    assert await db.read(queue.page, key, state=MessageState.QUEUED) == []
    assert len(await db.read(queue.page, key, state=MessageState.CANCELLED)) == 7
    assert (await report(db, key))["areas"] == [
        {"area": "north", "total": 7, "counts": {"cancelled": 7}}
    ]
    assert (await db.read(queue.last_to, "8613800000003"))[0].state is MessageState.CANCELLED


async def test_only_a_held_batch_can_be_removed(db: Database) -> None:
    key = await fill(db, 3)
    await db.write(queue.remove_batch, "c1")
    assert await db.read(queue.page, key) == []
    assert (await db.read(queue.progress, key)).total == 0
    await fill(db, 3)
    await db.write(queue.set_state, "c1", BatchState.OPEN)
    with pytest.raises(Refusal, match="opened already"):
        await db.write(queue.remove_batch, "c1")


def test_the_longest_prefix_is_found() -> None:
    known = Prefixes(["86", "86138", "8613800000001"])
    assert known.longest("8613800000001") == "8613800000001"
    assert known.longest("8613812345678") == "86138"
    assert known.longest("8612812345678") == "86"
    assert known.longest("85212345678") == ""
    assert known.longest("8") == ""
    assert Prefixes(["", "86"]).longest("85212345678") == ""
