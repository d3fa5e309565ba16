"""(a) From the INVITE of the caller to the INVITE at the answering phone, at 20 calls a second.

Ours: an emergency call through intake to a desk.  Reference: a plain call, ``Dial()`` to a phone.  Both with the
caller's authentication, in turns in one run; nobody answers, the caller gives up when the phone rings.

    python -m benchmarks.latency [--rate 20] [--calls 200]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import tempfile
from pathlib import Path

from benchmarks.report import median, percentile, table
from softswitch.testing.phone import Phone
from softswitch.testing.system import DESKS, PHONES
from tests.survival.rig import Server, own_server


async def measure(
    server: Server, target: str, ringing: str, rate: float, calls: int
) -> list[float]:
    """Return the delays in ms of calls to ``target`` that ring at the phone ``ringing``."""
    loop = asyncio.get_running_loop()
    delays: list[float] = []

    async def one(caller: Phone, phone: Phone) -> None:
        began = loop.time()
        call = await caller.dial(target)
        incoming = await phone.incoming(timeout=10)
        delays.append(((incoming.times.invited or loop.time()) - began) * 1000)
        await call.hangup()
        with contextlib.suppress(Exception):
            await incoming.ended()

    async with server.phone(PHONES[0], 0) as caller, server.phone(ringing, 0) as phone:
        for _ in range(calls):
            due = loop.time() + 1 / rate
            await one(caller, phone)
            await asyncio.sleep(max(0.0, due - loop.time()))
    return delays


async def main() -> None:
    """Run both in turns and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=20)
    parser.add_argument("--calls", type=int, default=200)
    given = parser.parse_args()
    ours: list[float] = []
    plain: list[float] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        async with own_server(Path(folder) / "data") as server:
            await server.start()
            for _ in range(4):
                ours += await measure(server, "120", DESKS[0], given.rate, given.calls // 4)
                plain += await measure(server, PHONES[1], PHONES[1], given.rate, given.calls // 4)
            await server.end(signal.SIGINT)
    difference = median(ours) - median(plain)
    table(
        f"(a) INVITE to ringing phone, ms, up to {given.rate:g} calls/s "
        "(promise: median within 30 ms of plain Dial)",
        ["path", "calls", "median", "p99", "median - plain"],
        [
            ["ours: 120 → queue → desk", len(ours), median(ours), percentile(ours, 99), difference],
            ["plain Dial()", len(plain), median(plain), percentile(plain, 99), 0.0],
        ],
    )


if __name__ == "__main__":
    asyncio.run(main())
