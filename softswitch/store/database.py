"""The database: one writer thread, a few reader threads, and clear refusals when it cannot be used.

``fn`` is a plain function ``fn(conn, *args) -> T`` with a SQLAlchemy Core connection.  It must change
nothing but the database: when a commit is lost it may run a second time.
"""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from sqlalchemy import Connection, MetaData

from softswitch.errors import Kind, Refusal
from softswitch.store.engine import reader_engine, writer_engine
from softswitch.store.failures import as_refusal, busy, closed
from softswitch.store.migrations import MIGRATIONS, Migration, migrate
from softswitch.store.tables import metadata
from softswitch.store.writer import Job, Writer, WriterStatistics

P = ParamSpec("P")
T = TypeVar("T")
log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0


class Database:
    """Holds the truth. Use it from one event loop: ``async with Database(url) as db``."""

    def __init__(
        self,
        url: str,
        *,
        readers: int = 4,
        queue_size: int = 5_000,
        batch_size: int = 200,
        tables: MetaData = metadata,
        migrations: Sequence[Migration] = MIGRATIONS,
    ) -> None:
        self._migrate = functools.partial(migrate, migrations=migrations, tables=tables)
        self._writer_engine = writer_engine(url)
        self._reader_engine = reader_engine(url, readers)
        self._writer = Writer(
            self._writer_engine, self._settled, queue_size=queue_size, batch_size=batch_size
        )
        self._readers = ThreadPoolExecutor(readers, thread_name_prefix="store-reader")
        self._most_reads = queue_size
        self._reads = 0
        self._in_writer: dict[str, list[Callable[[Any], object]]] = {}
        self._in_loop: dict[str, list[Callable[[Any], object]]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    @classmethod
    def at(cls, path: Path, **options: Any) -> Self:
        """Return the SQLite database in the file ``path``."""
        return cls(f"sqlite:///{path.absolute()}", **options)

    async def open(self) -> None:
        """Start the writer and bring the schema up to date. Import every ``store.py`` before.

        Raises the :class:`Refusal` ``store_unavailable``, ``schema_too_new`` or ``schema_mismatch``.
        """
        self._loop = asyncio.get_running_loop()
        self._writer.start()
        try:
            await self.write(self._migrate)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Finish the writes that are queued and close every connection."""
        await asyncio.to_thread(self._writer.end)
        await asyncio.to_thread(self._readers.shutdown)
        self._writer_engine.dispose()
        self._reader_engine.dispose()
        self._loop = None

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def write(
        self, fn: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run ``fn(conn, *args)`` in the writer thread; return its result when it is on the disk.

        An exception of ``fn`` undoes what it did and is raised here.  Raises the :class:`Refusal`
        ``store_unavailable`` (locked, read-only, full) or ``store_busy``.
        """
        if self._loop is None:
            raise closed()
        future: asyncio.Future[T] = self._loop.create_future()
        job = _WriteJob(_bind(fn, args, kwargs), lambda: not future.cancelled(), future=future)
        self._writer.put(job)
        return await future

    async def write_surely(
        self, fn: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Write like :meth:`write`, again and again while the database is locked, read-only, full or busy.

        For what happened already and must not be lost; it waits in memory until then.
        """
        while True:
            try:
                return await self.write(fn, *args, **kwargs)
            except Refusal as refusal:
                if refusal.kind is not Kind.UNAVAILABLE or self._loop is None:
                    raise
                log.error("%s waits to be written: %s", getattr(fn, "__name__", fn), refusal)
                await asyncio.sleep(RETRY_SECONDS)

    async def read(
        self, fn: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run ``fn(conn, *args)`` in a reader thread, on one consistent picture of the database.

        Raises the :class:`Refusal` ``store_unavailable`` or ``store_busy``.
        """
        if self._loop is None:
            raise closed()
        if self._reads >= self._most_reads:
            raise busy()
        self._reads += 1
        try:
            return await self._loop.run_in_executor(
                self._readers, self._read, _bind(fn, args, kwargs)
            )
        finally:
            self._reads -= 1

    def listen(self, topic: str, callback: Callable[[Any], object]) -> None:
        """Call ``callback(value)`` in the event loop after each commit that left a note under ``topic``."""
        self._in_loop.setdefault(topic, []).append(callback)

    def listen_in_writer(self, topic: str, callback: Callable[[Any], object]) -> None:
        """Call ``callback(value)`` in the writer thread after such a commit, before the next one."""
        self._in_writer.setdefault(topic, []).append(callback)

    def statistics(self) -> tuple[WriterStatistics, int, int]:
        """Return the writer's counts, how many writes wait and how many reads are under way."""
        return self._writer.statistics, self._writer.waiting(), self._reads

    def state(self) -> dict[str, Any]:
        """Return what the status of the system shows of the store."""
        counts = self._writer.statistics
        return {
            "ok": counts.available and self._loop is not None,
            "waiting": self._writer.waiting(),
            "writes": counts.writes,
            "commits": counts.commits,
            "failures": counts.failures,
            "refused": counts.refused,
            "largest_batch": counts.largest_batch,
        }

    def _read(self, fn: Callable[[Connection], T]) -> T:
        try:
            with self._reader_engine.connect() as conn:
                return fn(conn)
        except Exception as error:
            refusal = as_refusal(error)
            if refusal is None:
                raise
            self._reader_engine.dispose()  # the next try opens the file anew
            raise refusal from error

    def _settled(self, jobs: Sequence[Job], notes: Mapping[str, Any]) -> None:
        """Runs in the writer thread after each batch: nobody waits for what listens in it."""
        if self._loop is not None:
            try:
                self._loop.call_soon_threadsafe(self._tell, jobs, notes)
            except RuntimeError:
                log.warning("The event loop ended before %d writes were answered.", len(jobs))
        for topic, value in notes.items():
            _call_each(self._in_writer.get(topic, ()), value)

    def _tell(self, jobs: Sequence[Job], notes: Mapping[str, Any]) -> None:
        for job in jobs:
            if isinstance(job, _WriteJob):
                job.answer()
        for topic, value in notes.items():
            _call_each(self._in_loop.get(topic, ()), value)


class _WriteJob(Job):
    """A job whose caller waits for a future."""

    __slots__ = ("_future",)

    def __init__(
        self,
        function: Callable[[Connection], Any],
        wanted: Callable[[], bool],
        *,
        future: asyncio.Future[Any],
    ) -> None:
        super().__init__(function, wanted)
        self._future = future

    def answer(self) -> None:
        if self._future.cancelled():
            return
        if self.error is not None:
            self._future.set_exception(self.error)
        else:
            self._future.set_result(self.result)


def _bind(
    fn: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Callable[[Connection], T]:
    return functools.partial(_call, fn, args, kwargs)


def _call(
    fn: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any], conn: Connection
) -> T:
    return fn(conn, *args, **kwargs)


def _call_each(callbacks: Sequence[Callable[[Any], object]], value: Any) -> None:
    for callback in callbacks:
        try:
            callback(value)
        except Exception:
            log.exception("A listener to the database failed.")
