"""What tests of the gateway share: a queue that is filled, a gateway over it, and waiting for states."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from smsgateway.engine.gateway import Gateway, Pace
from smsgateway.engine.outcome import Rules
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
    Progress,
)
from smsgateway.queue import repository as queue
from smsgateway.queue.connection import connect
from smsgateway.queue.database import queue_database
from softswitch.store.database import Database
from softswitch.testing.patience import PATIENCE

TEXT = Body(Coding.UCS2, ("台风来了".encode("utf-16-be"),))
LONG = Body(
    Coding.UCS2, (b"\5\0\3\x07\2\1" + b"\x53\xf0" * 67, b"\5\0\3\x07\2\2\x53\xf0"), headed=True
)
QUICK = Pace(look=0.02, upkeep=0.1, drain=2.0)
PATIENT = Pace(look=0.02, upkeep=0.1, drain=PATIENCE)
SOON = Rules(doubt=300, pause=200)


async def until(told: Callable[[], Coroutine[Any, Any, bool]], patience: float = PATIENCE) -> None:
    """Wait for a state."""
    end = time.monotonic() + patience
    while not await told():
        if time.monotonic() > end:
            raise AssertionError("It did not come to that.")
        await asyncio.sleep(0.01)


class Queue:
    """A queue as the server sees it."""

    def __init__(self, url: str, db: Database) -> None:
        self.url = url
        self.db = db

    async def link(self, port: int, **changes: Any) -> None:
        """Add a link to a centre on this machine."""
        values: dict[str, Any] = {"name": "centre", "system_id": "x", "password": "y"} | changes
        await self.db.write(store.add, LinkConfig(host="127.0.0.1", port=port, **values), 1)

    async def batch(
        self, count: int, key: str = "c1", *, body: Body = TEXT, first: int = 0, **changes: Any
    ) -> int:
        """Put a batch in, open; return its id."""
        values = {"priority": Priority.BULK, "doubt": DoubtPolicy.RESEND} | changes
        batch = await self.db.write(queue.open_batch, Batch(key, **values), 1)
        body_id = await self.db.write(queue.add_body, batch, body, "台风来了")
        for start in range(first, first + count, queue.CHUNK):
            end = min(first + count, start + queue.CHUNK)
            new = [NewMessage(f"86138{n:08}", body_id) for n in range(start, end)]
            await self.db.write(queue.add_messages, batch, new)
        await self.db.write(queue.set_state, key, BatchState.OPEN)
        return batch

    async def progress(self, batch: int) -> Progress:
        """Return how far a batch is."""
        return await self.db.read(queue.progress, batch)

    async def reaches(self, batch: int, patience: float = PATIENCE, **counts: int) -> None:
        """Wait until the counters stand so, for example ``delivered=10``."""
        wanted = {MessageState[name.upper()]: n for name, n in counts.items()}

        async def there() -> bool:
            told = await self.progress(batch)
            return all(told[state] == n for state, n in wanted.items())

        try:
            await until(there, patience)
        except AssertionError:
            raise AssertionError(f"wanted {wanted}, is {await self.progress(batch)}") from None

    async def counted(self, batch: int) -> dict[MessageState, int]:
        """Count the rows themselves, to hold the counters against."""
        found: dict[MessageState, int] = {}
        after = 0
        while page := await self.db.read(queue.page, batch, after=after, limit=5_000):
            for message in page:
                found[message.state] = found.get(message.state, 0) + 1
            after = page[-1].id
        return found

    @asynccontextmanager
    async def gateway(self, rules: Rules = SOON, **options: Any) -> AsyncIterator[Gateway]:
        """Run a gateway over it in this process."""
        options.setdefault("pace", QUICK)
        async with Gateway(connect(self.url), rules=rules, **options) as gateway:
            yield gateway
            if gateway.writer.crashed.done():
                gateway.writer.crashed.result()


@asynccontextmanager
async def a_queue(folder: Path) -> AsyncIterator[Queue]:
    url = f"sqlite:///{folder / 'sms.db'}"
    async with queue_database(url) as db:
        yield Queue(url, db)
