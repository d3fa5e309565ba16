"""The one thread that writes: jobs in order, each a transaction, again and again until it is on the disk."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from smsgateway.queue.connection import QueueConnection, StoreError
from smsgateway.queue.work import Work
from smsgateway.quiet import QuietLog

T = TypeVar("T")
log = logging.getLogger(__name__)

RETRY_SECONDS = 0.25
_Job = tuple[Callable[[QueueConnection], Any], Callable[[Any], None]]


class Writer:
    """Runs jobs in a thread and answers in the event loop."""

    def __init__(self, connection: QueueConnection, retry_seconds: float = RETRY_SECONDS) -> None:
        self.failing = ""
        """Why nothing can be written now; empty when it can."""

        self.retries = 0
        self._connection = connection
        self._retry_seconds = retry_seconds
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._ending = threading.Event()
        self.crashed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Gets the exception of a job that failed by a mistake of ours: to go on would be to lie."""

        self._loop = asyncio.get_running_loop()
        self._quiet = QuietLog(log)
        self._thread = threading.Thread(target=self._run, name="sms-writer", daemon=True)
        self._thread.start()

    def post(self, fn: Callable[[Work], T], done: Callable[[T], None]) -> None:
        """Run ``fn`` in a transaction; call ``done`` with its result after the commit."""
        self._jobs.put((lambda connection: connection.transaction(fn), done))

    async def do(self, fn: Callable[[Work], T]) -> T:
        """Run ``fn`` in a transaction and return its result after the commit."""
        return await self._await(lambda connection: connection.transaction(fn))

    async def changed(self) -> bool:
        """Tell whether somebody else wrote."""
        return await self._await(lambda connection: connection.changed())

    async def end(self) -> None:
        """Finish the jobs that wait, as far as the database lets us, and close."""
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join, 5.0)
        self._ending.set()
        await asyncio.to_thread(self._thread.join)

    async def _await(self, fn: Callable[[QueueConnection], T]) -> T:
        future: asyncio.Future[T] = self._loop.create_future()

        def done(result: T) -> None:
            if not future.done():
                future.set_result(result)

        self._jobs.put((fn, done))
        return await future

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None and not self._ending.is_set():
            self._do(*job)
        self._connection.close()

    def _do(self, fn: Callable[[QueueConnection], Any], done: Callable[[Any], None]) -> None:
        while not self._ending.is_set():
            try:
                result = fn(self._connection)
            except StoreError as error:
                self.failing = str(error)
                self.retries += 1
                self._quiet.warning("The queue cannot be written, and waits: %s", error)
                self._ending.wait(self._retry_seconds)
                continue
            except Exception as error:
                self._answer(self._crash, error)
                return
            self.failing = ""
            self._answer(done, result)
            return

    def _answer(self, done: Callable[[Any], None], result: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(done, result)
        except RuntimeError:
            log.warning("The event loop ended before a transaction was answered.")

    def _crash(self, error: Exception) -> None:
        if not self.crashed.done():
            self.crashed.set_exception(error)
