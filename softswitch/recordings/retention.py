"""Delete what has been kept long enough, and watch the room on the disk."""

from __future__ import annotations

import asyncio
import logging

from sqlalchemy import Connection

from softswitch.access import audit
from softswitch.access.model import SYSTEM_LOGIN
from softswitch.clock import Clock, Millis
from softswitch.recordings import model, store
from softswitch.recordings.alarms import Alarms
from softswitch.recordings.events import deleted
from softswitch.recordings.files import Folder
from softswitch.recordings.model import Recording, Retention, Room
from softswitch.store import event_log
from softswitch.store.database import Database

log = logging.getLogger(__name__)
_AT_A_TIME = 500


class Cleaner:
    """Deletes recordings past their retention, oldest first; what is on legal hold stays.

    Nothing younger than the retention is ever deleted to make room: evidence goes before room, and the alarm
    tells an operator in time.
    """

    def __init__(
        self,
        db: Database,
        folder: Folder,
        clock: Clock,
        alarms: Alarms,
        retention: Retention,
        floor_bytes: int,
    ) -> None:
        self._db = db
        self._folder = folder
        self._clock = clock
        self._alarms = alarms
        self._retention = retention
        self._floor = floor_bytes

    async def delete_due(self) -> int:
        """Delete everything whose time is over; return how many."""
        limit = self._retention.ends_before(self._clock())
        number = 0
        while limit is not None:
            rows = await self._db.read(store.kept_and_free, limit, _AT_A_TIME)
            due = model.past_retention(rows, self._retention, self._clock())
            for row in due:
                number += await self._delete(row)
            if len(rows) < _AT_A_TIME:
                break
        return number

    async def _delete(self, row: Recording) -> bool:
        # The row and the audit line come first: a file that outlives them is removed by the next check, while a
        # row without a file would look like a lost recording.
        if not await self._db.write(_expire, row, self._clock(), self._retention.days or 0):
            return False
        await asyncio.to_thread(self._folder.remove, row.path)
        return True

    async def watch_room(self) -> Room:
        """Look at the free space, raise or drop the alarm, and when it is short delete what is due now."""
        room = Room(await asyncio.to_thread(self._folder.free_bytes), self._floor)
        if room.is_short:
            number = await self.delete_due()
            log.warning("recordings: %d bytes free; %d old recordings deleted", room.free, number)
            room = Room(await asyncio.to_thread(self._folder.free_bytes), self._floor)
        if room.is_short:
            self._alarms.sound(
                "disk",
                "recordings_disk_low",
                f"Only {room.free // 1_000_000} MB are free for recordings "
                f"(the floor is {room.floor // 1_000_000} MB).",
                "Export and delete data, shorten the retention, or give the disk more room.",
            )
        else:
            self._alarms.drop("disk")
        return room


def _expire(conn: Connection, row: Recording, at: Millis, days: int) -> bool:
    if not store.expire(conn, row.id):
        return False
    audit.append(
        conn,
        SYSTEM_LOGIN,
        "recording.deleted",
        row.id,
        {
            "call_id": row.call_id,
            "path": row.path,
            "sha256": row.sha256,
            "retention_days": days,
        },
    )
    event_log.append(conn, deleted(row, at))
    return True
