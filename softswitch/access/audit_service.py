"""Reading and verifying the audit log."""

from __future__ import annotations

import asyncio
from typing import Any

from softswitch.access import audit
from softswitch.access.audit_head import HeadFile
from softswitch.access.model import Actor
from softswitch.access.verify import VerifyResult, verify
from softswitch.store.database import Database


class Audit:
    """The capability to read the audit log and to verify its chain. ``head`` is ``<data>/audit.head``."""

    def __init__(self, db: Database, head: HeadFile) -> None:
        self._db = db
        self._head = head
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
        return await self._db.read(audit.page, after, limit, actor, act, before)

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
