"""The durable facts about recordings, made from rows."""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.clock import Millis, now
from softswitch.events import Fact, RecordingArchived, RecordingDeleted, fact
from softswitch.recordings.model import Recording

__all__ = ["RecordingMissing", "archived", "deleted", "missing"]


@fact("recording.missing", right="recording.listen")
@dataclass(frozen=True, slots=True)
class RecordingMissing(Fact):
    """The file of a recording is nowhere."""

    recording_id: str
    call_id: str
    at: Millis


def archived(row: Recording) -> RecordingArchived:
    """Return the fact that a recording was put away."""
    return RecordingArchived(
        recording_id=row.id,
        call_id=row.call_id,
        leg_id=row.channel_id,
        at=row.ended_at or row.began_at,
        path=row.path,
        milliseconds=row.duration_ms,
        sha256=row.sha256,
        extension=row.extension or "",
    )


def missing(row: Recording) -> RecordingMissing:
    """Return the fact that the file of a recording is nowhere."""
    return RecordingMissing(row.id, row.call_id, now())


def deleted(row: Recording, at: Millis) -> RecordingDeleted:
    """Return the fact that the file of a recording was deleted because its time was over."""
    return RecordingDeleted(row.id, at)
