"""(d) Restart with calls up: time until controllable; (e) memory for each 100 calls, from 10 to 500.

At each size so many plain calls and some emergency calls under dispatch are up (SIPp on both sides, no voice sent).
Then the server alone is killed (kill -9; its keeper has a spare one), and after that the whole Python side, which is
started again by hand.  ``listening`` is when HTTP answers, ``controllable`` when AMI and ARI are connected and the
board has every call.  Reference: the same start with no call up.  At the end Asterisk itself is killed (its calls are
lost with it) until a new one is controllable.

    python -m benchmarks.scale [--sizes 10,100,300,500]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import time
from pathlib import Path

import httpx

from benchmarks.load import Load, loaded
from benchmarks.report import table

SPARE_LOADS_SECONDS = 4.0
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
    return await controllable(load, count, began)


async def replaced(load: Load, count: int) -> float:
    """Kill the server alone, once its keeper has a spare; return seconds until the next one is controllable."""
    assert load.server.process is not None
    keeper = load.server.process.pid
    while len(children(keeper)) < 2:  # noqa: ASYNC110 - a benchmark may look now and then
        await asyncio.sleep(0.1)
    await asyncio.sleep(SPARE_LOADS_SECONDS)
    os.kill(server_of(load), signal.SIGKILL)
    return (await controllable(load, count, time.perf_counter()))[1]


async def switch_restart(load: Load) -> float:
    """Kill Asterisk; return seconds until another one is controllable."""
    old = load.server.asterisk
    assert old is not None
    os.kill(old, signal.SIGKILL)
    began = time.perf_counter()
    while load.server.asterisk == old:  # noqa: ASYNC110 - a benchmark may look now and then
        await asyncio.sleep(0.02)
    return (await controllable(load, 0, began))[1]


def server_of(load: Load) -> int:
    """Return the process that has the data folder; its keeper is another."""
    return int((load.server.settings.data / "lock").read_text())


async def controllable(load: Load, count: int, began: float) -> tuple[float, float]:
    """Return seconds since ``began`` until the server listens, and until it has every call in hand."""
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
    return total + sum(megabytes(child) for child in children(pid))


def children(pid: int) -> list[int]:
    """Return the child processes of a process."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


async def main() -> None:
    """Measure at each size and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="10,100,300,500")
    given = parser.parse_args()
    sizes = [int(size) for size in given.sizes.split(",")]
    restarts, memory = [], []
    async with loaded(desks=UNDER_DISPATCH + 5, phones=50) as load:
        idle = [await replaced(load, 0), *await restart(load, 0)]
        restarts.append([0, *idle, 1.0])
        assert load.server.process is not None
        empty = megabytes(server_of(load)), megabytes(load.server.asterisk)
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
            used = megabytes(server_of(load)), megabytes(load.server.asterisk)
            growth = [(now - before) * 100 / size for now, before in zip(used, empty, strict=True)]
            memory.append([size, *used, *growth])
            seconds = [await replaced(load, size), *await restart(load, size)]
            restarts.append([size, *seconds, seconds[-1] / idle[-1]])
            print(f"  {size}: {memory[-1]} {restarts[-1]}", flush=True)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        switch = await switch_restart(load)
    table(
        "(d) Restart after kill -9 with calls up, seconds (promise: controllable within 5)",
        ["calls", "server alone", "all: listening", "all: controllable", "ratio to no calls"],
        restarts,
    )
    print(
        f"  Asterisk killed with {sizes[-1]} calls up: {switch:.1f} s until controllable (promise: 10)"
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
