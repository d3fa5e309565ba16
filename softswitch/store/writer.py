"""The one writer: a thread in which functions that wait together share one commit.

SQLite waits for the disk at each commit (``synchronous=FULL``); sharing it is what lets hundreds of changes a
second be durable. Each function has its own SAVEPOINT, so that a failing one harms no other.  If the process
dies before the commit, none of the batch is there and no caller was told otherwise; after it, all are.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from softswitch.errors import Refusal
from softswitch.store import notes
from softswitch.store.failures import as_refusal, busy, closed

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Job:
    """One function that waits to write, and what came of it. ``settled`` is called in the writer thread."""

    function: Callable[[Connection], Any]
    wanted: Callable[[], bool]
    result: Any = None
    error: BaseException | None = None

    def fail(self, error: BaseException) -> None:
        """Take note of the error as people shall see it."""
        self.result = None
        self.error = as_refusal(error) or error

    def is_hindered(self) -> bool:
        """Return whether the job failed because the database could not be used."""
        return isinstance(self.error, Refusal) and self.error.code == "store_unavailable"


@dataclass(slots=True)
class WriterStatistics:
    """Counts since the start."""

    writes: int = 0
    commits: int = 0
    failures: int = 0
    refused: int = 0
    largest_batch: int = 0
    available: bool = True  # False from a transaction that could not be made until one can


class _TransactionLostError(Exception):
    """The database gave up the whole transaction: nothing of the batch was written."""


class Writer:
    """Runs jobs in order. ``settled`` gets each batch after its commit, with the notes of the transaction."""

    def __init__(
        self,
        engine: Engine,
        settled: Callable[[Sequence[Job], Mapping[str, Any]], None],
        *,
        queue_size: int,
        batch_size: int,
    ) -> None:
        self.statistics = WriterStatistics()
        self._engine = engine
        self._settled = settled
        self._queue_size = queue_size
        self._batch_size = batch_size
        self._queue: deque[Job] = deque()
        self._changed = threading.Condition()
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def put(self, job: Job) -> None:
        """Queue a job; refuse it when the queue is full or the writer has ended."""
        with self._changed:
            if self._ending:
                raise closed()
            if len(self._queue) >= self._queue_size:
                self.statistics.refused += 1
                raise busy()
            self._queue.append(job)
            self._changed.notify()

    def waiting(self) -> int:
        """Return how many jobs wait."""
        return len(self._queue)

    def end(self) -> None:
        """Finish what is queued, then end the thread. Blocks until it has ended."""
        with self._changed:
            self._ending = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join()

    # ---- in the thread --------------------------------------------------------------------------------

    def _run(self) -> None:
        while batch := self._next_batch():
            wanted = [job for job in batch if job.wanted()]
            if wanted:
                self._settle(wanted)

    def _next_batch(self) -> list[Job]:
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._ending)
            count = min(len(self._queue), self._batch_size)
            return [self._queue.popleft() for _ in range(count)]

    def _settle(self, jobs: list[Job]) -> None:
        try:
            left = self._in_one_transaction(jobs)
        except _TransactionLostError as lost:
            self._after_loss(jobs, lost)
        except Exception as error:  # the transaction could not begin: it would be the same for each
            self._fail(jobs, error)
        else:
            self._count(jobs)
            self._settled(jobs, left)

    def _after_loss(self, jobs: list[Job], lost: _TransactionLostError) -> None:
        """Give each job a transaction of its own, so that only the culprit fails."""
        if len(jobs) == 1:
            self._fail(jobs, jobs[0].error or lost.__cause__ or lost)
            return
        for job in jobs:
            job.error = None
            self._settle([job])

    def _fail(self, jobs: list[Job], error: BaseException) -> None:
        self.statistics.failures += len(jobs)
        for job in jobs:
            job.fail(error)
        self.statistics.available = not any(job.is_hindered() for job in jobs)
        # A file that was opened read-only stays so for its connection: the next try opens it anew.
        self._engine.dispose()
        self._settled(jobs, {})

    def _count(self, jobs: list[Job]) -> None:
        failed = sum(job.error is not None for job in jobs)
        self.statistics.failures += failed
        self.statistics.writes += len(jobs) - failed
        self.statistics.commits += 1
        self.statistics.available = not any(job.is_hindered() for job in jobs)
        self.statistics.largest_batch = max(self.statistics.largest_batch, len(jobs))

    def _in_one_transaction(self, jobs: list[Job]) -> Mapping[str, Any]:
        with self._engine.connect() as conn:
            notes.put_back(conn, {})
            with conn.begin() as transaction:
                if len(jobs) == 1:
                    self._alone(conn, jobs[0])
                else:
                    for job in jobs:
                        self._in_savepoint(conn, job)
                left = notes.take(conn)
                if len(jobs) == 1 and jobs[0].error is not None:
                    transaction.rollback()
                    return {}
                self._commit(conn)
            return left

    def _alone(self, conn: Connection, job: Job) -> None:
        try:
            job.result = job.function(conn)
        except Exception as error:
            job.fail(error)

    def _in_savepoint(self, conn: Connection, job: Job) -> None:
        before = notes.keep(conn)
        try:
            conn.exec_driver_sql("SAVEPOINT job")
            job.result = job.function(conn)
            conn.exec_driver_sql("RELEASE SAVEPOINT job")
        except Exception as error:
            job.fail(error)
            notes.put_back(conn, before)
            try:
                conn.exec_driver_sql("ROLLBACK TO SAVEPOINT job")
            except SQLAlchemyError as worse:
                raise _TransactionLostError from worse

    def _commit(self, conn: Connection) -> None:
        sqlite = conn.dialect.name == "sqlite"
        if sqlite and not conn.connection.dbapi_connection.in_transaction:  # type: ignore[union-attr]
            # SQLite rolls back by itself when the disk is full; a function may have swallowed that error.
            raise _TransactionLostError
        try:
            conn.commit()
        except SQLAlchemyError as error:
            if not sqlite:
                raise  # a server may have committed before the connection broke: do not write twice
            conn.rollback()
            raise _TransactionLostError from error
