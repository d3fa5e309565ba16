"""What is past its days or has no room is deleted and audited; what is on hold stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from softswitch.access import audit
from softswitch.recordings import model, store
from softswitch.recordings.model import RecordingId, Retention, State
from softswitch.store.database import Database
from tests.recordings.kit import (
    DAY,
    DISPATCHER,
    Alarms,
    SetClock,
    Switch,
    rows,
    service_at,
)


@pytest.fixture
async def keeping_a_week(tmp_path: Path, db: Database, clock: SetClock, alarms: Alarms) -> Switch:
    """Two old recordings and a new one. No service runs on when time jumps: it would clean up by itself."""
    switches: list[Switch] = []
    for names in (("1.1", "1.2"), ("2.1",)):
        clock.at += 8 * DAY
        service = service_at(tmp_path, db, clock, alarms, retention=Retention(7))
        switches.append(Switch(service, clock))
        await service.start()
        for name in names:
            await switches[-1].record(name)
        await service.stop()
    await switches[-1].connect()
    return switches[-1]


async def test_what_is_past_its_days_is_deleted_and_audited(
    keeping_a_week: Switch, db: Database
) -> None:
    service = keeping_a_week.service
    await service.library.set_hold(DISPATCHER, RecordingId("1.2"), True, "court order 17")
    assert await service.delete_due() == 1
    found = await rows(db)
    assert {n: r.state for n, r in found.items()} == {
        "1.1": State.EXPIRED,
        "1.2": State.KEPT,
        "2.1": State.KEPT,
    }
    assert set(service.folder.archived()) == {"1.2", "2.1"}
    (line,) = await db.read(audit.page, wanted=audit.Wanted(act="recording.deleted"))
    assert (line["actor"], line["target"]) == ("system", "1.1")
    assert await service.check(full=True) == []
    await service.library.set_hold(DISPATCHER, RecordingId("1.2"), False, "court order lifted")
    assert await service.delete_due() == 1


async def test_dying_between_the_row_and_the_file_of_a_deletion(
    keeping_a_week: Switch, db: Database
) -> None:
    service = keeping_a_week.service
    await db.write(store.expire, RecordingId("1.1"))
    (action,) = await service.check(full=True)
    assert isinstance(action, model.Remove)
    assert "1.1" not in service.folder.archived()


async def test_a_short_disk_is_alarmed_and_only_old_recordings_give_room(
    keeping_a_week: Switch, tmp_path: Path, db: Database, alarms: Alarms
) -> None:
    service = service_at(
        tmp_path, db, keeping_a_week.clock, alarms, retention=Retention(7), floor_bytes=1 << 60
    )
    await Switch(service, keeping_a_week.clock).connect()
    await service.check(full=False)
    assert alarms.shown["recordings-disk"]["code"] == "recordings_disk_low"
    assert set(service.folder.archived()) == {"2.1"}
    assert service.status()["alarms"]
