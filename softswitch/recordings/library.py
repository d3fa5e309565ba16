"""What people do with recordings: list, listen, look at, hold, verify.  Each listen is in the audit log first."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection

from softswitch.access import audit
from softswitch.access.model import Actor
from softswitch.clock import Clock, Millis
from softswitch.errors import Kind, Refusal, conflict, not_found
from softswitch.numbers import plain_text
from softswitch.recordings import store, wav, waveform
from softswitch.recordings.byterange import Part
from softswitch.recordings.files import Folder, checksum, read_part
from softswitch.recordings.model import Recording, RecordingId, State
from softswitch.store.database import Database
from softswitch.store.lists import Lists

RECENT: Millis = 30 * 60_000
"""What a desk sees of its own at once: the last 30 minutes."""

ONE_LISTENING: Millis = 10 * 60_000
"""Ranges that one person asks of one recording within this time are one listening: a player seeks."""

_MOST_LISTENINGS = 10_000


@dataclass(frozen=True, slots=True)
class Opened:
    """A recording ready to be sent: ``whole`` bytes, of which those before ``file_from`` stand in ``head``.

    A recording that is still running has its header computed from the length that it has now; what is
    written later is not part of what was opened.
    """

    recording: Recording
    file: Path
    whole: int
    head: bytes

    def read(self, part: Part) -> Iterator[bytes]:
        """Yield the bytes of a part. Blocking: iterate it in a thread."""
        if part.start < len(self.head):
            yield self.head[part.start : part.stop]
        start = max(part.start, len(self.head))
        if start < part.stop:
            yield from read_part(self.file, start, part.stop)


class Library:
    """The recordings as people use them."""

    def __init__(self, db: Database, folder: Folder, clock: Clock) -> None:
        self._db = db
        self._folder = folder
        self._clock = clock
        self._lists = Lists(db, store.RECORDINGS, store.keys, newest_first=True)
        self._listenings: dict[tuple[str, str, str], Millis] = {}

    async def get(self, name: RecordingId) -> Recording:
        """Return a recording or refuse."""
        row = await self._db.read(store.get, name)
        if row is None:
            raise not_found("recording", name, "Take the id from the list of recordings.")
        return row

    async def find(self, wanted: store.Filter) -> list[Recording]:
        """Return the recordings that a filter lets through, newest first."""
        return await self._db.read(store.find, wanted)

    async def part(
        self, wanted: store.Filter, offset: int, limit: int
    ) -> tuple[list[Recording], int]:
        """Return recordings from a place of the list on, newest first, and how long the list is."""
        keys, count = await self._lists.part(wanted, offset, limit)
        found = await self._db.read(store.by_ids, [name for _, name in keys])
        return [found[name] for _, name in keys if name in found], count

    async def of_legs(self, legs: Sequence[str]) -> list[dict[str, Any]]:
        """Return what was recorded of some legs, newest first, as it is shown."""
        rows = await self.find(store.Filter(limit=1000, legs=tuple(legs)))
        return [view(row) for row in rows]

    async def recent(self, extension: str) -> list[Recording]:
        """Return the last 30 minutes of a desk, running recordings included, newest first."""
        return await self._db.read(store.recent, extension, self._clock() - RECENT, 500)

    async def open(self, name: RecordingId) -> Opened:
        """Return a recording ready to be sent, or refuse with what became of it."""
        row = await self.get(name)
        file = await asyncio.to_thread(self._file, row)
        size = await asyncio.to_thread(_size, file)
        if size is None:
            # It ended in this instant and was moved.
            row = await self.get(name)
            file = await asyncio.to_thread(self._file, row)
            size = await asyncio.to_thread(_size, file)
        if size is None:
            raise _gone(row, "recording_missing", "is missing", "Tell an operator.")
        if row.state is State.KEPT:
            return Opened(row, file, size, b"")
        audio = wav.audio_of(size)
        return Opened(row, file, audio.file_bytes, wav.header(audio))

    def _file(self, row: Recording) -> Path:
        if row.state is State.EXPIRED:
            raise _gone(row, "recording_expired", "was deleted when its time was over", "")
        if row.state is State.MISSING:
            raise _gone(row, "recording_missing", "is missing", "Tell an operator.")
        if row.state is State.KEPT:
            return self._folder.at(row.path)
        return self._folder.spool_file(row.channel_id)

    async def note_listening(self, who: Actor, row: Recording, act: str) -> None:
        """Write into the audit log that somebody gets to hear a recording; call it before the first byte.

        Raises the refusal of the store when it cannot be written: then nobody listens.
        """
        key, at = (who.login, row.id, act), self._clock()
        if at - self._listenings.get(key, -ONE_LISTENING) < ONE_LISTENING:
            return
        await self.note(who, row, act)
        if len(self._listenings) >= _MOST_LISTENINGS:
            self._listenings.clear()  # the worst of it is a second line in the audit log
        self._listenings[key] = at

    async def note(self, who: Actor, row: Recording, act: str, **details: Any) -> None:
        """Write an act on a recording into the audit log."""
        await self._db.write(_audit, who, act, row, details)

    async def waveform(self, name: RecordingId, points: int) -> list[list[int]]:
        """Return ``points`` pairs (lowest, highest) in 1/127 of full scale.

        That of a finished recording is computed once, with 1,000 points, and kept with its row.
        """
        waveform.points_wanted(points)
        base = await self._db.read(store.waveform, name)
        if base is None:
            opened = await self.open(name)
            base = await asyncio.to_thread(_peaks, opened)
            if opened.recording.state is State.KEPT:
                await self._db.write(store.set_waveform, name, base)
        peaks = waveform.coarser(waveform.from_bytes(base), points)
        return [[int(low), int(high)] for low, high in peaks]

    async def set_hold(self, who: Actor, name: RecordingId, held: bool, reason: str) -> Recording:
        """Put a recording on legal hold or take the hold away; both take a reason and are audited."""
        why = plain_text(reason, "reason")
        if not why:
            raise Refusal(
                Kind.INVALID,
                "reason_needed",
                "A legal hold needs a reason.",
                "Give one.",
                field="reason",
            )
        row = await self.get(name)
        if row.state is State.EXPIRED:
            raise _gone(row, "recording_expired", "was deleted when its time was over", "")
        return await self._db.write(_hold, who, row, held, why)

    async def verify(self, name: RecordingId) -> dict[str, Any]:
        """Return whether the file of a recording is as it was put away: ``{ok, expected, found}``."""
        row = await self.get(name)
        if row.state is State.RUNNING:
            raise running(row)
        file = await asyncio.to_thread(self._file, row)
        try:
            found = await asyncio.to_thread(checksum, file)
        except FileNotFoundError:
            raise _gone(row, "recording_missing", "is missing", "Tell an operator.") from None
        return {"id": row.id, "ok": found == row.sha256, "expected": row.sha256, "found": found}


def running(row: Recording) -> Refusal:
    """Return the refusal of what only a finished recording can do."""
    return conflict(
        "recording_running", f"Recording {row.id} is still running.", "Try again after the call."
    )


def view(row: Recording) -> dict[str, Any]:
    """Return a recording as the API shows it; times in milliseconds since 1970 UTC, ``size`` in bytes."""
    return {
        "id": row.id,
        "call_id": row.call_id,
        "leg_id": row.channel_id,
        "state": row.state.value,
        "began_at": row.began_at,
        "ended_at": row.ended_at,
        "extension": row.extension,
        "number": row.number,
        "size": row.size,
        "duration_ms": row.duration_ms,
        "sha256": row.sha256 or None,
        "repaired": row.repaired,
        "hold": row.held,
        "hold_reason": row.hold_reason or None,
    }


def _gone(row: Recording, code: str, what: str, next_step: str) -> Refusal:
    return Refusal(Kind.GONE, code, f"Recording {row.id} {what}.", next_step)


def _size(file: Path) -> int | None:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return None


def _peaks(opened: Opened) -> bytes:
    count = wav.audio_of(opened.whole).data_bytes // wav.BYTES_PER_SAMPLE
    if count == 0:
        return waveform.as_bytes(waveform.peaks(np.zeros(0, dtype=np.int16)))
    samples = np.memmap(opened.file, dtype="<i2", mode="r", offset=wav.HEADER_BYTES, shape=(count,))
    return waveform.as_bytes(waveform.peaks(samples))


def _audit(conn: Connection, who: Actor, act: str, row: Recording, details: dict[str, Any]) -> None:
    known = {"call_id": row.call_id, "address": who.address, "via": who.via}
    audit.append(conn, who.login, act, row.id, {**known, **details})


def _hold(conn: Connection, who: Actor, row: Recording, held: bool, reason: str) -> Recording:
    store.hold(conn, row.id, held, reason if held else "")
    act = "recording.held" if held else "recording.released"
    _audit(conn, who, act, row, {"reason": reason})
    now = store.get(conn, row.id)
    assert now is not None
    return now
