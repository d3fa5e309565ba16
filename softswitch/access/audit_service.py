"""Reading and verifying the audit log."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

from softswitch.access import audit
from softswitch.access.audit_head import HeadFile
from softswitch.access.model import Actor
from softswitch.access.verify import VerifyResult, verify
from softswitch.store.database import Database
from softswitch.store.lists import Lists


class Audit:
    """The capability to read the audit log and to verify its chain. ``head`` is ``<data>/audit.head``."""

    def __init__(self, db: Database, head: HeadFile) -> None:
        self._db = db
        self._head = head
        self._lists = Lists(db, audit.ROWS, audit.keys, newest_first=True)
        db.listen_in_writer(audit.TOPIC, head.write)

    async def page(
        self,
        after: int = 0,
        limit: int = 100,
        actor: str = "",
        act: str = "",
        before: int | None = None,
    ) -> list[dict[str, Any]]:
        """Return rows after ``after``, oldest first; with ``before`` those before it, newest first."""
        return await self._db.read(audit.page, after, limit, audit.Wanted(actor, act), before)

    async def part(
        self, offset: int, limit: int, actor: str = "", act: str = ""
    ) -> tuple[list[dict[str, Any]], int]:
        """Return rows from a place of the list on, newest first, and how long the list is."""
        seqs: Collection[int]
        if actor or act:
            seqs, count = await self._lists.part(audit.Wanted(actor, act), offset, limit)
        else:  # Rows are numbered without a gap: the place tells the number.
            head = await self._db.read(audit.head)
            count = head.count if head is not None else 0
            last = count - offset
            seqs = range(max(last - limit, 0) + 1, last + 1)
        return await self._db.read(audit.by_seqs, seqs), count

    async def verify(self) -> VerifyResult:
        """Follow the chain from the first row to the head in the database and the head in the file."""
        # The file first: what it knows must be in the picture of the database that is read after it.
        side = await asyncio.to_thread(self._head.read)
        return await self._db.read(verify, side)

    async def verify_for(self, actor: Actor) -> VerifyResult:
        """Verify, and note in the log that ``actor`` did and what came out."""
        result = await self.verify()
        details = {"ok": result.ok, "rows": result.rows, "broken_at": result.broken_at}
        await self._db.write(audit.append, actor.login, "audit.verified", "", details)
        return result
