"""(v) The way to the next trunk, and thirty calls at once, over SIP trunks to a carrier on the same machine.

A call that the first trunk clears with cause 34 is answered by the second. The gap is from the end of the first attempt
to the start of the second, as the records of the calls tell; set-up is from INVITE to 200 at the phone. The reference
is a call that the first trunk answers. "Plain" is dialled by a phone, whose dialplan asks dispatch before each trunk;
"dispatch" is a leg that the console places.

    python -m benchmarks.trunk_failover [--calls 50]
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

from benchmarks.report import median, percentile, table
from softswitch.testing.carrier import running_carrier
from softswitch.testing.phone import OutgoingCall, Phone
from softswitch.testing.system import LOCAL, running_system, sip_phone, until
from tests.trunk.kit import Rig
from trunk.ledger import TrunkCall

FAILS_FIRST, ANSWERED = "010340", "0200000"
AT_ONCE = 30
THIRTY = """
[[trunk]]
name = "first"
kind = "sip"
host = "127.0.0.2"
port = {port}
calls = 30
options_seconds = 2

[[route]]
name = "far"
patterns = ["0."]
to = ["first"]
strip = 1
"""


async def set_up(rig: Rig, phone: Phone, number: str) -> float:
    """Return the milliseconds from INVITE to 200, and end the call."""
    call = await phone.dial(number)
    await call.answered(20)
    assert call.times.invited is not None
    assert call.times.answered is not None
    took = (call.times.answered - call.times.invited) * 1000
    await call.hangup(timeout=20)
    await until(lambda: not rig.system.trunks.books.ledger.calls, seconds=20)
    rig.system.trunks.books.breakers["first"].release(rig.system.trunks.books.clock())
    return took


async def plain(rig: Rig, phone: Phone, calls: int) -> list[list[object]]:
    """Measure calls that a phone dials."""
    straight = [await set_up(rig, phone, ANSWERED) for _ in range(calls)]
    over: list[TrunkCall] = []
    books = rig.system.trunks.books
    kept = books.ended

    def ended(call: TrunkCall) -> None:
        over.append(call)
        kept(call)

    books.ended = ended
    try:
        further = [await set_up(rig, phone, FAILS_FIRST) for _ in range(calls)]
    finally:
        books.ended = kept
    gaps = [
        float(second.started_at - (first.ended_at or 0))
        for first, second in zip(over[::2], over[1::2], strict=True)
    ]
    return [
        row("answered by the first", straight),
        row("answered by the second", further),
        row("gap, plain", gaps),
    ]


async def dispatch(rig: Rig, phone: Phone, calls: int) -> list[list[object]]:
    """Measure legs that the console places."""
    center = rig.system.center
    rig.system.trunks.service.gaps.clear()
    for _ in range(calls):
        call_id = await center.commands.dial("1001", FAILS_FIRST)
        own = await phone.incoming(20)
        await until(lambda: center.engine.calls[call_id].connected, seconds=20)  # noqa: B023
        await center.commands.hangup("1001", call_id)
        await own.ended(20)
        await until(lambda: not rig.system.trunks.books.ledger.calls, seconds=20)
        rig.system.trunks.books.breakers["first"].release(rig.system.trunks.books.clock())
    return [row("gap, dispatch", [gap * 1000 for gap in rig.system.trunks.service.gaps])]


def row(what: str, values: list[float]) -> list[object]:
    """Return a row of the table."""
    return [what, len(values), median(values), percentile(values, 99), max(values)]


async def together(rig: Rig) -> list[list[object]]:
    """Dial thirty numbers at once over one trunk of thirty circuits."""
    await rig.apply(THIRTY.format(port=rig.carrier.sip_port))
    async with AsyncExitStack() as stack:
        phones = [
            await stack.enter_async_context(sip_phone(rig.system, number))
            for number in ("2001", "2002", "2003")
        ]
        began = time.monotonic()
        calls: list[OutgoingCall] = [
            await phones[index % len(phones)].dial(ANSWERED) for index in range(AT_ONCE)
        ]
        await asyncio.gather(*(call.answered(30) for call in calls))
        took = (time.monotonic() - began) * 1000
        await until(lambda: rig.trunk("first")["busy"] == AT_ONCE, seconds=20)
        for call in calls:
            await call.hangup(timeout=20)
        await until(lambda: not rig.system.trunks.books.ledger.calls, seconds=20)
    return [[f"{AT_ONCE} dialled at once", AT_ONCE, took]]


async def run(calls: int) -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory(prefix="failover-") as folder:
        async with running_system(Path(folder) / "core") as system:
            us = (LOCAL, system.settings.sip.port)
            async with running_carrier(Path(folder) / "carrier", us) as carrier:
                rig = Rig(system, carrier)
                await rig.use()
                async with sip_phone(system, "2001") as phone:
                    rows = await plain(rig, phone, calls)
                async with sip_phone(system, "1001", auto_answer=True) as desk:
                    rows += await dispatch(rig, desk, calls)
                table("The next trunk", ["what", "calls", "median ms", "p99 ms", "max ms"], rows)
                table("One trunk", ["what", "answered", "ms until all were"], await together(rig))


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=50)
    asyncio.run(run(parser.parse_args().calls))


if __name__ == "__main__":
    main()
