"""What a recording is, and the decisions about it, as pure values and functions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import NewType

from softswitch.clock import Millis
from softswitch.errors import invalid
from softswitch.numbers import quoted

RecordingId = NewType("RecordingId", str)
"""The id of a recording: the id of the channel it was made on; a later one on that channel has ``~2``, ``~3``."""

CallId = NewType("CallId", str)
"""The id of a call: Asterisk's linkedid."""

DAY: Millis = 86_400_000
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,159}")


class State(StrEnum):
    """Where a recording stands."""

    RUNNING = "running"
    KEPT = "kept"
    MISSING = "missing"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording. ``path`` is relative to the folder of recordings; empty while it runs."""

    id: RecordingId
    channel_id: RecordingId
    call_id: CallId
    state: State
    began_at: Millis
    ended_at: Millis | None = None
    extension: str | None = None
    number: str = ""
    path: str = ""
    size: int = 0
    duration_ms: int = 0
    sha256: str = ""
    repaired: bool = False
    held: bool = False
    hold_reason: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of a file after it was put away. ``sha256`` is in hexadecimal digits."""

    path: str
    size: int
    duration_ms: int
    sha256: str
    repaired: bool


def recording_id(text: str, field: str = "id") -> RecordingId:
    """Return ``text`` as the id of a recording or refuse it. No such id can leave its folder."""
    if not is_recording_id(text):
        raise invalid(
            "bad_recording_id",
            f"{quoted(text)} is not the id of a recording.",
            "Take it from the list of recordings.",
            field=field,
        )
    return RecordingId(text)


def is_recording_id(text: str) -> bool:
    """Return whether ``text`` may be the id of a recording."""
    return _ID.fullmatch(text) is not None


def part_id(channel_id: RecordingId, part: int) -> RecordingId:
    """Return the id of the ``part``-th recording made on one channel, counted from 1."""
    return channel_id if part == 1 else RecordingId(f"{channel_id}~{part}")


def archive_path(recording: RecordingId, began_at: Millis) -> str:
    """Return where a recording is put away: ``archive/YYYY/MM/DD/<id>.wav`` by the day it began, in UTC."""
    day = datetime.fromtimestamp(began_at / 1000, UTC)
    return f"archive/{day:%Y/%m/%d}/{recording}.wav"


# ---- what to do about files and rows that do not agree ---------------------------------------------------


@dataclass(frozen=True, slots=True)
class Index:
    """Write the row of a recording that runs without one."""

    channel_id: RecordingId


@dataclass(frozen=True, slots=True)
class PutAway:
    """Move a finished file from the spool to the archive and complete (or write) its row."""

    channel_id: RecordingId


@dataclass(frozen=True, slots=True)
class Complete:
    """The file is in the archive already (we died before the row was written): complete or write the row."""

    id: RecordingId
    path: str


@dataclass(frozen=True, slots=True)
class MarkMissing:
    """The file of a row is nowhere."""

    id: RecordingId


@dataclass(frozen=True, slots=True)
class Remove:
    """The row says expired, the file is still there (we died between the two)."""

    id: RecordingId
    path: str


Action = Index | PutAway | Complete | MarkMissing | Remove


def reconcile(
    rows: Iterable[Recording],
    spool: frozenset[RecordingId],
    archive: Mapping[RecordingId, str],
    live: frozenset[str] | None,
) -> list[Action]:
    """Return what makes rows and files agree; nothing when they do.

    ``spool`` holds channel ids, ``archive`` the path of each recording there, ``live`` the channels that are up
    (``None``: not known now, so nothing that may still run is touched).
    """
    known = {row.id: row for row in rows}
    running = {row.channel_id for row in known.values() if row.state is State.RUNNING}
    plan = [_about_spool(channel, running, live) for channel in sorted(spool)]
    plan += [_about_archive(name, path, known.get(name)) for name, path in sorted(archive.items())]
    plan += [_about_row(row, spool, archive, live) for _, row in sorted(known.items())]
    return [action for action in plan if action is not None]


def _about_spool(
    channel: RecordingId, running: set[RecordingId], live: frozenset[str] | None
) -> Action | None:
    if live is None:
        return None
    if channel not in live:
        return PutAway(channel)
    return None if channel in running else Index(channel)


def _about_archive(name: RecordingId, path: str, row: Recording | None) -> Action | None:
    if row is None or row.state in (State.RUNNING, State.MISSING):
        return Complete(name, path)
    return Remove(name, path) if row.state is State.EXPIRED else None


def _about_row(
    row: Recording,
    spool: frozenset[RecordingId],
    archive: Mapping[RecordingId, str],
    live: frozenset[str] | None,
) -> Action | None:
    if row.id in archive:
        return None
    if row.state is State.KEPT:
        return MarkMissing(row.id)
    if row.state is not State.RUNNING or live is None:
        return None
    gone = row.channel_id not in spool and row.channel_id not in live
    return MarkMissing(row.id) if gone else None


# ---- retention -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Retention:
    """How long recordings are kept: ``days`` at least (``None``: for ever)."""

    days: int | None = None

    def __post_init__(self) -> None:
        if self.days is not None and self.days < 1:
            raise invalid(
                "bad_retention",
                f"Recordings cannot be kept for {self.days} days.",
                "Give at least 1 day, or none to keep them for ever.",
                field="days",
            )

    def ends_before(self, at: Millis) -> Millis | None:
        """Return the instant before which a recording must have ended to be deleted at ``at``."""
        return None if self.days is None else at - self.days * DAY


def past_retention(
    rows: Iterable[Recording], retention: Retention, at: Millis
) -> Sequence[Recording]:
    """Return what may be deleted at ``at``, oldest first: kept, past its days, and under no legal hold."""
    limit = retention.ends_before(at)
    if limit is None:
        return []
    due = (
        row
        for row in rows
        if row.state is State.KEPT and not row.held and (row.ended_at or row.began_at) < limit
    )
    return sorted(due, key=lambda row: (row.began_at, row.id))


# ---- room on the disk ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Room:
    """Free space of the disk and the floor below which an alarm is raised, in bytes."""

    free: int
    floor: int

    @property
    def is_short(self) -> bool:
        """Return whether an alarm is due."""
        return self.free < self.floor
