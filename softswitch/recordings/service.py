"""The recordings capability: follows the facts of the switch, writes the index, puts finished files away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from softswitch import ports
from softswitch.clock import Clock, Millis, now
from softswitch.events import CallMerged
from softswitch.recordings import model, store
from softswitch.recordings.alarms import Alarms, Show, show_nowhere
from softswitch.recordings.checks import Checks
from softswitch.recordings.files import Folder
from softswitch.recordings.jobs import Jobs
from softswitch.recordings.keeper import Keeper, Origin, OriginOf, unknown_origin
from softswitch.recordings.library import Library
from softswitch.recordings.model import CallId, Recording, RecordingId, Retention, State
from softswitch.recordings.retention import Cleaner
from softswitch.store.database import Database
from softswitch.store.event_log import EventLog, Stored

log = logging.getLogger(__name__)

MEGABYTE = 1_000_000
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
        self._origin_of = origin_of
        self._clock = clock
        self.folder = Folder(folder)
        self.alarms = Alarms(clock, show_alarm)
        self.library = Library(db, self.folder, clock)
        self._keeper = Keeper(db, self.folder, clock, self._origin, self.alarms)
        self._cleaner = Cleaner(
            db, self.folder, clock, self.alarms, retention or Retention(), floor_bytes
        )
        self._channels: dict[str, ports.Channel] = {}
        self._knows_channels = False
        self._recording: set[str] = set()
        self._jobs = Jobs()
        self._tasks: list[asyncio.Task[None]] = []
        self._checks = Checks(
            db,
            self.folder,
            clock,
            self._live,
            self._jobs,
            self._keeper,
            self._cleaner,
            self._note_running,
        )

    # ---- life ------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Make the folders and begin to work. The first check runs when the switch is connected."""
        await asyncio.to_thread(self.folder.create)
        self._tasks = [
            asyncio.create_task(self._jobs.run(), name="recordings-work"),
            asyncio.create_task(self._checks.run(), name="recordings-check"),
        ]

    async def stop(self) -> None:
        """Finish what was begun, then end. A recording that is being put away may stay for the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._jobs.stop()
        self._tasks = []

    async def settled(self) -> None:
        """Return when everything told so far is done: rows written, finished files put away."""
        await self._jobs.settled()

    def status(self) -> dict[str, Any]:
        """Return the state for ``/api/status``; bytes, and how many recordings are in each state."""
        return {
            "running": len(self._recording),
            "waiting_jobs": self._jobs.waiting(),
            "dropped_jobs": self._jobs.dropped,
            "free_bytes": self._checks.room.free,
            "floor_bytes": self._checks.room.floor,
            "counts": self._checks.counts,
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
                for channel_id in self._recording - self._channels.keys():
                    self._ended(channel_id)
                self._checks.soon()
            case ports.Disconnected():
                self._knows_channels = False
            case _:
                pass

    def follow(self, events: EventLog) -> None:
        """Follow merged calls: the recordings of the one then belong to the other. Before ``events.start()``."""
        events.apply("recordings", [CallMerged], _merge_calls)

    def _seen(self, channel: ports.Channel) -> None:
        before = self._channels.get(channel.id)
        self._channels[channel.id] = channel
        if before is None or channel.id not in self._recording:
            return
        if self._about(before) != self._about(channel):
            self._jobs.put(channel.id, partial(self._describe, channel))

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
        self._jobs.put(channel_id, partial(self._index, row))

    def _ended(self, channel_id: str) -> None:
        if channel_id in self._recording:
            self._recording.discard(channel_id)
            self._jobs.put(
                channel_id, partial(self._finish, RecordingId(channel_id), self._clock())
            )

    def _about(self, channel: ports.Channel) -> dict[str, Any]:
        """Return what a row says of a channel; ``number`` is the other party's for a desk, else the own."""
        extension = self._extension_of(channel.endpoint) if channel.endpoint else None
        other = channel.connected_number or channel.dialed
        return {
            "call_id": channel.linked_id,
            "extension": extension,
            "number": other if extension is not None else channel.caller_number,
        }

    def _live(self) -> frozenset[str] | None:
        return frozenset(self._channels) if self._knows_channels else None

    def _note_running(self, channel_ids: frozenset[str]) -> None:
        """Remember what was recording before we started, so that its end is noticed."""
        self._recording |= channel_ids & frozenset(self._channels)

    async def _origin(self, channel_id: str) -> Origin | None:
        channel = self._channels.get(channel_id)
        if channel is None:
            return await self._origin_of(channel_id)
        return Origin(**self._about(channel))

    # ---- work ------------------------------------------------------------------------------------------

    async def _index(self, row: Recording) -> None:
        await self._db.write(store.begin, row)

    async def _describe(self, channel: ports.Channel) -> None:
        await self._db.write(store.describe, RecordingId(channel.id), self._about(channel))

    async def _finish(self, channel_id: RecordingId, at: Millis) -> None:
        await self._db.write(store.end, channel_id, at)
        self._jobs.beside(channel_id, partial(self._keeper.put_away, channel_id))

    async def check(self, *, full: bool) -> list[model.Action]:
        """Make rows and files agree now; return what there was to do. See :class:`Checks`."""
        return await self._checks.check(full=full)

    async def delete_due(self) -> int:
        """Delete what is past its retention now; return how many."""
        return await self._cleaner.delete_due()


def _merge_calls(conn: Connection, batch: Sequence[Stored]) -> None:
    for stored in batch:
        if isinstance(stored.event, CallMerged):
            store.merge_call(conn, CallId(stored.event.call_id), CallId(stored.event.into_call_id))
