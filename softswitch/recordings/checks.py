"""The check that makes rows and files agree: at the start, when the switch is back, and now and then."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence

from softswitch.clock import Clock, Millis
from softswitch.errors import Refusal
from softswitch.recordings import model, store
from softswitch.recordings.files import Folder
from softswitch.recordings.jobs import Jobs
from softswitch.recordings.keeper import Keeper
from softswitch.recordings.model import Recording, RecordingId, Room
from softswitch.recordings.retention import Cleaner
from softswitch.store.database import Database

log = logging.getLogger(__name__)

EVERY_SECONDS = 30.0
STRAY: Millis = 10_000
"""A file that was written within this time is left alone: the facts about it may still be on their way."""

_RETENTION_EVERY: Millis = 3_600_000
_FULL_EVERY: Millis = 24 * 3_600_000

LiveChannels = Callable[[], frozenset[str] | None]


class Checks:
    """Runs the checks, one at a time. ``live`` gives the channels that are up, ``None``: not known now."""

    def __init__(
        self,
        db: Database,
        folder: Folder,
        clock: Clock,
        live: LiveChannels,
        jobs: Jobs,
        keeper: Keeper,
        cleaner: Cleaner,
        note_running: Callable[[frozenset[str]], None],
    ) -> None:
        self._db = db
        self._folder = folder
        self._clock = clock
        self._live = live
        self._jobs = jobs
        self._keeper = keeper
        self._cleaner = cleaner
        self._note_running = note_running
        self._wake = asyncio.Event()
        self._one = asyncio.Lock()
        self._full_at = self._cleaned_at = -_FULL_EVERY
        self.room = Room(0, 0)
        self.counts: dict[str, int] = {}

    def soon(self) -> None:
        """Ask for a check now."""
        self._wake.set()

    async def run(self) -> None:
        """Check now and then, and whenever asked; a check that fails is tried again."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EVERY_SECONDS):
                    await self._wake.wait()
            self._wake.clear()
            try:
                await self._regular()
            except Refusal as refusal:
                log.warning("recordings: the check waits: %s", refusal)
            except Exception:
                log.exception("recordings: the check failed and will be tried again")

    async def _regular(self) -> None:
        at, full = self._clock(), self._clock() - self._full_at >= _FULL_EVERY
        known = self._live() is not None
        await self.check(full=full)
        if full and known:
            self._full_at = at
        if at - self._cleaned_at >= _RETENTION_EVERY:
            await self._cleaner.delete_due()
            self._cleaned_at = at

    async def check(self, *, full: bool) -> list[model.Action]:
        """Make rows and files agree and look at the disk; return what there was to do.

        The quick check looks at what runs and at the spool; the full one at every row and every file.
        """
        async with self._one:
            spool = await asyncio.to_thread(self._folder.spooled)
            if full:
                rows = await self._db.read(store.everything)
                archive = await asyncio.to_thread(self._folder.archived)
            else:
                rows = await self._db.read(store.in_question, spool)
                archive = await asyncio.to_thread(self._archived_of, rows)
            fresh = await asyncio.to_thread(self._fresh, spool)
            # What changed since is met in one of two ways: it is in work, or the act looks again.
            plan = model.reconcile(rows, spool, archive, self._live())
            plan = self._due(plan, rows, fresh)
            await self._keeper.carry_out(plan)
            self._note_running(await self._db.read(store.running_channels))
            self._come_back_for(fresh)
            self.room = await self._cleaner.watch_room()
            self.counts = await self._db.read(store.counts)
            return plan

    def _archived_of(self, rows: Sequence[Recording]) -> dict[RecordingId, str]:
        paths = {row.id: row.path or model.archive_path(row.id, row.began_at) for row in rows}
        return {name: path for name, path in paths.items() if self._folder.at(path).exists()}

    def _fresh(self, spool: frozenset[RecordingId]) -> frozenset[RecordingId]:
        before = self._clock() - STRAY
        return frozenset(name for name in spool if (self._folder.last_write(name) or 0) > before)

    def _due(
        self,
        plan: list[model.Action],
        rows: Sequence[Recording],
        fresh: frozenset[RecordingId],
    ) -> list[model.Action]:
        channel_of = {row.id: row.channel_id for row in rows}

        def is_due(action: model.Action) -> bool:
            if isinstance(action, model.Index):
                return not self._jobs.concerns(action.channel_id)
            name = action.channel_id if isinstance(action, model.PutAway) else action.id
            channel = channel_of.get(name, name)
            return not self._jobs.concerns(channel) and channel not in fresh

        return [action for action in plan if is_due(action)]

    def _come_back_for(self, fresh: frozenset[RecordingId]) -> None:
        live = self._live()
        if live is not None and fresh - live:
            asyncio.get_running_loop().call_later(STRAY / 1000, self.soon)
