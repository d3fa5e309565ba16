"""(i) Mass SMS accepted per second: our gateway with everything durable, against Kannel and smpplib, to one sink.

Ours commits each message before it is sent and each answer, and each receipt, after it came.  Kannel has its spool
filled before the clock runs; smpplib stores nothing at all.  The clock is the sink's: from the end of the first window
to the last message; *held* is how long it really kept its answers back, since a timer on a busy machine is late; *gap*
is the median time from its answer on its way out to the next message in that place of the window: what is left to a
sender where window and delay set the rate.  There the rates of good senders differ by less than single runs do: take
many rounds, which go in turns, and look at the gaps.  ``--receipts`` lets the sink tell a receipt for each message
(only ours takes them up then).

    python -m benchmarks.sms_throughput [--seconds 4] [--rounds 3] [--windows 1 10 100] [--delays 0 20]
        [--receipts] [--postgres [URL]]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.report import table
from benchmarks.sms_database import add_option, empty_queue, server
from benchmarks.sms_rivals import TEXT, free_port, kannel, kannel_is_there, smpplib_process
from benchmarks.sms_sink import SinkProcess
from smsgateway.keeper import command
from smsgateway.links import store
from smsgateway.links.model import LinkConfig
from smsgateway.model import (
    Batch,
    BatchState,
    Body,
    Coding,
    DoubtPolicy,
    MessageState,
    NewMessage,
    Priority,
)
from smsgateway.process import URL
from smsgateway.queue import repository as queue
from smsgateway.queue.database import queue_database
from softswitch.clock import now

_PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class Run:
    """What the sink saw of one sender."""

    rate: float
    """Messages a second."""

    held: float
    """Seconds that it held an answer."""

    gap: float
    """Milliseconds from an answer to the next message in its place."""


async def fill(url: str, port: int, window: int, count: int, *, receipts: bool) -> int:
    """Put a link and a batch into an empty queue; return the batch."""
    async with queue_database(url) as db:
        config = LinkConfig(f"sink-{port}", "127.0.0.1", port, "x", "y", window=window)
        for old in await db.read(store.every):
            await db.write(store.remove, old.config.name)
        await db.write(store.add, config, now())
        batch = Batch(f"b{port}", Priority.BULK, DoubtPolicy.ASK, receipts=receipts, sender="10690")
        key = await db.write(queue.open_batch, batch, now())
        body = await db.write(
            queue.add_body, key, Body(Coding.UCS2, (TEXT.encode("utf-16-be"),)), TEXT
        )
        for start in range(0, count, queue.CHUNK):
            numbers = range(start, min(count, start + queue.CHUNK))
            await db.write(
                queue.add_messages, key, [NewMessage(f"86138{n:08}", body) for n in numbers]
            )
        await db.write(queue.set_state, batch.key, BatchState.OPEN)
        return key


async def ends(url: str, batch: int, count: int, wanted: MessageState) -> None:
    """Wait until everything of the batch stands so in the queue."""
    end = time.monotonic() + _PATIENCE
    async with queue_database(url) as db:
        while (await db.read(queue.progress, batch))[wanted] < count:
            if time.monotonic() > end:
                raise TimeoutError(await db.read(queue.progress, batch))
            await asyncio.sleep(0.2)  # as seldom as it looks after Kannel


def ours(
    folder: Path, url: str, sink: SinkProcess, window: int, count: int, receipts: bool
) -> None:
    """Send with the gateway, in its own process as always."""
    batch = asyncio.run(fill(url, sink.port, window, count, receipts=receipts))
    process = subprocess.Popen(command(folder), env={**os.environ, URL: url})
    try:
        wanted = MessageState.DELIVERED if receipts else MessageState.SUBMITTED
        asyncio.run(ends(url, batch, count, wanted))
    finally:
        process.terminate()
        process.wait(20)


def by_kannel(window: int, delay: float, count: int) -> Run:
    """Send with Kannel: its spool is filled before anybody listens."""
    port = free_port()
    with kannel(port, window, count), SinkProcess(port=port, delay=delay, window=window) as sink:
        end = time.monotonic() + _PATIENCE
        while sink.counts().submits < count and time.monotonic() < end:
            time.sleep(0.2)
        return _seen(sink, count)


def run(
    send: Callable[[SinkProcess], None], window: int, delay: float, receipts: bool, count: int
) -> Run:
    """Send to a new sink."""
    with SinkProcess(delay=delay, receipts=receipts, window=window) as sink:
        send(sink)
        return _seen(sink, count)


def _seen(sink: SinkProcess, count: int) -> Run:
    counts = sink.counts()
    if counts.submits < count:
        print(f"only {counts.submits} of {count} came", flush=True)
    held = counts.held / counts.answers if counts.answers else 0.0
    return Run(counts.rate(), held, counts.gap())


def measured(window: int, delay: float, given: argparse.Namespace) -> list[object]:
    """Measure one point, all senders in turns; return its row of medians."""
    possible = window / delay if delay else float("inf")
    count = int(min(given.seconds * min(possible, 15_000 if window > 1 else 4_000), given.most))
    senders: dict[str, Callable[[], Run]] = {
        "ours": lambda: by_ours("", window, delay, count, given.receipts)
    }
    if given.postgres:
        senders["postgres"] = lambda: by_ours(given.postgres, window, delay, count, given.receipts)
    if kannel_is_there():
        senders["kannel"] = lambda: by_kannel(window, delay, count)
    senders["smpplib"] = lambda: run(
        lambda sink: smpplib_process(sink.port, window, count), window, delay, False, count
    )
    runs = [{name: send() for name, send in senders.items()} for _ in range(given.rounds)]
    rates = {name: median(one[name].rate for one in runs) for name in senders}
    gaps = {name: round(median(one[name].gap for one in runs), 2) for name in senders}
    held = {name: round(1_000 * median(one[name].held for one in runs), 2) for name in senders}
    mine = rates["ours"]
    row: list[object] = [window, round(delay * 1_000), _rate(mine)]
    row.append(f"{mine / possible:.2f}" if delay else "-")
    row += [held["ours"], gaps["ours"]]
    if given.postgres:
        row.append(_rate(rates["postgres"]))
    for name in ("kannel", "smpplib"):
        if name in rates:
            row += [_rate(rates[name]), mine / rates[name], held[name], gaps[name]]
    return row


def _rate(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 1_000 else f"{rate:.1f}"


def by_ours(url: str, window: int, delay: float, count: int, receipts: bool) -> Run:
    """Send with the gateway, by default on a new SQLite file."""
    with empty_queue(url) as (queue_url, folder):
        return run(
            lambda sink: ours(folder, queue_url, sink, window, count, receipts),
            window, delay, receipts, count,
        )  # fmt: skip


def main() -> None:
    """Measure every point and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=3, help="of each sender, in turns: medians")
    parser.add_argument("--most", type=int, default=30_000)
    parser.add_argument("--windows", type=int, nargs="+", default=[1, 10, 100])
    parser.add_argument("--delays", type=float, nargs="+", default=[0, 20], help="milliseconds")
    parser.add_argument("--receipts", action="store_true")
    add_option(parser)
    given = parser.parse_args()
    with server(given.postgres) as given.postgres:
        rows = [
            measured(window, delay / 1_000, given)
            for delay in given.delays
            for window in given.windows
        ]
    head = ["window", "delay ms", "ours/s", "of window/delay", "held ms", "gap ms"]
    head += ["ours on PostgreSQL/s"] if given.postgres else []
    head += ["Kannel/s", "ratio", "held ms", "gap ms"] if kannel_is_there() else []
    table(
        "(i) Mass SMS accepted a second, ours durable (promise: ahead at every point; 0.9 of window/delay)",
        [*head, "smpplib/s", "ratio", "held ms", "gap ms"],
        rows,
    )


if __name__ == "__main__":
    main()
