"""kill -9 of the gateway at any point: nothing is lost, and what may be double is bounded and reported."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from smsgateway import process
from smsgateway.testing.control import CentreProcess
from tests.smsgateway.engine.kit import Queue, until

MESSAGES, KILLS, WINDOW = 10_000, 50, 10


def live(url: str, lock: Path) -> None:
    """Be a gateway; runs in a process that has loaded the code already."""
    import sys

    os.environ[process.URL] = url
    sys.argv = ["gateway", f"--lock={lock}", f"--log={lock}.log", "--doubt-ms=200"]
    sys.exit(process.main())


@pytest.fixture(scope="module")
def forks() -> Iterator[multiprocessing.context.ForkServerContext]:
    """Make processes that begin with the code loaded: fifty starts of Python would take half a minute."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["smsgateway.process", "tests.smsgateway.engine.test_killed"])
    yield context
    from multiprocessing import forkserver, resource_tracker

    forkserver._forkserver._stop()  # type: ignore[attr-defined]
    resource_tracker._resource_tracker._stop()  # type: ignore[attr-defined]


@asynccontextmanager
async def gateway(
    forks: multiprocessing.context.ForkServerContext, queue: Queue, lock: Path
) -> AsyncIterator[BaseProcess]:
    """Run a gateway, and kill it at the end of the block."""
    child = forks.Process(target=live, args=(queue.url, lock))
    child.start()
    try:
        yield child
    finally:
        assert child.exitcode is None, "it ended by itself"
        assert child.pid
        os.kill(child.pid, signal.SIGKILL)
        await asyncio.to_thread(child.join)
        child.close()


@pytest.mark.timeout(240)
async def test_fifty_kills_in_one_campaign_lose_nothing(
    queue: Queue,
    centre: CentreProcess,
    forks: multiprocessing.context.ForkServerContext,
    tmp_path: Path,
) -> None:
    await queue.link(centre.port, window=WINDOW)
    batch = await queue.batch(MESSAGES)
    chance = random.Random(5)
    for life in range(KILLS):
        # First without receipts: nothing but the journal tells what went out. Then receipts settle what is in doubt.
        await centre.set(receipts="none" if life < KILLS // 2 else "after")
        target = MESSAGES * (life + 1) // (KILLS + 5)
        async with gateway(forks, queue, tmp_path / "lock"):
            await _until_taken(centre, target)
            # Anywhere in what it does: between two turns, in a commit, in a write.
            await asyncio.sleep(chance.random() * 0.02)
    async with gateway(forks, queue, tmp_path / "lock"):
        await queue.reaches(batch, patience=60, queued=0, leased=0, submitting=0, in_doubt=0)
        told, counts = await queue.progress(batch), await centre.counts()
    assert counts["numbers"] == MESSAGES, "lost"
    assert told.sent == MESSAGES
    assert await queue.counted(batch) == dict(told.counts)
    duplicates = counts["messages"] - counts["numbers"]
    print(f"{duplicates} duplicates, {told.resent} reported, in {KILLS} kills")
    assert duplicates <= told.resent <= WINDOW * KILLS


async def _until_taken(centre: CentreProcess, count: int) -> None:
    async def there() -> bool:
        return (await centre.counts())["numbers"] >= count

    await until(there)
