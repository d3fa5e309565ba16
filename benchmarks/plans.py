"""The start of a plan until the first INVITE, against a bare notification to the same phone.

Ours: HTTP request, the plan and whom it reaches looked up, the run and the intent of its steps on the disk, then the
notification.  Bare: ``POST /api/notices`` with the same text and number.  In turns, on one server that is a process of
its own; the promise is three seconds.

    python -m benchmarks.plans [--rounds 20]
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.report import median, percentile, table
from softswitch.testing.phone import Phone
from tests.survival.rig import Server, own_server

PLAN = """
key: bench
name: bench
levels:
  - id: a
    steps:
      - {id: tell, do: notify, text: 集合, tries: 1, to: {groups: [bench]}}
      - {id: web, do: publish, text: 已启动}
"""


async def asked(server: Server, method: str, path: str, body: dict[str, Any]) -> Any:
    """Return the answer, which must be good."""
    answer = await server.request(method, path, body)
    assert answer.status_code < 300, answer.text
    return answer.json()


async def first_invite(server: Server, phone: Phone, path: str, body: dict[str, Any]) -> float:
    """Return the milliseconds from the request to the INVITE at the phone; the call is refused."""
    began = time.perf_counter()
    asking = asyncio.create_task(asked(server, "POST", path, body))
    call = await phone.incoming(timeout=30)
    taken = (time.perf_counter() - began) * 1000
    await asking
    await call.reject()
    await call.ended()
    return taken


async def measure(rounds: int) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        async with own_server(Path(folder)) as server:
            await server.start()
            group = {"name": "bench", "members": [{"number": "2001"}]}
            await asked(server, "POST", "/api/groups", group)
            await asked(server, "PUT", "/api/plans/bench", {"yaml": PLAN})
            notice = {"text": "集合", "numbers": ["2001"], "tries": 1}
            ours, bare = list[float](), list[float]()
            async with server.phone("2001", 450) as phone:
                for _ in range(rounds):
                    ours.append(await first_invite(server, phone, "/api/plans/bench/start", {}))
                    bare.append(await first_invite(server, phone, "/api/notices", notice))
    rows = [
        (name, median(values), percentile(values, 99), max(values))
        for name, values in (("start of a plan", ours), ("bare notification", bare))
    ]
    table(f"First INVITE, {rounds} rounds, milliseconds", ("", "median", "p99", "worst"), rows)
    assert max(ours) < 3_000, "the first INVITE is promised within three seconds"


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    asyncio.run(measure(parser.parse_args().rounds))


if __name__ == "__main__":
    main()
