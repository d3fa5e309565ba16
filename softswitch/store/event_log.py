"""Subscriptions to the log of durable facts: at least once, in order, with a cursor that survives a restart.

``append(conn, *events)`` writes facts in the transaction of the change that they tell.  After the commit
:class:`EventLog` hands them to its subscribers as they are; the log is read only by who has just started, has
lagged or has failed.  Nothing is lost then: each has its own cursor and only reads later.  A cursor is written
beside the work, so that no fact waits for the disk because of the one before it.

Subscribers come after calls: each collects for a moment what comes and handles it together, and after a batch that
took long it rests, so that the busier the machine is the less of it they take.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence

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
from softswitch.store.subscriber import PAUSE_SECONDS, Change, Handler, Subscriber

__all__ = ["EventLog", "Handler", "Stored", "append", "last_seq", "prune"]

log = logging.getLogger(__name__)

BATCH = 200
_LONGEST_WAIT = 30.0
_KEEP_SECONDS = 0.25
"""How long a cursor may be behind the work: so much is handled again after a crash."""


class EventLog:
    """Hands facts to subscribers and keeps their cursors. Subscribe before :meth:`start`."""

    def __init__(self, db: Database, *, retry_seconds: float = 0.5) -> None:
        self._db = db
        self._retry_seconds = retry_seconds
        self._subscribers: dict[str, Subscriber] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._heard: int | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()
        db.listen(TOPIC, self._hear)

    def subscribe(
        self,
        name: str,
        kinds: Iterable[str | type[Fact]],
        handler: Handler,
        *,
        from_start: bool = True,
        pause: float = PAUSE_SECONDS,
    ) -> None:
        """Call ``await handler(batch)`` with facts in order; the cursor moves after it returns.

        It must be idempotent: a crash soon after repeats the last batches.  When it raises, the batch comes
        again, after a growing delay.  ``from_start=False``: a new name begins with what comes now.  Facts that come
        within ``pause`` seconds are one batch.
        """
        self._add(Subscriber(name, _names(kinds), from_start, pause, handler=handler))

    def apply(
        self,
        name: str,
        kinds: Iterable[str | type[Fact]],
        change: Change,
        *,
        from_start: bool = True,
        pause: float = PAUSE_SECONDS,
    ) -> None:
        """Call ``change(conn, batch)`` in the transaction that moves the cursor: its writes happen exactly once."""
        self._add(Subscriber(name, _names(kinds), from_start, pause, change=change))

    async def start(self) -> None:
        """Read the cursors and begin to serve."""
        for subscriber in self._subscribers.values():
            subscriber.cursor = await self._db.write(_begin, subscriber.name, subscriber.from_start)
            subscriber.kept = subscriber.cursor
            task = asyncio.create_task(self._serve(subscriber), name=f"events {subscriber.name}")
            self._tasks.append(task)

    async def close(self) -> None:
        """Stop serving; what was not handled comes again after the next start."""
        tasks = [*self._tasks, *([self._keeping] if self._keeping is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()
        try:
            await self._keep()
        except Refusal as refusal:
            log.warning("Subscribers get some facts again: %s", refusal)

    async def drained(self) -> None:
        """Wait until every subscriber has handled everything that is in the log now."""
        for subscriber in self._subscribers.values():
            subscriber.hurry()
        await asyncio.gather(*(one.idle.wait() for one in self._subscribers.values()))
        self._hurry.set()
        if self._keeping is not None:
            await self._keeping

    def failures(self) -> dict[str, int]:
        """Return for each subscriber how often its handler failed in a row now; 0 is healthy."""
        return {name: one.failures for name, one in self._subscribers.items()}

    def _add(self, subscriber: Subscriber) -> None:
        if subscriber.name in self._subscribers:
            raise ValueError(f"There are two subscribers {subscriber.name}.")
        self._subscribers[subscriber.name] = subscriber

    def _hear(self, facts: tuple[Stored, ...]) -> None:
        """Hand on what was committed; a gap means that somebody else writes too, and then the log is read."""
        gap = self._heard is not None and facts[0].seq != self._heard + 1
        self._heard = facts[-1].seq
        for subscriber in self._subscribers.values():
            subscriber.hear(facts, gap=gap)

    async def _serve(self, subscriber: Subscriber) -> None:
        while True:
            try:
                await self._serve_once(subscriber)
                subscriber.failures = 0
            except Exception as error:
                subscriber.behind = True
                subscriber.failures += 1
                _report(subscriber, error)
                wait = self._retry_seconds * 2 ** min(subscriber.failures - 1, 10)
                await asyncio.sleep(min(wait, _LONGEST_WAIT))

    async def _serve_once(self, subscriber: Subscriber) -> None:
        await subscriber.ready()
        began = asyncio.get_running_loop().time()
        facts, up_to = await self._next(subscriber)
        if up_to == subscriber.cursor:
            subscriber.rest()
            return
        if subscriber.handler is None:
            change = subscriber.change
            await self._db.write(_finish, subscriber.name, up_to, change, facts)
            subscriber.cursor = subscriber.kept = up_to
        else:
            if facts:
                await subscriber.handler(facts)
            subscriber.cursor = up_to
            self._keep_soon()
        subscriber.worked(asyncio.get_running_loop().time() - began)

    async def _next(self, subscriber: Subscriber) -> tuple[Sequence[Stored], int]:
        """Return the next facts and how far they reach: those that were handed on, or those of the log."""
        if not subscriber.behind:
            facts = subscriber.take(BATCH)
            return facts, facts[-1].seq if facts else subscriber.cursor
        # What was handed on so far is in the log already; what comes during the read stays with the subscriber.
        subscriber.catch_up()
        batch = await self._db.read(read_after, subscriber.cursor, subscriber.kinds, BATCH)
        subscriber.behind |= batch.more
        return batch.facts, batch.up_to

    def _keep_soon(self) -> None:
        if self._keeping is None or self._keeping.done():
            self._hurry.clear()
            self._keeping = asyncio.create_task(self._keep_later(), name="event cursors")

    async def _keep_later(self) -> None:
        try:
            async with asyncio.timeout(_KEEP_SECONDS):
                await self._hurry.wait()
        except TimeoutError:
            pass
        while True:
            try:
                await self._keep()
            except Refusal as refusal:
                log.warning("The cursors of subscribers wait: %s", refusal)
                await asyncio.sleep(self._retry_seconds)
            else:
                return

    async def _keep(self) -> None:
        moved = {one: one.cursor for one in self._subscribers.values() if one.kept < one.cursor}
        if moved:
            await self._db.write(_move, [(one.name, seq) for one, seq in moved.items()])
        for subscriber, seq in moved.items():
            subscriber.kept = seq


def _names(kinds: Iterable[str | type[Fact]]) -> frozenset[str]:
    return frozenset(kind if isinstance(kind, str) else kind.kind for kind in kinds)


def _begin(conn: Connection, name: str, from_start: bool) -> int:
    seq = cursor(conn, name)
    if seq is None:
        seq = 0 if from_start else last_seq(conn)
        move_cursor(conn, name, seq)
    return seq


def _move(conn: Connection, cursors: Sequence[tuple[str, int]]) -> None:
    for name, seq in cursors:
        move_cursor(conn, name, seq)


def _finish(
    conn: Connection, name: str, seq: int, change: Change | None, facts: Sequence[Stored]
) -> None:
    if change is not None and facts:
        change(conn, facts)
    move_cursor(conn, name, seq)


def _report(subscriber: Subscriber, error: Exception) -> None:
    if isinstance(error, Refusal):
        log.warning("Subscriber %s waits: %s", subscriber.name, error)
    else:
        log.error("Subscriber %s failed; it gets the facts again.", subscriber.name, exc_info=error)
