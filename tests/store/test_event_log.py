"""Subscriptions: in order, at least once, from where they were."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVarTuple

import pytest
from sqlalchemy import Connection, insert

from softswitch.errors import unavailable
from softswitch.events import CallAnswered, CallEnded, Fact
from softswitch.store import event_log as store_log
from softswitch.store import event_rows as store_rows
from softswitch.store import subscriber
from softswitch.store.database import Database
from softswitch.store.event_log import EventLog, Stored, append, last_seq, prune
from softswitch.store.event_rows import event_log
from softswitch.testing.system import until
from tests.store.conftest import add, texts

Ts = TypeVarTuple("Ts")


def ended(number: int) -> CallEnded:
    return CallEnded(str(number), number, 16)


class Collected:
    """A handler that keeps what it gets, and fails as often as it is told."""

    def __init__(self, failures: int = 0) -> None:
        self.events: list[Fact] = []
        self.batches = 0
        self._failures = failures

    async def __call__(self, batch: Sequence[Stored]) -> None:
        self.batches += 1
        if self._failures:
            self._failures -= 1
            raise RuntimeError("the handler fails")
        self.events += [item.event for item in batch]


async def test_facts_arrive_in_order_and_only_of_the_kinds_asked_for(db: Database) -> None:
    log, got = EventLog(db), Collected()
    log.subscribe("test", [CallEnded], got)
    await log.start()
    for number in range(5):
        await db.write(append, ended(number), CallAnswered("x", 1))
    await log.drained()
    await log.close()
    assert got.events == [ended(number) for number in range(5)]


async def test_a_fact_of_a_change_that_failed_is_never_told(db: Database) -> None:
    def fail(conn: Connection) -> None:
        append(conn, ended(1))
        raise ValueError("no")

    log, got = EventLog(db), Collected()
    log.subscribe("test", [CallEnded], got)
    await log.start()
    with pytest.raises(ValueError, match=r"^no$"):
        await db.write(fail)
    await db.write(append, ended(2))
    await log.drained()
    await log.close()
    assert got.events == [ended(2)]


async def test_the_cursor_survives_a_restart(db: Database) -> None:
    for round_ in range(3):
        log, got = EventLog(db), Collected()
        log.subscribe("test", [CallEnded], got)
        await db.write(append, ended(round_))
        await log.start()
        await log.drained()
        await log.close()
        assert got.events == [ended(round_)]


async def test_a_fact_does_not_wait_for_the_cursor_of_the_one_before(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cursor cannot be written: facts are handled all the same, and told again after the restart."""
    stuck = asyncio.Event()

    def no_cursor(conn: Connection, name: str, seq: int) -> None:
        raise unavailable("store_busy", "The disk is slow.", "Wait.")

    async def handle(batch: Sequence[Stored]) -> None:
        await got(batch)
        if len(got.events) == 2:
            stuck.set()

    log, got = EventLog(db, retry_seconds=60), Collected()
    log.subscribe("test", [CallEnded], handle)
    await log.start()
    with monkeypatch.context() as broken:
        broken.setattr(store_log, "move_cursor", no_cursor)
        await db.write(append, ended(1))
        await db.write(append, ended(2))
        await stuck.wait()
        await log.close()
    assert got.events == [ended(1), ended(2)]
    log, again = EventLog(db), Collected()
    log.subscribe("test", [CallEnded], again)
    await log.start()
    await log.drained()
    await log.close()
    assert again.events == got.events


async def test_what_was_handled_before_the_end_is_not_told_again(db: Database) -> None:
    for round_ in range(3):
        got = Collected()
        log = EventLog(db)
        log.subscribe("test", [CallEnded], got)
        await db.write(append, ended(round_))
        await log.start()
        await until(partial(bool, got.events), what="the fact is handled")
        await log.close()
        assert got.events == [ended(round_)]


async def test_a_new_name_may_begin_with_what_comes_now(db: Database) -> None:
    await db.write(append, ended(1))
    log, old, new = EventLog(db), Collected(), Collected()
    log.subscribe("from start", [CallEnded], old)
    log.subscribe("from now", [CallEnded], new, from_start=False)
    await log.start()
    await db.write(append, ended(2))
    await log.drained()
    await log.close()
    assert (old.events, new.events) == ([ended(1), ended(2)], [ended(2)])


async def test_a_failing_handler_gets_the_same_facts_again(db: Database) -> None:
    log, got = EventLog(db, retry_seconds=0.001), Collected(failures=3)
    log.subscribe("test", [CallEnded], got)
    await db.write(append, ended(1), ended(2))
    await log.start()
    await log.drained()
    assert log.failures() == {"test": 0}
    await log.close()
    assert got.events == [ended(1), ended(2)]
    assert got.batches == 4


async def test_a_change_and_its_cursor_are_one_transaction(db: Database) -> None:
    fail = [True]

    def change(conn: Connection, batch: Sequence[Stored]) -> None:
        for item in batch:
            add(conn, f"seen {item.seq}")
        if fail.pop() if fail else False:
            raise RuntimeError("after the change")

    log = EventLog(db, retry_seconds=0.001)
    log.apply("test", [CallEnded], change)
    await db.write(append, ended(1), ended(2))
    await log.start()
    await log.drained()
    await log.close()
    assert await db.read(texts) == ["seen 1", "seen 2"]


async def test_many_facts_come_in_bounded_batches(db: Database) -> None:
    log, got = EventLog(db), Collected()
    log.subscribe("test", [CallEnded], got)
    await db.write(append, *(ended(number) for number in range(450)))
    await log.start()
    await log.drained()
    await log.close()
    assert [event.at for event in got.events if isinstance(event, CallEnded)] == list(range(450))
    assert got.batches == 3


async def test_a_fact_of_a_later_release_is_passed_over(db: Database) -> None:
    log, got = EventLog(db), Collected()
    log.subscribe("test", ["call.ended", "call.teleported"], got)
    rows = [
        {"at": 1, "kind": "call.teleported", "body": "{}"},
        {"at": 1, "kind": "call.ended", "body": '{"call_id": "c"}'},  # fields are missing
        {"at": 1, "kind": "call.ended", "body": "{"},
    ]
    await db.write(lambda conn: conn.execute(insert(event_log), rows).rowcount)
    await db.write(append, ended(1))
    await log.start()
    await log.drained()
    await log.close()
    assert got.events == [ended(1)]


async def test_only_facts_that_everybody_has_read_are_removed(db: Database) -> None:
    log, got = EventLog(db), Collected()
    log.subscribe("test", [CallEnded], got)
    await db.write(append, ended(1), at=1)
    await log.start()
    await log.drained()
    await log.close()
    await db.write(append, ended(2), at=1)
    assert await db.write(prune, 10) == 1
    assert await db.read(last_seq) == 2


async def test_two_subscribers_of_one_name_are_a_mistake(db: Database) -> None:
    log = EventLog(db)
    log.subscribe("test", [CallEnded], Collected())
    with pytest.raises(ValueError, match=r"two subscribers test"):
        log.subscribe("test", [CallEnded], Collected())


async def test_what_is_committed_is_handed_on_without_reading_the_log(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, got = EventLog(db), Collected()
    log.subscribe("test", [CallEnded], got)
    await log.start()
    await log.drained()

    def unread(*_: object) -> None:
        raise AssertionError("the log was read")

    with monkeypatch.context() as patched:
        patched.setattr(store_log, "read_after", unread)
        await db.write(append, ended(1), CallAnswered("x", 1))
        await db.write(append, ended(2))
        await until(lambda: len(got.events) == 2, what="both are handled")
    await log.close()
    assert got.events == [ended(1), ended(2)]


async def test_facts_that_come_together_are_one_batch(db: Database) -> None:
    log, got = EventLog(db), Collected()
    log.subscribe("test", [CallEnded], got, pause=60)
    await log.start()
    await log.drained()
    for number in range(3):
        await db.write(append, ended(number))
    assert got.events == []
    await log.drained()
    await log.close()
    assert (got.batches, len(got.events)) == (1, 3)


async def test_what_another_program_writes_is_found_by_the_gap(db: Database) -> None:
    log, got = EventLog(db), Collected()
    log.subscribe("test", [CallEnded], got)
    await log.start()
    await db.write(append, ended(1))
    await until(lambda: got.events == [ended(1)], what="the first is handled")
    silent = {"at": 1, "kind": "call.ended", "body": store_rows._encode(ended(2))}
    await db.write(lambda conn: conn.execute(insert(event_log), [silent]).rowcount)
    await db.write(append, ended(3))
    await until(lambda: len(got.events) == 3, what="both are handled")
    await log.close()
    assert got.events == [ended(1), ended(2), ended(3)]


async def test_one_that_lags_far_reads_the_log(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriber, "MOST_HELD", 2)
    log, got = EventLog(db), Collected()
    log.subscribe("test", [CallEnded], got, pause=60)
    await log.start()
    await log.drained()
    for number in range(5):
        await db.write(append, ended(number))
    await log.drained()
    await log.close()
    assert got.events == [ended(number) for number in range(5)]


async def test_after_long_work_a_subscriber_rests(db: Database) -> None:
    """Calls go first: what comes during the rest is one batch after it."""
    one = subscriber.Subscriber("test", frozenset({"call.ended"}), True, pause=0.0)
    one.behind = False
    one.worked(60.0)
    one.hear([Stored(1, 1, ended(1))], gap=False)
    ready = asyncio.create_task(one.ready())
    began = asyncio.get_running_loop().time()
    await ready
    assert asyncio.get_running_loop().time() - began >= subscriber._LONGEST_REST * 0.9
    assert [stored.seq for stored in one.take(10)] == [1]


class SlowLoop(asyncio.SelectorEventLoop):
    """Its clock moves when a timer is set, and every timer fires late: calls keep it busy."""

    def __init__(self, late: float) -> None:
        super().__init__()
        self._late = late
        self._now = 0.0
        self.waits: list[float] = []

    def time(self) -> float:
        return self._now

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Any = None
    ) -> asyncio.TimerHandle:
        self.waits.append(when - self._now)
        self._now = when + self._late
        return super().call_at(self._now, callback, *args, context=context)


@pytest.mark.parametrize(
    ("late", "waits"),
    [
        (0.001, [0.0]),
        (0.02, [0.0, 0.01, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 1.44]),
    ],
)
def test_a_subscriber_waits_for_a_busy_loop_but_not_for_ever(
    late: float, waits: list[float]
) -> None:
    """Twice as long each time, and so long in all as was promised."""
    loop = SlowLoop(late)
    one = subscriber.Subscriber("test", frozenset({"call.ended"}), True, pause=0.0)
    one.behind = False

    async def served() -> list[int]:
        one.hear([Stored(1, 1, ended(1))], gap=False)
        await one.ready()
        return [stored.seq for stored in one.take(10)]

    with contextlib.closing(loop):
        assert loop.run_until_complete(served()) == [1]
    assert loop.waits == pytest.approx(waits)
    assert sum(loop.waits) == pytest.approx(subscriber.LONGEST_DELAY if late > 0.01 else 0.0)
