"""Housekeeping: what is old goes, and one failure stops nothing."""

from __future__ import annotations

from softswitch.events import CallEnded
from softswitch.store.database import Database
from softswitch.store.event_log import append
from softswitch.store.event_rows import event_log
from softswitch.store.housekeeping import Housekeeping

DAY = 86_400_000


async def test_old_facts_go_and_others_stay_though_a_work_fails(db: Database) -> None:
    done: list[str] = []

    async def fail() -> None:
        raise RuntimeError("broken")

    async def work() -> None:
        done.append("work")

    for day in (1, 9, 10):
        await db.write(append, CallEnded(f"day {day}", 0, 16), at=day * DAY)
    house = Housekeeping(db, clock=lambda: 12 * DAY, keep_events_days=3)
    house.add("fail", fail)
    house.add("work", work)
    await house.once()
    rows = await db.read(lambda conn: conn.execute(event_log.select()).all())
    assert [row.at // DAY for row in rows] == [9, 10]
    assert done == ["work"]
