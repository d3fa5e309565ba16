"""The gateway against a centre that misbehaves: whatever that does, every message is accounted for."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from smsgateway.model import DoubtPolicy, MessageState
from smsgateway.testing.control import NPM, OWN, CentreProcess
from tests.smsgateway.engine.kit import LONG, Queue, until


@pytest.fixture(params=[OWN, NPM], ids=["twisted", "npm"])
async def centre(request: pytest.FixtureRequest) -> AsyncIterator[CentreProcess]:
    """The same promises hold against two centres that share no line of code."""
    async with CentreProcess(request.param) as running:
        yield running


QUEUED, SUBMITTED, DELIVERED, FAILED, IN_DOUBT = (
    MessageState.QUEUED,
    MessageState.SUBMITTED,
    MessageState.DELIVERED,
    MessageState.FAILED,
    MessageState.IN_DOUBT,
)


async def test_messages_arrive_and_their_receipts_are_told(
    queue: Queue, centre: CentreProcess
) -> None:
    await centre.set(receipts="after")
    await queue.link(centre.port)
    async with queue.gateway():
        batch = await queue.batch(200)
        await queue.reaches(batch, delivered=200)
    counts = await centre.counts()
    assert (counts["messages"], counts["numbers"]) == (200, 200)
    assert counts["receipts_acknowledged"] == 200
    assert counts["most_in_flight"] <= 10
    assert await queue.counted(batch) == {DELIVERED: 200}
    assert "53f098ce67654e86" in await centre.do("texts")


async def test_a_receipt_before_its_answer_is_kept_until_that_comes(
    queue: Queue, centre: CentreProcess
) -> None:
    await centre.set(receipts="before", delay=0.05)
    await queue.link(centre.port)
    async with queue.gateway():
        batch = await queue.batch(30)
        await queue.reaches(batch, delivered=30)


async def test_receipts_out_of_order_and_twice(queue: Queue, centre: CentreProcess) -> None:
    await centre.set(receipts="held")
    await queue.link(centre.port)
    async with queue.gateway():
        batch = await queue.batch(50)
        await queue.reaches(batch, submitted=50)
        assert await centre.do("release") == 50
        await queue.reaches(batch, delivered=50)
        await centre.set(receipts="twice")
        more = await queue.batch(20, "c2", first=100)
        await queue.reaches(more, delivered=20)
    assert await queue.counted(more) == {DELIVERED: 20}
    assert (await queue.progress(more)).total == 20


async def test_ids_in_hexadecimal_are_found_in_decimal(queue: Queue, centre: CentreProcess) -> None:
    await centre.set(receipts="after", ids="hex")
    await queue.link(centre.port)
    async with queue.gateway():
        batch = await queue.batch(40)
        await queue.reaches(batch, delivered=40)


async def test_a_message_that_cannot_be_delivered_says_why(
    queue: Queue, centre: CentreProcess
) -> None:
    await centre.set(receipts="after", receipt_state="UNDELIV", refuse=1)
    await queue.link(centre.port)
    async with queue.gateway():
        batch = await queue.batch(2)
        await queue.reaches(batch, failed=2)
    from smsgateway.queue import repository

    errors = {message.error for message in await queue.db.read(repository.page, batch)}
    assert errors == {"smpp:11", "receipt:UNDELIV:012"}


async def test_throttling_slows_down_and_counts_no_attempt(
    queue: Queue, centre: CentreProcess
) -> None:
    await centre.set(throttle=5, queue_full=3)
    await queue.link(centre.port)
    async with queue.gateway() as gateway:
        batch = await queue.batch(30)
        await queue.reaches(batch, submitted=30)
        assert gateway.engine.lanes[1].limiter.allowed > 0
    told = await queue.progress(batch)
    assert told.throttled == 8
    from smsgateway.queue import repository

    assert {m.attempts for m in await queue.db.read(repository.page, batch)} == {1}
    assert (await centre.counts())["messages"] == 30


async def test_a_generic_nack_is_tried_again(queue: Queue, centre: CentreProcess) -> None:
    await centre.set(nack=3)
    await queue.link(centre.port)
    async with queue.gateway():
        batch = await queue.batch(10)
        await queue.reaches(batch, submitted=10)
    assert (await centre.counts())["submits"] == 13


@pytest.mark.parametrize("vice", ["silent", "wrong_ids"])
async def test_without_an_answer_a_message_is_in_doubt_and_sent_again(
    queue: Queue, centre: CentreProcess, vice: str
) -> None:
    await centre.set(**{vice: 4})
    await queue.link(centre.port, response_seconds=0.3)
    async with queue.gateway():
        batch = await queue.batch(20)
        await queue.reaches(batch, submitted=20)
    told = await queue.progress(batch)
    assert told.resent == 4
    assert (await centre.counts())["messages"] == 24


async def test_who_shall_be_asked_is_asked(queue: Queue, centre: CentreProcess) -> None:
    from smsgateway.queue import repository

    await centre.set(silent=2)
    await queue.link(centre.port, response_seconds=0.3)
    async with queue.gateway():
        batch = await queue.batch(10, doubt=DoubtPolicy.ASK)
        await queue.reaches(batch, submitted=8, in_doubt=2)
        await queue.db.write(repository.decide_doubt, "c1", resend=True)
        await queue.reaches(batch, submitted=10)
    assert (await queue.progress(batch)).resent == 2


async def test_an_answer_that_comes_late_still_counts(queue: Queue, centre: CentreProcess) -> None:
    await centre.set(delay=0.6)
    await queue.link(centre.port, response_seconds=0.3)
    async with queue.gateway():
        batch = await queue.batch(3, doubt=DoubtPolicy.ASK)
        await queue.reaches(batch, in_doubt=3)
        await queue.reaches(batch, submitted=3)
    assert (await queue.progress(batch)).resent == 0


async def test_a_receipt_settles_what_is_in_doubt(queue: Queue, centre: CentreProcess) -> None:
    await centre.set(silent=5, receipts="before")
    await queue.link(centre.port, response_seconds=0.3)
    async with queue.gateway():
        batch = await queue.batch(5)
        await queue.reaches(batch, delivered=5)
    assert (await queue.progress(batch)).resent == 0
    assert (await centre.counts())["messages"] == 5


@pytest.mark.parametrize("how", ["cut", "unbind", "garbage", "stop"])
async def test_nothing_is_lost_when_the_connection_ends(
    queue: Queue, centre: CentreProcess, how: str
) -> None:
    await centre.set(delay=0.05)
    await queue.link(centre.port)
    async with queue.gateway():
        batch = await queue.batch(300)

        async def under_way() -> bool:
            return (await centre.counts())["messages"] >= 50

        await until(under_way)
        if how == "garbage":
            await centre.do("raw", octets="ff" * 64)
        else:
            await centre.do(how)
        if how == "stop":
            await centre.do("start")
        await queue.reaches(batch, submitted=300)
    told, counts = await queue.progress(batch), await centre.counts()
    assert counts["numbers"] == 300
    assert counts["messages"] <= 300 + told.resent
    assert told.resent <= 10  # one window
    assert counts["binds"] == 2


async def test_a_half_open_socket_is_noticed(queue: Queue, centre: CentreProcess) -> None:
    await queue.link(centre.port, enquire_seconds=1.0, response_seconds=0.5)
    async with queue.gateway() as gateway:

        async def bound() -> bool:
            return gateway.engine.lanes[1].link.is_bound

        await until(bound)
        await centre.set(deaf=True)
        await until(lambda: _not(bound()))
        await centre.set(deaf=False)
        await until(bound)


async def _not(told: object) -> bool:
    return not await told  # type: ignore[misc]


async def test_a_long_message_is_taken_when_all_its_parts_are(
    queue: Queue, centre: CentreProcess
) -> None:
    await centre.set(receipts="after", silent=1)
    await queue.link(centre.port, response_seconds=0.3)
    async with queue.gateway():
        batch = await queue.batch(10, body=LONG)
        await queue.reaches(batch, delivered=10)
    told, counts = await queue.progress(batch), await centre.counts()
    assert (told.total, told.resent) == (10, 1)
    assert counts["messages"] == 21  # of the one in doubt, only the part without an answer
    assert await queue.counted(batch) == {DELIVERED: 10}
