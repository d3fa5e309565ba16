"""(b) AMI events taken in per second: our reader and panoramisk, on the same bytes.

The bytes are real: plain calls between phones on an Asterisk that is started for it, all events that our AMI
user may see, repeated.  A process of its own sends them as fast as they are read.

    python -m benchmarks.ingest [--events 200000]
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import multiprocessing
import socket
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import panoramisk

from benchmarks.report import table
from softswitch.asterisk.ami import connect
from softswitch.asterisk.facts import WANTED, FactMapper
from softswitch.asterisk.node import AsteriskNode
from softswitch.asterisk.secrets import USER
from softswitch.clock import now
from softswitch.testing.node import directory, session_node
from softswitch.testing.phone import Phone

CALLS = 20
LAST = b"Event: BenchmarkEnd\r\nPrivilege: call,all\r\n\r\n"
BANNER = b"Asterisk Call Manager/11.0.0\r\n"


# ---- the bytes -------------------------------------------------------------------------------------------


def capture() -> bytes:
    """Return the AMI events of some plain calls, from their first to their last."""
    with (
        tempfile.TemporaryDirectory() as data,
        session_node(Path(data), directory()) as node,
    ):
        return asyncio.run(_capture(node))


async def _capture(node: AsteriskNode) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", node.settings.ami_port)
    writer.write(
        f"Action: Login\r\nUsername: {USER}\r\nSecret: {node.secrets.ami}\r\n\r\n".encode()
    )
    await reader.readuntil(b"Authentication accepted\r\n\r\n")
    seen = bytearray()
    listening = asyncio.create_task(_collect(reader, seen))
    server = (node.settings.bind, node.settings.sip_port)
    async with (
        Phone.register(server, "p1003", "secret1003") as caller,
        Phone.register(server, "p1004", "secret1004") as called,
    ):
        for _ in range(CALLS):
            call = await caller.dial("1004")
            await (await called.incoming()).answer()
            await call.hangup()
    while seen.count(b"Event: Hangup\r\n") < 2 * CALLS:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    listening.cancel()
    writer.close()
    return bytes(seen[seen.index(b"Event: ") : seen.rindex(b"\r\n\r\n") + 4])


async def _collect(reader: asyncio.StreamReader, seen: bytearray) -> None:
    while data := await reader.read(1 << 16):
        seen += data


# ---- the sender ------------------------------------------------------------------------------------------


def serve(block: bytes, times: int, ports: Any, runs: int) -> None:
    """Be an AMI that has much to tell: ``block`` so many times, for each of ``runs`` clients."""
    listener = socket.create_server(("127.0.0.1", 0))
    ports.send(listener.getsockname()[1])
    for _ in range(runs):
        client, _ = listener.accept()
        client.sendall(BANNER)
        request = b""
        while b"\r\n\r\n" not in request:
            request += client.recv(4096)
        fields = dict(line.split(b": ", 1) for line in request.splitlines() if b": " in line)
        key = fields.get(b"ActionID", b"")
        client.sendall(
            b"Response: Success\r\nActionID: %s\r\nMessage: Authentication accepted\r\n\r\n" % key
        )
        for _ in range(times):
            client.sendall(block)
        client.sendall(LAST)
        while client.recv(4096):
            pass
        client.close()


# ---- the readers -----------------------------------------------------------------------------------------


async def our_facts(port: int) -> None:
    """Read as the system does: what is of no interest is dropped, the rest becomes facts."""
    wanted = WANTED | {b"BenchmarkEnd"}
    connection = await connect("127.0.0.1", port, "x", "y", wanted=wanted)
    mapper = FactMapper(now)
    async for event in connection.events():
        if event["Event"] == "BenchmarkEnd":
            break
        for _ in mapper.facts(event):
            pass
    await connection.close()


async def our_events(port: int) -> None:
    """Read every event into a dictionary, none dropped."""
    connection = await connect("127.0.0.1", port, "x", "y")
    async for event in connection.events():
        if event["Event"] == "BenchmarkEnd":
            break
    await connection.close()


async def panoramisk_events(port: int) -> None:
    """Read every event with panoramisk, with one callback for all."""
    ended = asyncio.get_running_loop().create_future()
    manager = panoramisk.Manager(
        loop=asyncio.get_running_loop(), host="127.0.0.1", port=port, username="x", secret="y",
        ping_delay=1000,
    )  # fmt: skip

    def take(_manager: Any, event: Any) -> None:
        if event.event == "BenchmarkEnd" and not ended.done():
            ended.set_result(None)

    manager.register_event("*", take)
    await manager.connect()
    await ended
    manager.close()


Reader = Callable[[int], Awaitable[None]]


async def seconds(reader: Reader, port: int) -> float:
    """Return how long a reader takes."""
    began = time.perf_counter()
    await reader(port)
    return time.perf_counter() - began


def main() -> None:
    """Run all readers on the same bytes and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    block = capture()
    events = block.count(b"Event: ")
    times = max(1, given.events // events)
    readers: dict[str, Reader] = {
        "ours, to facts": our_facts,
        "ours, every event": our_events,
        "panoramisk": panoramisk_events,
    }
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=serve, args=(block, times, there, 3 * len(readers)), daemon=True
    )
    process.start()
    port = here.recv()
    best: dict[str, float] = {}
    for _ in range(3):
        for name, reader in readers.items():
            took = asyncio.run(seconds(reader, port))
            best[name] = min(took, best.get(name, took))
    process.join(5)
    rates = {name: times * events / took for name, took in best.items()}
    reference = rates["panoramisk"]
    table(
        f"(b) AMI events taken in, best of 3 × {times * events:,} "
        f"(one plain call makes {events / CALLS:.0f}; promise: 2 × panoramisk)",
        ["reader", "events/s", "ratio to panoramisk"],
        [[name, round(rate), rate / reference] for name, rate in rates.items()],
    )


if __name__ == "__main__":
    main()
