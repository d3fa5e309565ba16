"""A disk that is really full: by RLIMIT_FSIZE no file of the gateway's process may be written, and later it may."""

from __future__ import annotations

import asyncio
import functools
import os
import resource
import signal
import sys
from pathlib import Path

import pytest

from smsgateway import process
from smsgateway.testing.control import CentreProcess
from tests.smsgateway.engine.kit import Queue, until

MESSAGES = 3_000
_FULL = 1
"""Bytes: no write succeeds that ends behind it."""


@pytest.mark.timeout(120)
async def test_a_gateway_on_a_full_disk_waits_and_loses_nothing(
    queue: Queue, centre: CentreProcess, tmp_path: Path
) -> None:
    await centre.set(receipts="after")
    await queue.link(centre.port, rate=1_500.0)
    batch = await queue.batch(MESSAGES)
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "smsgateway.process", f"--lock={tmp_path / 'lock'}",
        f"--log={tmp_path / 'log'}", env={**os.environ, process.URL: queue.url},
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for target in (500, 1_500):
            await until(functools.partial(_taken, centre, target))
            before = resource.prlimit(child.pid, resource.RLIMIT_FSIZE, (_FULL, -1))
            await until(lambda: _stands_still(centre))
            held = (await centre.counts())["messages"]
            assert held < MESSAGES, "nothing goes out that is not on the disk"
            assert child.returncode is None
            resource.prlimit(child.pid, resource.RLIMIT_FSIZE, before)
        await queue.reaches(batch, patience=60, delivered=MESSAGES)
    finally:
        child.send_signal(signal.SIGTERM)
        await child.wait()
    counts = await centre.counts()
    assert (counts["messages"], counts["numbers"]) == (MESSAGES, MESSAGES)
    assert (await queue.progress(batch)).resent == 0


async def _taken(centre: CentreProcess, least: int) -> bool:
    return (await centre.counts()).get("messages", 0) >= least


async def _stands_still(centre: CentreProcess) -> bool:
    """Tell whether nothing came for half a second: what waits for the disk has no state to be asked for."""
    before = await centre.counts()
    await asyncio.sleep(0.5)
    return await centre.counts() == before
