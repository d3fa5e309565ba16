"""Work behind the stream of facts: one at a time in order, and long acts beside it."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial

from softswitch.errors import Refusal

log = logging.getLogger(__name__)

Job = Callable[[], Awaitable[None]]
MOST = 20_000
_PATIENCE = 3.0


class Jobs:
    """A bounded queue of jobs, each about one channel. What does not fit is dropped and counted."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[tuple[str, Job]] = asyncio.Queue(MOST)
        self._in_work: Counter[str] = Counter()
        self._beside: set[asyncio.Task[None]] = set()
        self.dropped = 0

    def put(self, channel_id: str, job: Job) -> None:
        """Queue a job."""
        try:
            self._queue.put_nowait((channel_id, job))
            self._in_work[channel_id] += 1
        except asyncio.QueueFull:
            self.dropped += 1

    def beside(self, channel_id: str, job: Job) -> None:
        """Begin a long job now, beside the queue."""
        task = asyncio.create_task(self._attempt(job))
        self._beside.add(task)
        self._in_work[channel_id] += 1
        task.add_done_callback(partial(self._ended, channel_id))

    def concerns(self, channel_id: str) -> bool:
        """Return whether a job about a channel waits or is being done."""
        return channel_id in self._in_work

    def waiting(self) -> int:
        """Return how many jobs wait."""
        return self._queue.qsize()

    async def run(self) -> None:
        """Do the jobs, for ever."""
        while True:
            channel_id, job = await self._queue.get()
            try:
                await self._attempt(job)
            finally:
                self._done(channel_id)
                self._queue.task_done()

    async def settled(self) -> None:
        """Return when everything put so far is done."""
        await self._queue.join()
        while self._beside:
            await asyncio.wait(self._beside)

    async def stop(self) -> None:
        """Wait a little for the long jobs, then cancel them: the next start makes them good."""
        if self._beside:
            await asyncio.wait(self._beside, timeout=_PATIENCE)
        for task in self._beside:
            task.cancel()
        await asyncio.gather(*self._beside, return_exceptions=True)

    async def _attempt(self, job: Job) -> None:
        try:
            await job()
        except Refusal as refusal:
            log.warning("recordings: %s The next check makes it good.", refusal)
        except Exception:
            log.exception("recordings: a job failed; the next check makes it good")

    def _ended(self, channel_id: str, task: asyncio.Task[None]) -> None:
        self._beside.discard(task)
        self._done(channel_id)

    def _done(self, channel_id: str) -> None:
        self._in_work[channel_id] -= 1
        if self._in_work[channel_id] == 0:
            del self._in_work[channel_id]
