"""Subscriptions to the log of durable facts: at least once, in order, with a cursor that survives a restart.

``append(conn, *events)`` writes facts in the transaction of the change that they tell.  :class:`EventLog` wakes its
subscribers after the commit; each reads from its own cursor, in bounded batches, and nothing is lost when it lags
or dies: it only reads later.  A cursor is written beside the work, so that no fact waits for the disk because of
the one before it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from softswitch.errors import Refusal
from softswitch.events import Fact
from softswitch.store.database import Database
from softswitch.store.event_rows import (
    TOPIC,
    Stored,
    append,
    cursor,
    last_seq,
    move_cursor,
    prune,
    read_after,
)

__all__ = ["EventLog", "Stored", "append", "last_seq", "prune"]

log = logging.getLogger(__name__)

Handler = Callable[[Sequence[Stored]], Awaitable[object]]
Change = Callable[[Connection, Sequence[Stored]], object]
BATCH = 200
_LONGEST_WAIT = 30.0
_PAUSE_SECONDS = 0.002


@dataclass(slots=True, eq=False)
class _Subscriber:
    name: str
    kinds: tuple[str, ...]
    from_start: bool
    handler: Handler | None = None
    change: Change | None = None
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    cursor: int = 0
    """How far it has read."""
    kept: int = 0
    """How far that is written."""
    keeping: asyncio.Task[None] | None = None
    awaited: bool = False
    """Somebody waits until it is idle."""
    failures: int = 0


class EventLog:
    """Wakes subscribers and keeps their cursors. Subscribe before :meth:`start`."""

    def __init__(self, db: Database, *, retry_seconds: float = 0.5) -> None:
        self._db = db
        self._retry_seconds = retry_seconds
        self._subscribers: dict[str, _Subscriber] = {}
        self._tasks: list[asyncio.Task[None]] = []
        db.listen(TOPIC, self._wake)

    def subscribe(
        self,
        name: str,
        kinds: Iterable[str | type[Fact]],
        handler: Handler,
        *,
        from_start: bool = True,
    ) -> None:
        """Call ``await handler(batch)`` with facts in order; the cursor moves after it returns.

        It must be idempotent: a crash soon after repeats the last batches.  When it raises, the batch comes
        again, after a growing delay.  ``from_start=False``: a new name begins with what comes now.
        """
        self._add(_Subscriber(name, _names(kinds), from_start, handler=handler))

    def apply(
        self,
        name: str,
        kinds: Iterable[str | type[Fact]],
        change: Change,
        *,
        from_start: bool = True,
    ) -> None:
        """Call ``change(conn, batch)`` in the transaction that moves the cursor: its writes happen exactly once."""
        self._add(_Subscriber(name, _names(kinds), from_start, change=change))

    async def start(self) -> None:
        """Read the cursors and begin to serve."""
        for subscriber in self._subscribers.values():
            subscriber.cursor = await self._db.write(_begin, subscriber.name, subscriber.from_start)
            subscriber.kept = subscriber.cursor
            task = asyncio.create_task(self._serve(subscriber), name=f"events {subscriber.name}")
            self._tasks.append(task)

    async def close(self) -> None:
        """Stop serving; what was not handled comes again after the next start."""
        keeping = [one.keeping for one in self._subscribers.values() if one.keeping is not None]
        for task in (*self._tasks, *keeping):
            task.cancel()
        await asyncio.gather(*self._tasks, *keeping, return_exceptions=True)
        self._tasks.clear()
        for subscriber in self._subscribers.values():
            try:
                await self._write_cursor(subscriber)
            except Refusal as refusal:
                log.warning("Subscriber %s gets some facts again: %s", subscriber.name, refusal)

    async def drained(self) -> None:
        """Wait until every subscriber has handled everything that is in the log now."""
        for subscriber in self._subscribers.values():
            subscriber.idle.clear()
            subscriber.awaited = True
            subscriber.wake.set()
        await asyncio.gather(*(one.idle.wait() for one in self._subscribers.values()))

    def failures(self) -> dict[str, int]:
        """Return for each subscriber how often its handler failed in a row now; 0 is healthy."""
        return {name: one.failures for name, one in self._subscribers.items()}

    def _add(self, subscriber: _Subscriber) -> None:
        if subscriber.name in self._subscribers:
            raise ValueError(f"There are two subscribers {subscriber.name}.")
        self._subscribers[subscriber.name] = subscriber

    def _wake(self, kinds: frozenset[str]) -> None:
        """Wake who wants facts of these kinds, when those who wrote them have gone on."""
        for subscriber in self._subscribers.values():
            if not kinds.isdisjoint(subscriber.kinds):
                asyncio.get_running_loop().call_later(_PAUSE_SECONDS, subscriber.wake.set)

    async def _serve(self, subscriber: _Subscriber) -> None:
        while True:
            try:
                await self._serve_once(subscriber)
                subscriber.failures = 0
            except Exception as error:
                subscriber.failures += 1
                _report(subscriber, error)
                wait = self._retry_seconds * 2 ** min(subscriber.failures - 1, 10)
                await asyncio.sleep(min(wait, _LONGEST_WAIT))

    async def _serve_once(self, subscriber: _Subscriber) -> None:
        subscriber.wake.clear()
        batch = await self._db.read(read_after, subscriber.cursor, subscriber.kinds, BATCH)
        if batch.up_to == subscriber.cursor:
            await self._rest(subscriber)
        elif subscriber.handler is None:
            change = subscriber.change
            await self._db.write(_finish, subscriber.name, batch.up_to, change, batch.facts)
            subscriber.cursor = subscriber.kept = batch.up_to
        else:
            if batch.facts:
                await subscriber.handler(batch.facts)
            subscriber.cursor = batch.up_to
            if subscriber.keeping is None or subscriber.keeping.done():
                name = f"cursor {subscriber.name}"
                subscriber.keeping = asyncio.create_task(self._keep(subscriber), name=name)

    async def _rest(self, subscriber: _Subscriber) -> None:
        if subscriber.awaited:
            if subscriber.keeping is not None:
                await subscriber.keeping
            if not subscriber.wake.is_set():
                subscriber.awaited = False
                subscriber.idle.set()
        await subscriber.wake.wait()

    async def _keep(self, subscriber: _Subscriber) -> None:
        while subscriber.kept < subscriber.cursor:
            try:
                await self._write_cursor(subscriber)
            except Refusal as refusal:
                log.warning("The cursor of subscriber %s waits: %s", subscriber.name, refusal)
                await asyncio.sleep(self._retry_seconds)

    async def _write_cursor(self, subscriber: _Subscriber) -> None:
        if subscriber.kept < (seq := subscriber.cursor):
            await self._db.write(move_cursor, subscriber.name, seq)
            subscriber.kept = seq


def _names(kinds: Iterable[str | type[Fact]]) -> tuple[str, ...]:
    return tuple(kind if isinstance(kind, str) else kind.kind for kind in kinds)


def _begin(conn: Connection, name: str, from_start: bool) -> int:
    seq = cursor(conn, name)
    if seq is None:
        seq = 0 if from_start else last_seq(conn)
        move_cursor(conn, name, seq)
    return seq


def _finish(
    conn: Connection, name: str, seq: int, change: Change | None, facts: Sequence[Stored]
) -> None:
    if change is not None and facts:
        change(conn, facts)
    move_cursor(conn, name, seq)


def _report(subscriber: _Subscriber, error: Exception) -> None:
    if isinstance(error, Refusal):
        log.warning("Subscriber %s waits: %s", subscriber.name, error)
    else:
        log.error("Subscriber %s failed; it gets the facts again.", subscriber.name, exc_info=error)
