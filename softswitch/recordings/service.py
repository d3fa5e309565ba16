"""The recordings capability: follows the facts of the switch, writes the index, puts finished files away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from softswitch import ports
from softswitch.clock import Clock, Millis, now
from softswitch.errors import Refusal
from softswitch.events import CallMerged
from softswitch.recordings import model, store
from softswitch.recordings.alarms import Alarms, Show, show_nowhere
from softswitch.recordings.files import Folder
from softswitch.recordings.keeper import Keeper, OriginOf, unknown_origin
from softswitch.recordings.library import Library
from softswitch.recordings.model import CallId, Recording, RecordingId, Retention, State
from softswitch.recordings.retention import Cleaner
from softswitch.store.database import Database
from softswitch.store.event_log import Stored

log = logging.getLogger(__name__)

MEGABYTE = 1_000_000
CHECK_EVERY = 30.0
_RETENTION_EVERY: Millis = 3_600_000
_FULL_CHECK_EVERY: Millis = 24 * 3_600_000
_MOST_JOBS = 20_000

Job = Callable[[], Awaitable[None]]
ExtensionOf = Callable[[str], str | None]
"""Gives the extension of a phone (the endpoint of a channel); ``None``: not a phone of ours."""


class RecordingService:
    """Give it every fact of the switch by :meth:`handle`; it never delays and never refuses one.

    What goes wrong (database locked, disk full) is logged, alarmed, and made good by the periodic check; Asterisk
    records on meanwhile.
    """

    def __init__(
        self,
        db: Database,
        folder: Path,
        *,
        extension_of: ExtensionOf,
        origin_of: OriginOf = unknown_origin,
        clock: Clock = now,
        show_alarm: Show = show_nowhere,
        retention: Retention | None = None,
        floor_bytes: int = 1_000 * MEGABYTE,
    ) -> None:
        self._db = db
        self._extension_of = extension_of
        self._clock = clock
        self.folder = Folder(folder)
        self.alarms = Alarms(clock, show_alarm)
        self.library = Library(db, self.folder, clock)
        self._keeper = Keeper(db, self.folder, clock, origin_of, self.alarms)
        self._cleaner = Cleaner(
            db, self.folder, clock, self.alarms, retention or Retention(), floor_bytes
        )
        self._channels: dict[str, ports.Channel] = {}
        self._knows_channels = False
        self._recording: set[str] = set()
        self._jobs: asyncio.Queue[Job] = asyncio.Queue(_MOST_JOBS)
        self._dropped = 0
        self._wake = asyncio.Event()
        self._checks = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []
        self._finishing: set[asyncio.Task[None]] = set()
        self._room = model.Room(0, 0)
        self._counts: dict[str, int] = {}

    # ---- life ------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Make the folders and begin to work. The first check runs when the switch is connected."""
        await asyncio.to_thread(self.folder.create)
        self._tasks = [
            asyncio.create_task(self._work(), name="recordings-work"),
            asyncio.create_task(self._check_now_and_then(), name="recordings-check"),
        ]

    async def stop(self) -> None:
        """Finish what was begun, then end. A recording that is being put away may stay for the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, *self._finishing, return_exceptions=True)
        self._tasks = []

    async def settled(self) -> None:
        """Return when everything told so far is done: rows written, finished files put away."""
        await self._jobs.join()
        while self._finishing:
            await asyncio.wait(self._finishing)

    def status(self) -> dict[str, Any]:
        """Return the state for ``/api/status``; bytes, and how many recordings are in each state."""
        return {
            "running": len(self._recording),
            "waiting_jobs": self._jobs.qsize(),
            "dropped_jobs": self._dropped,
            "free_bytes": self._room.free,
            "floor_bytes": self._room.floor,
            "counts": self._counts,
            "alarms": self.alarms.standing(),
        }

    # ---- facts -----------------------------------------------------------------------------------------

    async def handle(self, fact: ports.SwitchFact) -> None:
        """Take note of a fact of the switch; returns at once, the work is done behind."""
        match fact:
            case ports.ChannelSeen(channel):
                self._seen(channel)
            case ports.RecordingBegan(channel_id, linked_id):
                self._began(channel_id, linked_id)
            case ports.RecordingEnded(channel_id):
                self._ended(channel_id)
            case ports.ChannelGone(channel_id):
                self._ended(channel_id)
                self._channels.pop(channel_id, None)
            case ports.Connected(channels=channels):
                self._channels = {channel.id: channel for channel in channels}
                self._knows_channels = True
                self._wake.set()
            case ports.Disconnected():
                self._knows_channels = False
            case _:
                pass

    async def handle_events(self, batch: Sequence[Stored]) -> None:
        """Take note of merged calls: the recordings of the one belong to the other. May be repeated."""
        for stored in batch:
            if isinstance(stored.event, CallMerged):
                old, new = CallId(stored.event.call_id), CallId(stored.event.into_call_id)
                await self._db.write(store.merge_call, old, new)

    def _seen(self, channel: ports.Channel) -> None:
        before = self._channels.get(channel.id)
        self._channels[channel.id] = channel
        if before is None or channel.id not in self._recording:
            return
        if self._about(before) != self._about(channel):
            self._do(partial(self._describe, channel))

    def _began(self, channel_id: str, linked_id: str) -> None:
        if not model.is_recording_id(channel_id):
            log.error("recordings: channel %r cannot be indexed", channel_id)
            return
        name = RecordingId(channel_id)
        channel = self._channels.get(channel_id)
        about = self._about(channel) if channel else {}
        row = Recording(
            id=name,
            channel_id=name,
            call_id=CallId(linked_id or about.get("call_id") or channel_id),
            state=State.RUNNING,
            began_at=self._clock(),
            extension=about.get("extension"),
            number=about.get("number", ""),
        )
        self._recording.add(channel_id)
        self._do(partial(self._index, row))

    def _ended(self, channel_id: str) -> None:
        if channel_id in self._recording:
            self._recording.discard(channel_id)
            self._do(partial(self._finish, RecordingId(channel_id), self._clock()))

    def _about(self, channel: ports.Channel) -> dict[str, Any]:
        """Return what a row says of a channel; ``number`` is the other party's for a desk, else the own."""
        extension = self._extension_of(channel.endpoint) if channel.endpoint else None
        other = channel.connected_number or channel.dialed
        return {
            "call_id": channel.linked_id,
            "extension": extension,
            "number": other if extension is not None else channel.caller_number,
        }

    # ---- work ------------------------------------------------------------------------------------------

    def _do(self, job: Job) -> None:
        try:
            self._jobs.put_nowait(job)
        except asyncio.QueueFull:
            self._dropped += 1  # the periodic check finds what this job would have done

    async def _work(self) -> None:
        while True:
            job = await self._jobs.get()
            try:
                await job()
            except Refusal as refusal:
                log.warning("recordings: %s", refusal)
            except Exception:
                log.exception("recordings: a job failed; the next check makes it good")
            finally:
                self._jobs.task_done()

    async def _index(self, row: Recording) -> None:
        await self._db.write(store.begin, row)

    async def _describe(self, channel: ports.Channel) -> None:
        await self._db.write(store.describe, RecordingId(channel.id), self._about(channel))

    async def _finish(self, channel_id: RecordingId, at: Millis) -> None:
        await self._db.write(store.end, channel_id, at)
        task = asyncio.create_task(self._keeper.carry_out([model.PutAway(channel_id)]))
        self._finishing.add(task)
        task.add_done_callback(self._finishing.discard)

    # ---- checks ----------------------------------------------------------------------------------------

    async def _check_now_and_then(self) -> None:
        full_at = cleaned_at = -_FULL_CHECK_EVERY
        while True:
            try:
                async with asyncio.timeout(CHECK_EVERY):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            try:
                full = self._clock() - full_at >= _FULL_CHECK_EVERY
                await self.check(full=full)
                full_at = self._clock() if full and self._knows_channels else full_at
                if self._clock() - cleaned_at >= _RETENTION_EVERY:
                    await self._cleaner.delete_due()
                    cleaned_at = self._clock()
            except Refusal as refusal:
                log.warning("recordings: the check waits: %s", refusal)
            except Exception:
                log.exception("recordings: the check failed and will be tried again")

    async def check(self, *, full: bool) -> list[model.Action]:
        """Make rows and files agree and look at the disk; return what there was to do.

        The quick check looks at what runs and at the spool; the full one at every row and every file.
        """
        async with self._checks:
            # Rows first, then files, then channels: what changes meanwhile leads at most to an act that finds
            # nothing to do, as every act looks again.
            spool = await asyncio.to_thread(self.folder.spooled)
            if full:
                rows = await self._db.read(store.everything)
                archive = await asyncio.to_thread(self.folder.archived)
            else:
                rows = await self._db.read(store.in_question, spool)
                archive = await asyncio.to_thread(self._archived_of, rows)
            live = frozenset(self._channels) if self._knows_channels else None
            plan = model.reconcile(rows, spool, archive, live)
            await self._keeper.carry_out(plan)
            if live is not None:
                running = await self._db.read(store.running_channels)
                self._recording |= running & frozenset(self._channels)
            self._room = await self._cleaner.watch_room()
            self._counts = await self._db.read(store.counts)
            return plan

    def _archived_of(self, rows: Sequence[Recording]) -> dict[RecordingId, str]:
        paths = {row.id: row.path or model.archive_path(row.id, row.began_at) for row in rows}
        return {name: path for name, path in paths.items() if self.folder.at(path).exists()}

    async def delete_due(self) -> int:
        """Delete what is past its retention now; return how many."""
        return await self._cleaner.delete_due()
