"""(c) A change of state to 200 connected consoles over the WebSocket: delay until each has it.

Reference: the smallest server that sends the same bytes to as many clients, ``websockets.broadcast``.
Server and consoles are two processes; the clock (CLOCK_MONOTONIC) is one for the machine.

    python -m benchmarks.live [--consoles 200] [--changes 300]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import time
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection
from typing import Any

import websockets
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from benchmarks.report import median, percentile, table
from softswitch.access.model import Actor, Role
from softswitch.web import live_routes
from softswitch.web.frame import create_app
from softswitch.web.guard import Guard
from softswitch.web.live import Live
from softswitch.web.server import WebServer

EVERY_SECONDS = 0.05
EXTENSIONS = 60


class Anybody:
    """Lets every token in: access is not what is measured."""

    async def by_session(self, secret: str, address: str) -> Actor | None:
        return None

    async def by_token(self, secret: str, address: str) -> Actor | None:
        return Actor("console", "console", Role.DISPATCHER, via="token")


def view(number: int, at: int) -> dict[str, Any]:
    """Return an extension as the board shows it; ``since`` is the instant of the change."""
    return {
        "number": str(number), "name": f"Desk {number}", "kind": "desk", "state": "talking",
        "since": at, "peer": {"number": "13800000000", "name": ""}, "call_id": "1700000000.1",
        "phones": [{"id": f"p{number}", "kind": "sip", "registered": True}], "user": None,
        "duty": "ready", "skills": [],
    }  # fmt: skip


async def ours(consoles: int, changes: int) -> list[float]:
    """Measure the live socket of the system."""
    live = Live()
    for number in range(EXTENSIONS):
        live.put("extension", str(number), view(number, 0))
    server = WebServer(create_app([live_routes.routes(live, Guard(Anybody()))]), "127.0.0.1", 0)
    await server.start()

    async def change(number: int) -> None:
        live.put("extension", str(number % EXTENSIONS), view(number, time.monotonic_ns()))

    try:
        uri = f"ws://127.0.0.1:{server.port}/api/live"
        return await measure(uri, consoles, changes, change, live.following)
    finally:
        await server.stop()


async def reference(consoles: int, changes: int) -> list[float]:
    """Measure the smallest server that does the same."""
    clients: set[ServerConnection] = set()

    async def follow(socket: ServerConnection) -> None:
        clients.add(socket)
        await socket.wait_closed()

    async def change(number: int) -> None:
        value = view(number, time.monotonic_ns())
        entry = {"entity": "extension", "id": str(number % EXTENSIONS), "value": value}
        message = json.dumps({"type": "changes", "seq": number, "changes": [entry]})
        websockets.broadcast(clients, message)

    async with serve(follow, "127.0.0.1", 0, compression=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        uri = f"ws://127.0.0.1:{port}/"
        return await measure(uri, consoles, changes, change, lambda: len(clients))


async def measure(
    uri: str,
    consoles: int,
    changes: int,
    change: Callable[[int], Awaitable[None]],
    following: Callable[[], int],
) -> list[float]:
    """Connect the consoles (in a process of their own), make the changes, return all delays in ms."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=watch, args=(uri, consoles, changes, there)
    )
    process.start()
    while following() < consoles:  # noqa: ASYNC110 - asked of two servers in one way
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.5)
    for number in range(changes):
        await change(number)
        await asyncio.sleep(EVERY_SECONDS)
    delays: list[float] = await asyncio.to_thread(here.recv)
    process.join()
    return delays


def watch(uri: str, consoles: int, changes: int, result: Connection) -> None:
    """Be the consoles."""
    result.send(asyncio.run(_watch(uri, consoles, changes)))


async def _watch(uri: str, consoles: int, changes: int) -> list[float]:
    delays = await asyncio.gather(*(_console(uri, changes) for _ in range(consoles)))
    return [delay for some in delays for delay in some]


async def _console(uri: str, changes: int) -> list[float]:
    delays: list[float] = []
    fields = {"Authorization": "Bearer x"}
    async with connect(uri, additional_headers=fields, compression=None, open_timeout=30) as socket:
        while len(delays) < changes:
            text = await socket.recv()
            now = time.monotonic_ns()
            message = json.loads(text)
            if message["type"] == "changes":
                delays += [(now - c["value"]["since"]) / 1e6 for c in message["changes"]]
    return delays


async def main() -> None:
    """Run both and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--consoles", type=int, default=200)
    parser.add_argument("--changes", type=int, default=300)
    given = parser.parse_args()
    rows = []
    for consoles in sorted({10, 50, given.consoles}):
        own = await ours(consoles, given.changes)
        other = await reference(consoles, given.changes)
        p99, other_p99 = percentile(own, 99), percentile(other, 99)
        rows.append([consoles, median(own), p99, median(other), other_p99, p99 / other_p99])
    table(
        "(c) Change of state to all consoles, ms (promise: p99 below 50)",
        ["consoles", "ours median", "ours p99", "broadcast median", "broadcast p99", "p99 ratio"],
        rows,
    )


if __name__ == "__main__":
    asyncio.run(main())
