"""Put finished recordings away and keep rows and files in agreement, whatever happened in between."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from softswitch.clock import Clock, Millis
from softswitch.recordings import model, store, wav
from softswitch.recordings.alarms import Alarms
from softswitch.recordings.events import archived, missing
from softswitch.recordings.files import Folder
from softswitch.recordings.model import CallId, Kept, Recording, RecordingId, State
from softswitch.store import event_log
from softswitch.store.database import Database

log = logging.getLogger(__name__)

QUIET: Millis = 2_000
"""A file of a channel that is gone and that nobody wrote to for so long has no writer any more.

Asterisk closes the file within milliseconds after the hang-up; a file it was killed on is never closed.
"""
NO_FILE: Millis = 1_000
"""A channel that ended within this time after its recording began may have none: Asterisk opens the file in a
thread of its own, which finds the channel gone. Nothing was said on it."""

_LOOK_EVERY = 0.02
_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Origin:
    """What else is known of a channel whose recording has no row."""

    call_id: str
    extension: str | None = None
    number: str = ""


OriginOf = Callable[[str], Awaitable[Origin | None]]


async def unknown_origin(_channel_id: str) -> Origin | None:
    """Know nothing: a recording without a row is then kept under the id of its own channel."""
    return None


class Keeper:
    """Carries out the plan of :func:`softswitch.recordings.model.reconcile`; each act may be repeated."""

    def __init__(
        self, db: Database, folder: Folder, clock: Clock, origin_of: OriginOf, alarms: Alarms
    ) -> None:
        self._db = db
        self._folder = folder
        self._clock = clock
        self._origin_of = origin_of
        self._alarms = alarms
        self._locks: dict[str, asyncio.Lock] = {}
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def carry_out(self, plan: list[model.Action]) -> None:
        """Do what a plan says, a few at once; one that fails is logged and met again by the next check."""
        async with asyncio.TaskGroup() as group:
            for action in plan:
                group.create_task(self._attempt(action))

    async def _attempt(self, action: model.Action) -> None:
        async with self._slots:
            try:
                await self._carry_out(action)
            except Exception:
                log.exception("recordings: %s failed; the next check tries again", action)

    async def _carry_out(self, action: model.Action) -> None:
        match action:
            case model.Index(channel_id):
                await self._row(channel_id)
            case model.PutAway(channel_id):
                await self.put_away(channel_id)
            case model.Complete(name, path):
                await self._complete(name, path)
            case model.MarkMissing(name):
                await self._mark_missing(name)
            case model.Remove(name, path):
                log.info("recordings: %s has expired; its file is removed now", name)
                await asyncio.to_thread(self._folder.remove, path)

    async def put_away(self, channel_id: RecordingId) -> None:
        """Move the finished file of a channel to the archive and complete its row."""
        async with self._alone(channel_id):
            if not await self._closed(channel_id):
                await self._without_file(channel_id)
                return
            row = await self._row(channel_id)
            path = model.archive_path(row.id, row.began_at)
            try:
                kept = await asyncio.to_thread(self._folder.put_away, channel_id, path)
            except FileExistsError:
                # We died between rename and row, and the channel was recorded once more after that.
                await self._complete(row.id, path)
                row = await self._row(channel_id)
                path = model.archive_path(row.id, row.began_at)
                kept = await asyncio.to_thread(self._folder.put_away, channel_id, path)
            await self._keep(row.id, kept)

    async def _closed(self, channel_id: RecordingId) -> bool:
        """Wait until nobody writes to the spool file of a channel; return whether there is one.

        A file that is expected and not there yet is waited for: Asterisk makes it in a thread of its own.
        """
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + QUIET / 1000
        while not await asyncio.to_thread(self._folder.is_closed, channel_id):
            written = await asyncio.to_thread(self._folder.last_write, channel_id)
            if written is not None and self._clock() - written >= QUIET:
                return True
            if written is None and (loop.time() >= give_up_at or not await self._runs(channel_id)):
                return False
            await asyncio.sleep(_LOOK_EVERY)
        return True

    async def _runs(self, channel_id: RecordingId) -> bool:
        rows = await self._db.read(store.of_channel, channel_id)
        return any(row.state is State.RUNNING for row in rows)

    async def _without_file(self, channel_id: RecordingId) -> None:
        """The spool has no file of a channel: it was put away before, or never was, or is lost."""
        for row in await self._db.read(store.of_channel, channel_id):
            if row.state is not State.RUNNING:
                continue
            path = model.archive_path(row.id, row.began_at)
            if await asyncio.to_thread(self._folder.at(path).exists):
                await self._complete(row.id, path)
            elif row.ended_at is not None and row.ended_at - row.began_at < NO_FILE:
                await self._keep(row.id, await asyncio.to_thread(self._folder.put_empty, path))
            else:
                await self._mark_missing(row.id)

    async def _row(self, channel_id: RecordingId) -> Recording:
        """Return the row of what a channel records; write it when it is not there."""
        for row in await self._db.read(store.of_channel, channel_id):
            if row.state is State.RUNNING:
                return row
        began = await asyncio.to_thread(self._beginning, self._folder.spool_file(channel_id))
        return await self._db.write(store.begin, await self._found(channel_id, began))

    async def _found(self, channel_id: RecordingId, began_at: Millis) -> Recording:
        origin = await self._origin_of(channel_id) or Origin(channel_id)
        return Recording(
            id=channel_id,
            channel_id=channel_id,
            call_id=CallId(origin.call_id),
            state=State.RUNNING,
            began_at=began_at,
            extension=origin.extension,
            number=origin.number,
        )

    def _beginning(self, file: Path) -> Millis:
        """Return when a file was begun: its last write less what it plays."""
        try:
            status = file.stat()
        except FileNotFoundError:
            return self._clock()
        return status.st_mtime_ns // 1_000_000 - wav.audio_of(status.st_size).duration_ms

    async def _complete(self, name: RecordingId, path: str) -> None:
        """Complete the row of a file that is in the archive already; write the row when there is none."""
        if await self._db.read(store.get, name) is None:
            began = await asyncio.to_thread(self._beginning, self._folder.at(path))
            await self._db.write(store.begin, await self._found(name, began))
        await self._keep(name, await asyncio.to_thread(self._folder.measure, path))

    async def _keep(self, name: RecordingId, kept: Kept) -> None:
        await self._db.write(_keep, name, kept, self._clock())
        self._alarms.drop(f"missing-{name}")

    async def _mark_missing(self, name: RecordingId) -> None:
        row = await self._db.read(store.get, name)
        if row is None or await asyncio.to_thread(self._has_file, row):
            return
        if await self._db.write(_mark_missing, name, self._clock()):
            log.error("recordings: the file of recording %s is missing", name)
            self._alarms.sound(
                f"missing-{name}",
                "recording_missing",
                f"The file of recording {name} (call {row.call_id}) is missing.",
                "Look for it in a backup and put it back at its place.",
            )

    def _has_file(self, row: Recording) -> bool:
        path = row.path or model.archive_path(row.id, row.began_at)
        spooled = row.state is State.RUNNING and self._folder.spool_file(row.channel_id).exists()
        return spooled or self._folder.at(path).exists()

    @contextlib.asynccontextmanager
    async def _alone(self, channel_id: RecordingId) -> AsyncIterator[None]:
        lock = self._locks.setdefault(channel_id, asyncio.Lock())
        try:
            async with lock:
                yield
        finally:
            if not lock.locked():
                self._locks.pop(channel_id, None)


def _keep(conn: Connection, name: RecordingId, kept: Kept, at: Millis) -> None:
    row = store.keep(conn, name, kept, at)
    if row is not None:
        event_log.append(conn, archived(row))


def _mark_missing(conn: Connection, name: RecordingId, at: Millis) -> bool:
    row = store.get(conn, name)
    news = row is not None and store.mark_missing(conn, name, at)
    if row is not None and news:
        event_log.append(conn, missing(row))
    return news
