"""The queue on PostgreSQL: the same promises, and a server that dies in the middle."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import text

from smsgateway.model import MessageState, NewMessage
from smsgateway.queue import repository
from smsgateway.queue.database import queue_database
from smsgateway.queue.postgres import APPLICATION
from smsgateway.queue.tables import metadata
from smsgateway.testing.control import CentreProcess
from softswitch.testing.postgres import postgres
from tests.smsgateway.engine.kit import LONG, Queue, until


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.fixture
async def queue(server: str) -> AsyncIterator[Queue]:
    async with queue_database(server) as db:
        yield Queue(server, db)
        await db.write(metadata.drop_all)


async def test_messages_arrive_and_their_receipts_are_told(
    queue: Queue, centre: CentreProcess
) -> None:
    await centre.set(receipts="after", ids="hex", throttle=2, silent=3)
    await queue.link(centre.port, response_seconds=0.5)
    async with queue.gateway():
        batch = await queue.batch(300)
        long = await queue.batch(20, "c2", body=LONG, first=1_000)
        await queue.reaches(batch, delivered=300)
        await queue.reaches(long, delivered=20)
    assert await queue.counted(batch) == {MessageState.DELIVERED: 300}
    assert (await centre.counts())["numbers"] == 320


async def test_names_come_in_as_they_are_and_in_order(queue: Queue) -> None:
    batch = await queue.batch(1)
    names = ["甲", "", 'a "b", c', "tab\there", r"\N \. \\", "line\nline", "{1,2}", "NULL"]
    new = [NewMessage(f"8613900000{n:03}", 1, name, name) for n, name in enumerate(names)]
    assert await queue.db.write(repository.add_messages, batch, new) == len(names)
    _, *rows = await queue.db.read(repository.page, batch)
    assert [(row.recipient, row.area) for row in rows] == [(name, name) for name in names]
    assert [row.number for row in rows] == [one.number for one in new]


async def test_a_connection_to_the_database_that_dies_costs_time_only(
    queue: Queue, centre: CentreProcess
) -> None:
    await centre.set(receipts="before", delay=0.01)
    await queue.link(centre.port)
    async with queue.gateway() as gateway:
        batch = await queue.batch(2_000)
        for target in (300, 800, 1_300):

            async def under_way(count: int = target) -> bool:
                return (await centre.counts())["messages"] >= count

            await until(under_way)
            await queue.db.write(lambda conn: conn.execute(_CUT).all())
        await queue.reaches(batch, delivered=2_000)
        assert gateway.writer.retries >= 3
    counts = await centre.counts()
    assert (counts["messages"], counts["numbers"]) == (2_000, 2_000)
    assert await queue.counted(batch) == {MessageState.DELIVERED: 2_000}
    assert (await queue.progress(batch)).total == 2_000


_CUT = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = :name"
).bindparams(name=APPLICATION)
