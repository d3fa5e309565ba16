"""(d) Restart with calls up: time until controllable; (e) memory for each 100 calls, from 10 to 500.

At each size so many plain calls and some emergency calls under dispatch are up (SIPp on both sides, no voice sent).
Then the Python side is killed (kill -9) and started again: ``listening`` is when HTTP answers, ``controllable`` when
AMI and ARI are connected and the board has every call.  Reference: the same start with no call up.

    python -m benchmarks.scale [--sizes 10,100,300,500]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import time
from pathlib import Path

import httpx

from benchmarks.load import Load, loaded
from benchmarks.report import table

UNDER_DISPATCH = 10
"""So many of the calls are emergency calls answered by desks; the rest are plain."""


async def up(load: Load) -> int:
    """Return how many calls the board has."""
    return len(await load.server.board("call"))


async def until_up(load: Load, count: int, seconds: float = 120) -> None:
    """Wait until the board has so many calls."""
    async with asyncio.timeout(seconds):
        while True:
            with contextlib.suppress(httpx.HTTPError, OSError, ValueError):
                if await up(load) >= count:
                    return
            await asyncio.sleep(0.1)


async def restart(load: Load, count: int) -> tuple[float, float]:
    """Kill and start the Python side; return seconds until it listens and until it is controllable."""
    await load.server.kill()
    began = time.perf_counter()
    await load.server.spawn()
    listening = 0.0
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(httpx.HTTPError, OSError, ValueError):
                parts = (await load.server.get("/api/status"))["parts"]
                listening = listening or time.perf_counter() - began
                if parts["ari"]["ok"] and parts["ami"]["ok"] and await up(load) >= count:
                    return listening, time.perf_counter() - began
            await asyncio.sleep(0.02)


def megabytes(pid: int | None) -> float:
    """Return the resident memory of a process and its children, in MB."""
    if pid is None:
        return 0.0
    total = 0.0
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            total = int(line.split()[1]) / 1000
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            total += megabytes(int(child))
    return total


async def main() -> None:
    """Measure at each size and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="10,100,300,500")
    given = parser.parse_args()
    sizes = [int(size) for size in given.sizes.split(",")]
    restarts, memory = [], []
    async with loaded(desks=UNDER_DISPATCH + 5, phones=50) as load:
        load.server.output.clear()
        idle = await restart(load, 0)
        restarts.append([0, *idle, 1.0])
        assert load.server.process is not None
        empty = megabytes(load.server.process.pid), megabytes(load.server.asterisk)
        running: list[asyncio.Task[object]] = []
        there = 0
        for size in sizes:
            if not running:
                running.append(asyncio.create_task(_hold(load, ["120"], 5, UNDER_DISPATCH)))
                there = UNDER_DISPATCH
                await until_up(load, there)
            if size > there:
                running.append(asyncio.create_task(_hold(load, load.phones, 20, size - there)))
                there = size
                await until_up(load, there)
            used = megabytes(load.server.process.pid), megabytes(load.server.asterisk)
            growth = [(now - before) * 100 / size for now, before in zip(used, empty, strict=True)]
            memory.append([size, *used, *growth])
            listening, controllable = await restart(load, size)
            restarts.append([size, listening, controllable, controllable / idle[1]])
            print(f"  {size}: {memory[-1]} {restarts[-1]}", flush=True)
            died = [line for line in load.server.output if "died" in line]
            assert not died, died
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    table(
        "(d) Restart after kill -9 with calls up, seconds (promise: controllable within 5)",
        ["calls", "listening", "controllable", "ratio to no calls"],
        restarts,
    )
    table(
        "(e) Memory, MB resident",
        ["calls", "Python", "Asterisk", "Python per 100 calls", "Asterisk per 100 calls"],
        memory,
    )


async def _hold(load: Load, targets: list[str], rate: float, count: int) -> object:
    return await load.calls(targets, rate, count, 900_000)


if __name__ == "__main__":
    asyncio.run(main())
