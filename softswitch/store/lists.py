"""The order of long lists, kept so that any place of them is as near as the first.

A database finds the place 90,000 by going past 90,000 rows, each time.  The keys of a list are gone through once
and kept, and a page is then read by its keys.  Writes leave the keys of what they change as notes: only those are
asked about again, so that a list stays at hand while calls come in.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import Connection

from softswitch.store.database import Database

MOST_LISTS = 16
"""Lists that are kept."""
MOST_KEYS = 1_000_000
"""Keys in all of them together, 100 to 170 bytes each; the list that was looked at last stays whatever its length."""
MOST_CHANGES = 500
"""A list with more changes than these, since it was looked at last, is gone through anew."""


class Key(Protocol):
    """What rows are told apart by, and stand in the order of."""

    def __lt__(self, other: Any, /) -> bool: ...
    def __hash__(self) -> int: ...


W = TypeVar("W", bound=Hashable)
K = TypeVar("K", bound=Key)
ReadKeys = Callable[[Connection, W, Collection[K] | None], list[K]]
"""Gives the keys of a list in rising order: all of them, or those of some rows that are in it."""


@dataclass(slots=True, eq=False)
class _Kept(Generic[K]):
    keys: list[K] | None = None
    changed: set[K] = field(default_factory=set)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Lists(Generic[W, K]):
    """The lists that were looked at last. ``topic``: of the notes with the keys of rows that changed.

    The key of a row never changes.
    """

    def __init__(
        self, db: Database, topic: str, read: ReadKeys[W, K], *, newest_first: bool = False
    ) -> None:
        self._db = db
        self._read = read
        self._newest_first = newest_first
        self._kept: OrderedDict[W, _Kept[K]] = OrderedDict()
        db.listen(topic, self._note)

    async def part(self, wanted: W, offset: int, limit: int) -> tuple[list[K], int]:
        """Return the keys from a place of a list on, in its order, and how long the list is."""
        kept = self._kept.setdefault(wanted, _Kept())
        self._kept.move_to_end(wanted)
        async with kept.lock:
            keys = await self._current(wanted, kept)
            self._keep_few()
            if not self._newest_first:
                return keys[offset : offset + limit], len(keys)
            end = max(0, len(keys) - offset)
            return keys[max(0, end - limit) : end][::-1], len(keys)

    async def _current(self, wanted: W, kept: _Kept[K]) -> list[K]:
        keys, changed = kept.keys, kept.changed
        # When the reading fails the list is gone through anew; what changes meanwhile is looked at the next time.
        kept.keys, kept.changed = None, set()
        if keys is None:
            keys = await self._db.read(self._read, wanted, None)
        elif changed:
            there = set(await self._db.read(self._read, wanted, sorted(changed)))
            for key in changed:
                _put(keys, key, there=key in there)
        kept.keys = keys
        return keys

    def _note(self, keys: Iterable[K]) -> None:
        changed = set(keys)
        for wanted, kept in list(self._kept.items()):
            kept.changed |= changed
            if len(kept.changed) > MOST_CHANGES:
                del self._kept[wanted]

    def _keep_few(self) -> None:
        total = sum(len(kept.keys or ()) for kept in self._kept.values())
        while len(self._kept) > 1 and (len(self._kept) > MOST_LISTS or total > MOST_KEYS):
            _, oldest = self._kept.popitem(last=False)
            total -= len(oldest.keys or ())


def _put(keys: list[K], key: K, *, there: bool) -> None:
    """Make a key be in an ordered list, or not be in it."""
    at = bisect_left(keys, key)
    found = at < len(keys) and keys[at] == key
    if there and not found:
        keys.insert(at, key)
    elif found and not there:
        del keys[at]


def raw(conn: Connection, query: Any) -> list[Any]:
    """Return rows as bare tuples: a hundred thousand wrapped ones would take the interpreter from calls."""
    cursor: Any = conn.execute(query).cursor
    return list(map(tuple, cursor.fetchall()))
