"""A recording from its first second to its export: what is kept, by whom it may be heard, and with which sum."""

from __future__ import annotations

import hashlib
import wave

import pytest

from softswitch.events import CallMerged, RecordingArchived
from softswitch.ports import Channel, ChannelSeen, ChannelState, RecordingEnded
from softswitch.recordings.model import State
from softswitch.store import event_log
from softswitch.store.database import Database
from softswitch.store.event_rows import read_after
from tests.recordings.kit import (
    CALL,
    SECOND,
    Alarms,
    Switch,
    rows,
    tone,
)


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
