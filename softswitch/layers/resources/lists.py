"""The order of long lists, kept so that any place of them is as near as the first.

A database finds the place 90,000 by going past 90,000 rows, each time.  The codes of a list are gone through once,
kept until a resource changes, and a page is then read by its codes.
"""

from __future__ import annotations

from collections import OrderedDict

from softswitch.layers.resources import store
from softswitch.store.database import Database

MOST_LISTS = 16
"""Lists that are kept; one of 100,000 codes takes about 10 MB."""


class Lists:
    """The codes of the lists that were looked at last."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._kept: OrderedDict[store.Wanted, list[str]] = OrderedDict()
        self._changes = 0
        db.listen(store.RESOURCES, self._forget)

    async def of(self, wanted: store.Wanted) -> list[str]:
        """Return the codes of a list, in order; nobody changes them."""
        kept = self._kept.get(wanted)
        if kept is not None:
            self._kept.move_to_end(wanted)
            return kept
        before = self._changes
        found = await self._db.read(store.codes, wanted)
        if before == self._changes:
            self._kept[wanted] = found
            while len(self._kept) > MOST_LISTS:
                self._kept.popitem(last=False)
        return found

    def _forget(self, _note: object) -> None:
        self._kept.clear()
        self._changes += 1
