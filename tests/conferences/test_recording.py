"""Which legs of a room are recorded: whatever the board has learned of them by then."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from softswitch.conferences.model import MemberState
from softswitch.conferences.recording import RoomRecording
from softswitch.conferences.room import Room, RoomMember
from softswitch.ports import ActFailed


class Recorder:
    """Takes orders to record, or refuses them all."""

    def __init__(self) -> None:
        self.began: list[tuple[str, str]] = []
        self.ended: list[str] = []
        self.refuses = False

    async def record(self, name: str, channel_id: str) -> None:
        if self.refuses:
            raise ActFailed("no such channel")
        self.began.append((name, channel_id))

    async def stop_recording(self, name: str) -> None:
        self.ended.append(name)


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def recording(recorder: Recorder) -> RoomRecording:
    async def quietly(act: Any) -> None:
        await act

    center = SimpleNamespace(
        board=SimpleNamespace(legs={}),  # it has heard of no channel yet
        book=SimpleNamespace(is_desk=lambda extension: extension == "1001"),
        engine=SimpleNamespace(plain=recorder, quietly=quietly),
    )
    members: dict[str, RoomMember] = {}
    return RoomRecording(SimpleNamespace(center=center, by_channel=members))  # type: ignore[arg-type]


def member(recording: RoomRecording, number: str) -> RoomMember:
    made = RoomMember(
        number, "r", number, extension=number, state=MemberState.IN,
        channel_id=f"{number}-0-0", channel_name=f"PJSIP/{number}-00000001",
    )  # fmt: skip
    recording._books.by_channel[f"{number}-0-0"] = made
    return made


async def test_a_leg_that_the_board_does_not_know_yet_is_recorded_once(
    recording: RoomRecording, recorder: Recorder
) -> None:
    desk = member(recording, "1001")
    await recording.record(desk)
    await recording.record(desk)
    assert recorder.began == [("PJSIP/1001-00000001", "1001-0-0")]


async def test_one_that_could_not_be_recorded_is_tried_again(
    recording: RoomRecording, recorder: Recorder
) -> None:
    desk = member(recording, "1001")
    recorder.refuses = True
    await recording.record(desk)
    assert not desk.recorded
    recorder.refuses = False
    await recording.record(desk)
    assert desk.recorded


async def test_the_recording_of_a_room_ends_and_desks_stay_on_record(
    recording: RoomRecording, recorder: Recorder
) -> None:
    desk, phone = member(recording, "1001"), member(recording, "2001")
    room = Room("r", "801", "Hall", recording=True, members={m.id: m for m in (desk, phone)})
    await recording.record(desk)
    await recording.record(phone)
    await recording.stop(room)
    assert recorder.ended == ["PJSIP/2001-00000001"]
    assert (desk.recorded, phone.recorded) == (True, False)
