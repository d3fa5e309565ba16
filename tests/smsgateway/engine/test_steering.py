"""What people do to a campaign while it runs, and what the world does: priorities, pauses, links, disks, clocks."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import func, select

from smsgateway.links import store
from smsgateway.links.model import Route
from smsgateway.model import BatchState, MessageState, Priority
from smsgateway.queue import repository
from smsgateway.queue.connection import StoreError, connect
from smsgateway.queue.tables import messages
from smsgateway.queue.work import Work
from smsgateway.testing.control import CentreProcess
from softswitch.clock import now
from tests.smsgateway.engine.kit import PATIENT, Queue, until

T = TypeVar("T")


async def taken(centre: CentreProcess) -> int:
    return (await centre.counts()).get("messages", 0)


async def test_life_safety_overtakes_a_running_bulk_within_two_seconds(
    queue: Queue, centre: CentreProcess
) -> None:
    await centre.set(delay=0.02)
    await queue.link(centre.port, rate=200.0)
    async with queue.gateway():
        bulk = await queue.batch(5_000, "bulk")
        await until(lambda: _more(centre, 100))
        before = (await queue.progress(bulk))[MessageState.QUEUED]
        life = await queue.batch(50, "life", first=9_000, priority=Priority.LIFE_SAFETY)
        await queue.reaches(life, submitted=50)
        # The link takes 200 parts a second, so what else it took tells how long life safety had to wait.
        assert before - (await queue.progress(bulk))[MessageState.QUEUED] < 2 * 200


async def _more(centre: CentreProcess, count: int) -> bool:
    return await taken(centre) >= count


async def _are_moved(queue: Queue, batch: int, count: int) -> bool:
    """Tell whether so many rows themselves are cancelled."""
    here = (messages.c.batch_id == batch, messages.c.state == int(MessageState.CANCELLED))
    rows = select(func.count()).select_from(messages).where(*here)
    return bool(await queue.db.read(lambda conn: conn.execute(rows).scalar_one()) == count)


async def test_a_batch_pauses_goes_on_and_is_cancelled(queue: Queue, centre: CentreProcess) -> None:
    await queue.link(centre.port, rate=500.0)
    async with queue.gateway():
        batch = await queue.batch(2_000)
        await until(lambda: _more(centre, 50))
        await queue.db.write(repository.set_state, "c1", BatchState.PAUSED)
        await queue.reaches(batch, leased=0, submitting=0)
        stood = await taken(centre)
        await asyncio.sleep(0.3)  # what must not happen has no state to wait for
        assert await taken(centre) == stood < 2_000
        await queue.db.write(repository.set_state, "c1", BatchState.OPEN)
        await until(lambda: _more(centre, stood + 50))
        await queue.db.write(repository.set_state, "c1", BatchState.CANCELLED)
        await queue.reaches(batch, queued=0, leased=0, submitting=0)
        told = await queue.progress(batch)
        # People see it as cancelled at once; the rows follow.
        await until(lambda: _are_moved(queue, batch, told[MessageState.CANCELLED]))
    counts = await centre.counts()
    assert told[MessageState.SUBMITTED] == counts["messages"] == counts["numbers"]
    assert told[MessageState.CANCELLED] == 2_000 - counts["messages"] > 0
    assert told.is_over
    assert await queue.counted(batch) == dict(told.counts)


async def test_what_is_not_sent_in_time_expires(queue: Queue, centre: CentreProcess) -> None:
    await queue.link(centre.port, rate=50.0)
    async with queue.gateway():
        batch = await queue.batch(1_000, expires_at=now() + 1_000)
        await queue.reaches(batch, queued=0, leased=0, submitting=0)
    told = await queue.progress(batch)
    assert told[MessageState.EXPIRED] > 800
    assert told[MessageState.EXPIRED] + told[MessageState.SUBMITTED] == 1_000


async def test_a_batch_waits_for_its_hour(queue: Queue, centre: CentreProcess) -> None:
    await queue.link(centre.port)
    began = now()
    async with queue.gateway():
        batch = await queue.batch(5, starts_at=began + 500)
        await queue.reaches(batch, submitted=5)
    assert now() - began >= 500


async def test_an_exercise_reaches_no_live_link_and_the_other_way_round(
    queue: Queue, centre: CentreProcess
) -> None:
    async with CentreProcess() as drill:
        await queue.link(centre.port)
        await queue.link(drill.port, name="drill", exercise=True)
        async with queue.gateway():
            exercise = await queue.batch(20, "drill", exercise=True)
            real = await queue.batch(30, "real", first=500)
            await queue.reaches(exercise, submitted=20)
            await queue.reaches(real, submitted=30)
        assert (await taken(drill), await taken(centre)) == (20, 30)


async def test_numbers_go_by_prefix_and_cost_and_over_to_the_next_link(
    queue: Queue, centre: CentreProcess
) -> None:
    async with CentreProcess() as dear:
        await queue.link(centre.port, routes=(Route("86138", 10),))
        await queue.link(dear.port, name="dear", routes=(Route("86138", 50), Route("85")))
        async with queue.gateway() as gateway:

            async def bound() -> bool:
                lanes = gateway.engine.lanes.values()
                return all(lane.link.is_bound for lane in lanes)

            await until(bound)
            first = await queue.batch(100, "first")
            await queue.reaches(first, submitted=100)
            assert (await taken(centre), await taken(dear)) == (100, 0)
            await centre.do("stop")
            await until(lambda: _down(gateway))
            second = await queue.batch(40, "second", first=1_000)
            await queue.reaches(second, submitted=40)
        assert await taken(dear) == 40


async def _down(gateway: object) -> bool:
    return not gateway.engine.lanes[1].link.is_bound  # type: ignore[attr-defined]


async def test_links_are_added_paused_changed_and_removed_while_it_runs(
    queue: Queue, centre: CentreProcess
) -> None:
    async with queue.gateway() as gateway:
        batch = await queue.batch(20)
        await queue.link(centre.port)
        await queue.reaches(batch, submitted=20)
        await queue.db.write(store.pause, "centre", True, now())
        more = await queue.batch(20, "c2", first=100)

        async def paused() -> bool:
            told = await queue.db.read(store.statuses, now())
            return any(status.state.value == "paused" for status in told.values())

        await until(paused)
        assert (await queue.progress(more))[MessageState.QUEUED] == 20
        link = await queue.db.read(store.one, "centre")
        window = dataclasses.replace(link.config, paused=False, window=3)
        await queue.db.write(store.change, "centre", window, now())
        await queue.reaches(more, submitted=20)
        await queue.db.write(store.remove, "centre")
        await until(lambda: _no_lanes(gateway))
    assert (await centre.counts())["binds"] == 2


async def test_a_link_that_is_taken_away_waits_for_the_answers_that_are_out(
    queue: Queue, centre: CentreProcess
) -> None:
    await centre.set(delay=0.3)
    await queue.link(centre.port, window=20)
    async with queue.gateway(pace=PATIENT) as gateway:
        batch = await queue.batch(500)
        await until(lambda: _more(centre, 20))
        await queue.db.write(store.remove, "centre")
        await until(lambda: _no_lanes(gateway))
        await queue.reaches(batch, submitting=0)
    told, counts = await queue.progress(batch), await centre.counts()
    # Nothing of what was out is in doubt, and nothing of the rest is lost.
    assert told[MessageState.SUBMITTED] == counts["messages"] == counts["numbers"] < 500
    assert told[MessageState.QUEUED] == 500 - counts["messages"]
    assert await queue.counted(batch) == {state: n for state, n in told.counts.items() if n}


async def _no_lanes(gateway: object) -> bool:
    return not gateway.engine.lanes  # type: ignore[attr-defined]


async def test_a_full_disk_stops_everything_and_loses_nothing(
    queue: Queue, centre: CentreProcess
) -> None:
    from smsgateway.engine.gateway import Gateway
    from tests.smsgateway.engine.kit import QUICK, SOON

    await centre.set(receipts="after")
    await queue.link(centre.port, rate=1_000.0)
    disk = _Disk(queue.url)
    async with Gateway(disk, rules=SOON, pace=QUICK) as gateway:
        batch = await queue.batch(1_000)
        await until(lambda: _more(centre, 200))
        disk.is_full = True
        await until(lambda: _failing(gateway))
        stood = await _stands_still(centre)
        assert stood < 1_000, "nothing goes out that is not on the disk"
        disk.is_full = False
        await queue.reaches(batch, delivered=1_000)
    counts = await centre.counts()
    assert (counts["messages"], counts["numbers"]) == (1_000, 1_000)
    assert (await queue.progress(batch)).resent == 0


async def _failing(gateway: object) -> bool:
    return "full" in gateway.writer.failing  # type: ignore[attr-defined]


async def _stands_still(centre: CentreProcess) -> int:
    """Wait until the centre gets nothing more for a while."""
    seen, since = await taken(centre), time.monotonic()
    while time.monotonic() - since < 0.5:
        await asyncio.sleep(0.02)
        if (count := await taken(centre)) != seen:
            seen, since = count, time.monotonic()
    return seen


class _Disk:
    """The queue on a disk that can be full."""

    def __init__(self, url: str) -> None:
        self.is_full = False
        self._connection = connect(url)

    def transaction(self, fn: Callable[[Work], T]) -> T:
        if not self.is_full:
            return self._connection.transaction(fn)

        def fails(work: Work) -> T:
            fn(work)
            raise StoreError("SQLITE_FULL database or disk is full")

        return self._connection.transaction(fails)

    def changed(self) -> bool:
        return self._connection.changed()

    def close(self) -> None:
        self._connection.close()
