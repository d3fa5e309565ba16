from __future__ import annotations

import hashlib
import sqlite3
import wave
from collections import Counter
from pathlib import Path

import pytest

from softswitch.access import audit
from softswitch.clock import Millis
from softswitch.events import CallMerged, RecordingArchived
from softswitch.ports import Channel, ChannelSeen, ChannelState, Disconnected, RecordingEnded
from softswitch.recordings import model, store
from softswitch.recordings.events import RecordingMissing
from softswitch.recordings.keeper import Origin
from softswitch.recordings.model import RecordingId, Retention, State
from softswitch.recordings.service import RecordingService
from softswitch.store import event_log
from softswitch.store.database import Database
from softswitch.store.event_rows import read_after
from tests.recordings.kit import DISPATCHER, SECOND, Alarms, SetClock, Switch, service_at, tone

CALL = "1700000000.1"
DAY: Millis = 24 * 3600 * SECOND


async def rows(db: Database) -> dict[str, model.Recording]:
    return {row.id: row for row in await db.read(store.everything)}


async def test_a_leg_is_indexed_when_it_begins_and_put_away_when_it_ends(
    switch: Switch, db: Database
) -> None:
    service = switch.service
    await switch.connect()
    await switch.begin(CALL, call="call-1", phone="desk-1001", number="13800001111")
    await service.settled()
    running = (await rows(db))[CALL]
    assert (running.state, running.extension, running.number) == (
        State.RUNNING,
        "1001",
        "13800001111",
    )
    data = switch.write(CALL, tone(2.5))
    switch.clock.at += 3 * SECOND
    await switch.end(CALL)
    await service.settled()

    kept = (await rows(db))[CALL]
    assert kept.state is State.KEPT
    assert kept.path == "archive/2023/11/14/1700000000.1.wav"
    assert (kept.duration_ms, kept.size, kept.repaired) == (2_500, 44 + 40_000, False)
    file = service.folder.at(kept.path)
    assert kept.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert file.read_bytes()[44:] == data
    assert kept.ended_at == switch.clock.at
    assert not service.folder.spooled()


async def test_what_was_put_away_is_a_fact_in_the_log(switch: Switch, db: Database) -> None:
    await switch.connect()
    await switch.record(CALL, call="call-1", phone="desk-1002")
    (stored,) = (await db.read(read_after, 0, ["recording.archived"], 10)).facts
    assert isinstance(stored.event, RecordingArchived)
    assert stored.event.call_id == "call-1"
    assert stored.event.extension == "1002"
    assert stored.event.milliseconds == 1_000


async def test_a_file_that_asterisk_never_closed_gets_its_lengths(
    switch: Switch, db: Database
) -> None:
    await switch.connect()
    await switch.begin(CALL)
    data = switch.write(CALL, tone(1.0), closed=False)
    switch.clock.at += 5 * SECOND  # long quiet: nobody writes any more
    await switch.end(CALL)
    await switch.service.settled()
    row = (await rows(db))[CALL]
    assert row.repaired
    with wave.open(str(switch.service.folder.at(row.path))) as file:
        assert file.getnframes() == 8_000
        assert file.readframes(8_000) == data


@pytest.mark.parametrize("content", [b"", b"RIFF"])
async def test_a_leg_without_any_audio_is_kept_with_no_duration(
    switch: Switch, db: Database, content: bytes
) -> None:
    await switch.connect()
    await switch.begin(CALL)
    switch.file(CALL).write_bytes(content)
    switch.touch(CALL)
    switch.clock.at += 5 * SECOND
    await switch.end(CALL)
    await switch.service.settled()
    row = (await rows(db))[CALL]
    assert (row.state, row.duration_ms, row.size) == (State.KEPT, 0, 44)
    with wave.open(str(switch.service.folder.at(row.path))) as file:
        assert file.getnframes() == 0


async def test_a_channel_that_ended_before_asterisk_opened_a_file_has_an_empty_one(
    switch: Switch, db: Database
) -> None:
    await switch.connect()
    await switch.begin(CALL)
    switch.clock.at += 300
    await switch.end(CALL)
    await switch.service.settled()
    row = (await rows(db))[CALL]
    assert (row.state, row.duration_ms, row.size) == (State.KEPT, 0, 44)
    assert await switch.service.check(full=True) == []


async def test_a_long_call_without_a_file_is_missing_and_alarmed(
    switch: Switch, db: Database, alarms: Alarms
) -> None:
    await switch.connect()
    await switch.begin(CALL)
    switch.clock.at += 5 * SECOND
    await switch.end(CALL)
    await switch.service.settled()
    assert (await rows(db))[CALL].state is State.MISSING
    assert f"recordings-missing-{CALL}" in alarms.shown


async def test_a_channel_recorded_twice_gives_two_recordings(switch: Switch, db: Database) -> None:
    await switch.connect()
    await switch.begin(CALL)
    first = switch.write(CALL, tone(1.0))
    await switch.service.handle(RecordingEnded(CALL))
    await switch.service.settled()
    await switch.begin(CALL)
    second = switch.write(CALL, tone(0.5, hertz=650))
    await switch.end(CALL)
    await switch.service.settled()
    found = await rows(db)
    assert set(found) == {CALL, CALL + "~2"}
    folder = switch.service.folder
    assert folder.at(found[CALL].path).read_bytes()[44:] == first
    assert folder.at(found[CALL + "~2"].path).read_bytes()[44:] == second


async def test_the_row_follows_the_channel_into_another_call(switch: Switch, db: Database) -> None:
    await switch.connect()
    await switch.begin(CALL, call="consultation", phone="desk-1001", number="1002")
    moved = Channel(
        CALL, "x", "call-1", ChannelState.UP, endpoint="desk-1001", connected_number="119"
    )
    await switch.service.handle(ChannelSeen(moved))
    await switch.service.settled()
    row = (await rows(db))[CALL]
    assert (row.call_id, row.number) == ("call-1", "119")


async def test_merged_calls_have_their_recordings_together(switch: Switch, db: Database) -> None:
    await switch.connect()
    await switch.record("1.1", call="old")
    await db.write(event_log.append, CallMerged("old", 1, "new"))
    events = event_log.EventLog(db)
    switch.service.follow(events)
    await events.start()
    await events.drained()
    await events.close()
    assert (await rows(db))["1.1"].call_id == "new"


# ---- after a crash --------------------------------------------------------------------------------------


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


# ---- retention and room ---------------------------------------------------------------------------------


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
    (line,) = await db.read(audit.page, act="recording.deleted")
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
