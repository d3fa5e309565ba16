"""(i) A million recipients: time and memory to put them into the queue, and what the progress view costs.

The progress view reads counters, so its cost must be the same for 10,000 and for 1,000,000 messages.

Cancelling has two times: until nothing more goes out and people see all of it as cancelled (*stop*), and until the
rows themselves are moved, which the gateway does beside, 5,000 a second at most.

    python -m benchmarks.sms_million [--counts 10000 100000 1000000] [--postgres [URL]]
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import time

from benchmarks.report import median, percentile, table
from benchmarks.sms_database import add_option, empty_queue, server
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
from smsgateway.queue import repository as queue
from smsgateway.queue.connection import connect
from smsgateway.queue.database import queue_database
from smsgateway.queue.upkeep import sweep
from softswitch.clock import now

_READS = 300


async def measured(url: str, count: int) -> list[object]:
    """Fill a batch, read how far it is, cancel it; return the row of the table."""
    async with queue_database(url) as db:
        batch = Batch(f"b{count}", Priority.BULK, DoubtPolicy.ASK)
        key = await db.write(queue.open_batch, batch, now())
        body = await db.write(queue.add_body, key, Body(Coding.UCS2, (b"\x53\xf0" * 20,)), "台")
        began = time.perf_counter()
        for start in range(0, count, queue.CHUNK):
            numbers = range(start, min(count, start + queue.CHUNK))
            # Numbers come in no order, as in any list of people: the index is not filled at its end only.
            new = [NewMessage(f"86138{n * 7_919 % 100_000_000:08}", body, f"p{n}") for n in numbers]
            await db.write(queue.add_messages, key, new)
        filled = time.perf_counter() - began
        reads: list[float] = []
        told = await db.read(queue.progress, key)
        for _ in range(_READS):
            before = time.perf_counter()
            told = await db.read(queue.progress, key)
            reads.append((time.perf_counter() - before) * 1_000)
        assert told.total == count
        before = time.perf_counter()
        await db.write(queue.set_state, batch.key, BatchState.CANCELLED)
        told = await db.read(queue.progress, key)
        stopped = (time.perf_counter() - before) * 1_000
        assert told[MessageState.CANCELLED] == count
    connection = connect(url)
    before = time.perf_counter()
    while connection.transaction(lambda work: sweep(work, key, MessageState.CANCELLED, "", now())):
        pass
    swept = time.perf_counter() - before
    connection.close()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
    return [
        count, filled, round(count / filled), memory, median(reads), percentile(reads, 99),
        stopped, swept,
    ]  # fmt: skip


def main() -> None:
    """Measure each count, each in a queue of its own, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    add_option(parser)
    given = parser.parse_args()
    rows = []
    with server(given.postgres) as database:
        for count in given.counts:
            with empty_queue(database) as (url, _):
                rows.append(asyncio.run(measured(url, count)))
    where = "PostgreSQL" if given.postgres else "SQLite"
    table(
        f"(i) A million messages in the queue, {where} (promise: the progress view costs the same for"
        " 10,000 and 1,000,000)",
        [
            "messages", "fill s", "messages/s", "most memory MB", "progress median ms",
            "progress p99 ms", "stop ms", "all rows moved s",
        ],
        rows,
    )  # fmt: skip


if __name__ == "__main__":
    main()
