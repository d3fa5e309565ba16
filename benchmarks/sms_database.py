"""Where the benchmarks of mass SMS keep their queue: a new SQLite file, or PostgreSQL in a cluster of its own."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from smsgateway.queue.database import queue_database
from smsgateway.queue.tables import metadata
from softswitch.testing.postgres import postgres

OWN = "own"


def add_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--postgres``: alone it starts Debian's server with its defaults, with a URL it takes that one."""
    parser.add_argument(
        "--postgres", nargs="?", const=OWN, default="", metavar="URL",
        help="measure on PostgreSQL: one started for it, or an empty database (postgresql+pg8000://…)",
    )  # fmt: skip


@contextmanager
def server(given: str) -> Iterator[str]:
    """Give the URL of PostgreSQL for the whole run; empty for SQLite."""
    if given == OWN:
        with postgres() as url:
            yield url
    else:
        yield given


@contextmanager
def empty_queue(server_url: str) -> Iterator[tuple[str, Path]]:
    """Give the URL of a queue in which nothing is, and a folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if server_url:
            asyncio.run(_clear(server_url))
        yield server_url or f"sqlite:///{folder / 'sms.db'}", folder


async def _clear(url: str) -> None:
    async with queue_database(url) as db:
        await db.write(metadata.drop_all)
