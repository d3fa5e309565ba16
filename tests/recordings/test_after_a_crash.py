"""Whatever died, and at whatever moment: no recording is lost, none is there twice, what is missing is said."""

from __future__ import annotations

import sqlite3
from collections import Counter
from pathlib import Path

from softswitch.ports import Channel, ChannelState, Disconnected
from softswitch.recordings import model
from softswitch.recordings.events import RecordingMissing
from softswitch.recordings.keeper import Origin
from softswitch.recordings.model import RecordingId, State
from softswitch.recordings.service import RecordingService
from softswitch.store.database import Database
from softswitch.store.event_rows import read_after
from tests.recordings.kit import (
    CALL,
    SECOND,
    Alarms,
    SetClock,
    Switch,
    rows,
    service_at,
    tone,
)


async def test_recordings_made_without_python_are_found(
    tmp_path: Path, db: Database, clock: SetClock, alarms: Alarms
) -> None:
    async def origin_of(channel: str) -> Origin | None:
        return Origin("call-7", "1001", "120") if channel == "7.1" else None

    service = service_at(tmp_path, db, clock, alarms, origin_of=origin_of)
    switch = Switch(service, clock)
    service.folder.create()
    for channel in ("7.1", "8.1", "9.1"):
        switch.write(channel, tone(1.0), closed=channel != "9.1")
    clock.at += 15 * SECOND
    live = Channel("9.1", "PJSIP/x", "call-9", ChannelState.UP)
    await switch.connect(live)
    await service.check(full=True)
    found = await rows(db)
    assert {name: row.state for name, row in found.items()} == {
        "7.1": State.KEPT,
        "8.1": State.KEPT,
        "9.1": State.RUNNING,
    }
    assert (found["7.1"].call_id, found["7.1"].extension) == ("call-7", "1001")
    assert found["8.1"].call_id == "8.1"
    assert found["8.1"].began_at == clock.at - 16 * SECOND
    assert await service.check(full=True) == []


async def test_dying_between_rename_and_row_loses_nothing(
    tmp_path: Path, db: Database, clock: SetClock, alarms: Alarms
) -> None:
    first = Switch(service_at(tmp_path, db, clock, alarms), clock)
    await first.service.start()
    await first.connect()
    await first.begin(CALL)
    await first.service.settled()
    first.write(CALL, tone(1.0))
    path = model.archive_path(RecordingId(CALL), clock.at)
    first.service.folder.put_away(RecordingId(CALL), path)
    await first.service.stop()

    again = service_at(tmp_path, db, clock, alarms)
    await Switch(again, clock).connect()
    assert await again.check(full=False) == [model.Complete(RecordingId(CALL), path)]
    assert (await rows(db))[CALL].state is State.KEPT
    assert await again.check(full=True) == []


async def test_dying_between_rename_and_row_and_recording_again(
    switch: Switch, db: Database
) -> None:
    await switch.connect()
    await switch.begin(CALL)
    await switch.service.settled()
    switch.write(CALL, tone(1.0))
    path = model.archive_path(RecordingId(CALL), switch.clock.at)
    switch.service.folder.put_away(RecordingId(CALL), path)
    switch.write(CALL, tone(0.5))
    await switch.end(CALL)
    await switch.service.settled()
    found = await rows(db)
    assert {name: row.duration_ms for name, row in found.items()} == {CALL: 1000, CALL + "~2": 500}


async def test_a_file_that_vanished_is_marked_and_alarmed_until_it_is_back(
    switch: Switch, db: Database, alarms: Alarms
) -> None:
    await switch.connect()
    await switch.record(CALL, call="call-1")
    path = switch.service.folder.at((await rows(db))[CALL].path)
    content = path.read_bytes()
    path.unlink()
    await switch.service.check(full=True)
    assert (await rows(db))[CALL].state is State.MISSING
    assert alarms.shown[f"recordings-missing-{CALL}"]["code"] == "recording_missing"
    (fact,) = (await db.read(read_after, 0, ["recording.missing"], 10)).facts
    assert isinstance(fact.event, RecordingMissing)
    assert fact.event.recording_id == CALL

    path.write_bytes(content)
    await switch.service.check(full=True)
    assert (await rows(db))[CALL].state is State.KEPT
    assert alarms.shown == {}


async def test_while_the_switch_is_away_running_recordings_are_left_alone(
    switch: Switch, db: Database
) -> None:
    await switch.connect()
    await switch.begin(CALL)
    switch.write(CALL, tone(1.0), closed=False)
    await switch.service.settled()
    await switch.service.handle(Disconnected("cut"))
    assert await switch.service.check(full=True) == []
    assert (await rows(db))[CALL].state is State.RUNNING


async def test_a_leg_that_ended_while_the_connection_was_cut_is_put_away(
    switch: Switch, db: Database
) -> None:
    await switch.connect()
    await switch.begin(CALL)
    switch.write(CALL, tone(1.0))
    await switch.service.settled()
    await switch.service.handle(Disconnected("cut"))
    await switch.connect()
    await switch.service.settled()
    assert (await rows(db))[CALL].state is State.KEPT


async def test_files_that_are_not_recordings_are_left_alone(switch: Switch, db: Database) -> None:
    await switch.connect()
    for name in ("notes.txt", "ö.wav", "a b.wav"):
        (switch.service.folder.spool / name).write_bytes(b"x")
    assert await switch.service.check(full=True) == []
    assert (switch.service.folder.spool / "notes.txt").exists()


async def test_a_thousand_legs_leave_no_orphan_and_none_missing(
    switch: Switch, db: Database
) -> None:
    await switch.connect()
    names = [f"1700000000.{n}" for n in range(1_000)]
    sound = tone(0.02)
    for number, name in enumerate(names):
        await switch.begin(name, call=f"call-{number // 3}")
        switch.write(name, sound)
        await switch.end(name)
    await switch.service.settled()
    assert Counter(row.state for row in (await rows(db)).values()) == {State.KEPT: 1_000}
    assert set(switch.service.folder.archived()) == set(names)
    assert await switch.service.check(full=True) == []


async def test_a_locked_database_delays_the_index_but_loses_nothing(
    switch: Switch, db: Database, tmp_path: Path
) -> None:
    await switch.connect()
    other = sqlite3.connect(tmp_path / "softswitch.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    await switch.begin(CALL)
    switch.write(CALL, tone(0.1))
    await switch.end(CALL)
    await switch.service.settled()
    other.execute("ROLLBACK")
    other.close()
    assert await rows(db) == {}
    switch.clock.at += 15 * SECOND
    await switch.service.check(full=False)
    assert (await rows(db))[CALL].state is State.KEPT


async def test_the_live_set_of_a_new_start_is_followed_to_its_end(
    tmp_path: Path, db: Database, clock: SetClock, alarms: Alarms
) -> None:
    first = Switch(service_at(tmp_path, db, clock, alarms), clock)
    await first.service.start()
    await first.connect()
    await first.begin(CALL)
    await first.service.settled()
    await first.service.stop()

    again: RecordingService = service_at(tmp_path, db, clock, alarms)
    await again.start()
    second = Switch(again, clock)
    second.write(CALL, tone(0.5))
    await second.connect(Channel(CALL, "x", CALL, ChannelState.UP))
    await again.check(full=False)
    await second.end(CALL)
    await again.settled()
    assert (await rows(db))[CALL].state is State.KEPT
    await again.stop()
