"""Whose number it is: the registry, found by any way to write a number, imported by the hundred thousand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from softswitch import numbers
from softswitch.access.model import SYSTEM_LOGIN, Actor
from softswitch.clock import Clock, now
from softswitch.directory import store
from softswitch.directory.ledger import Hand, difference, shown, tell
from softswitch.directory.lookup import candidates, canonical
from softswitch.directory.model import RegistryEntry, check_registry
from softswitch.errors import Kind, Refusal, conflict
from softswitch.numbers import PhoneNumber
from softswitch.store.database import Database

LONGEST_PAGE = 1_000
_MOST_KEPT = 1_000
"""Numbers whose answer is kept: a caller is looked up for the queue, for his incident and for the map."""


class RegistryService:
    """Names and addresses of numbers. ``area_code`` tells our own area code, as it is now."""

    def __init__(
        self, db: Database, *, area_code: Callable[[], str] = str, clock: Clock = now
    ) -> None:
        self.db = db
        self._area_code = area_code
        self._clock = clock
        self._kept: dict[tuple[str, ...], RegistryEntry | None] = {}
        db.listen(store.REGISTRY, self._forget)

    async def look_up(self, number: str) -> RegistryEntry | None:
        """Return the entry of a caller however the number is written, None for an unknown one.

        At most one read by primary key; never raises for a number that makes no sense.
        """
        forms = tuple(candidates(number, self._area_code()))
        kept = self._kept
        if forms not in kept:
            found = await self.db.read(store.registry_entries, forms)
            if len(kept) >= _MOST_KEPT:
                del kept[next(iter(kept))]
            # Where the registry was changed meanwhile, these answers are kept no more.
            kept[forms] = next((found[form] for form in forms if form in found), None)
        return kept[forms]

    def _forget(self, _changed: object) -> None:
        self._kept = {}

    async def page(self, query: str = "", after: str = "", limit: int = 100) -> list[RegistryEntry]:
        """Return entries behind the number ``after``, in order of number, that hold ``query``."""
        return await self.db.read(
            store.registry_page, query, after, max(1, min(limit, LONGEST_PAGE))
        )

    async def add(self, actor: Actor | None, entry: RegistryEntry) -> RegistryEntry:
        """Add an entry. Raises ``registry_entry_taken``."""
        return await self.db.write(_add, self.hand(actor), self.tidied(entry))

    async def change(
        self, actor: Actor | None, number: str, fields: Mapping[str, Any]
    ) -> RegistryEntry:
        """Change name, address or note. Raises ``registry_entry_not_found``."""
        key = self.key(number)
        return await self.db.write(_change, self.hand(actor), key, fields)

    async def remove(self, actor: Actor | None, number: str) -> None:
        """Remove an entry. Raises ``registry_entry_not_found``."""
        await self.db.write(_remove, self.hand(actor), self.key(number))

    def tidied(self, entry: RegistryEntry) -> RegistryEntry:
        """Return a valid entry under its canonical number, or refuse it."""
        return check_registry(replace(entry, number=PhoneNumber(self.key(entry.number))))

    def key(self, number: str) -> str:
        """Return the number under which an entry is stored."""
        return canonical(numbers.phone_number(number), self._area_code())

    def hand(self, actor: Actor | None) -> Hand:
        """Return who acts now."""
        return Hand(actor.login if actor else SYSTEM_LOGIN, self._clock())


def _add(conn: Connection, hand: Hand, entry: RegistryEntry) -> RegistryEntry:
    if store.registry_entries(conn, [entry.number]):
        raise conflict(
            "registry_entry_taken",
            f"{entry.number} is in the registry already.",
            f"Change {entry.number} instead.",
        )
    store.put_registry(conn, entry)
    tell(conn, hand, "registry", "added", entry.number, shown(entry))
    return entry


def _change(conn: Connection, hand: Hand, number: str, fields: Mapping[str, Any]) -> RegistryEntry:
    old = _need(conn, number)
    entry = check_registry(replace(old, **fields))
    changed = difference(old, entry)
    if changed:
        store.put_registry(conn, entry)
        tell(conn, hand, "registry", "changed", number, changed)
    return entry


def _remove(conn: Connection, hand: Hand, number: str) -> None:
    old = _need(conn, number)
    store.drop_registry(conn, number)
    tell(conn, hand, "registry", "removed", number, shown(old))


def _need(conn: Connection, number: str) -> RegistryEntry:
    found = store.registry_entries(conn, [number]).get(number)
    if found is None:
        raise Refusal(
            Kind.NOT_FOUND,
            "registry_entry_not_found",
            f"{numbers.quoted(number)} is not in the registry.",
            "Search: softswitch registry list TEXT",
        )
    return found
