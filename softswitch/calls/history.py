"""The history of calls: found by number, kind and time, newest first, at any place of the whole list."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from softswitch.calls.store import CALLS, calls
from softswitch.clock import Millis
from softswitch.store.database import Database
from softswitch.store.lists import Lists, raw

Started = tuple[Millis, str]
"""When a call started, and its id: the order of the history."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which calls a list shows: ``number`` is that of the caller or the called; ``until`` itself is not in it."""

    number: str = ""
    kind: str | None = None
    since: Millis | None = None
    until: Millis | None = None


class History:
    """Calls as they are looked up."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._lists = Lists(db, CALLS, keys, newest_first=True)

    async def page(
        self, wanted: Wanted, before: Millis | None = None, limit: int = 100
    ) -> list[dict[str, Any]]:
        """Return calls, newest first; with ``before`` those that started before an instant."""
        return await self._db.read(page, wanted, before, limit)

    async def part(
        self, wanted: Wanted, offset: int, limit: int
    ) -> tuple[list[dict[str, Any]], int]:
        """Return calls from a place of the list on, newest first, and how long the list is."""
        found, count = await self._lists.part(wanted, offset, limit)
        rows = await self._db.read(by_ids, [call_id for _, call_id in found])
        return [rows[call_id] for _, call_id in found if call_id in rows], count


def page(
    conn: Connection, wanted: Wanted, before: Millis | None, limit: int
) -> list[dict[str, Any]]:
    """Return the newest calls, or the newest of those that started before an instant."""
    query = _where(select(calls), wanted)
    if before is not None:
        query = query.where(calls.c.started_at < before)
    query = query.order_by(calls.c.started_at.desc(), calls.c.id.desc()).limit(limit)
    return [dict(row) for row in conn.execute(query).mappings()]


def keys(
    conn: Connection, wanted: Wanted, among: Collection[Started] | None = None
) -> list[Started]:
    """Return the keys of all that a list shows, or of those of them that are ``among`` some, oldest first."""
    query = _where(select(calls.c.started_at, calls.c.id), wanted)
    if among is not None:
        query = query.where(calls.c.id.in_([call_id for _, call_id in among]))
    return raw(conn, query.order_by(calls.c.started_at, calls.c.id))


def by_ids(conn: Connection, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return some calls by their ids."""
    rows = conn.execute(select(calls).where(calls.c.id.in_(list(ids)))).mappings()
    return {row["id"]: dict(row) for row in rows}


def _where(query: Any, wanted: Wanted) -> Any:
    query = query.where(calls.c.merged_into.is_(None))
    if wanted.number:
        caller, called = calls.c.caller_number, calls.c.called_number
        query = query.where((caller == wanted.number) | (called == wanted.number))
    if wanted.kind:
        query = query.where(calls.c.kind == wanted.kind)
    if wanted.since is not None:
        query = query.where(calls.c.started_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(calls.c.started_at < wanted.until)
    return query
