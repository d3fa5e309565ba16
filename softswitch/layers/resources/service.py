"""The resources layer: the books of what there is, shown on the map where there is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Connection

from softswitch.access import audit
from softswitch.access.model import Actor
from softswitch.clock import Clock, Millis, now
from softswitch.errors import Refusal, conflict, not_found
from softswitch.layers.resources import store
from softswitch.layers.resources.events import ResourceChanged
from softswitch.layers.resources.model import Resource, difference, outdated, resource, shown
from softswitch.store.database import Database
from softswitch.store.event_log import append
from softswitch.store.lists import Lists

_ALL = store.Wanted()


class Places(Protocol):
    """Where resources with a position are shown; the map, where it runs."""

    def show(
        self,
        kind: str,
        id: str,  # noqa: A002
        lon: float,
        lat: float,
        name: str = "",
        numbers: Sequence[str] = (),
        status: str = "",
        rested_at: int | None = None,
    ) -> None: ...

    def hide(self, kind: str, id: str) -> None: ...  # noqa: A002


class NoMap:
    """For a system without a map."""

    def show(self, *_: object, **__: object) -> None:
        """Show nothing."""

    def hide(self, *_: object) -> None:
        """Hide nothing."""


class ResourceService:
    """Resources by code."""

    def __init__(self, db: Database, places: Places, *, clock: Clock = now) -> None:
        self.db = db
        self.clock = clock
        self._places = places
        self._lists = Lists(db, store.RESOURCES, store.codes)

    async def start(self) -> None:
        """Show everything that has a position."""
        for value in await self.db.read(lambda conn: list(store.every(conn))):
            self.show(value)

    def show(self, value: Resource) -> None:
        """Put a resource on the map, or take it off when it has no position any more."""
        if value.lon is None or value.lat is None:
            self._places.hide(value.kind.value, value.code)
            return
        self._places.show(
            value.kind.value, value.code, value.lon, value.lat, value.name,
            value.numbers, value.status.value, value.rested_at,
        )  # fmt: skip

    def show_instead(self, old: Resource | None, value: Resource) -> None:
        """Show a resource as it is now; of another kind it leaves its old place on the map."""
        if old is not None and old.kind is not value.kind:
            self._places.hide(old.kind.value, old.code)
        self.show(value)

    async def page(
        self, wanted: store.Wanted = _ALL, after: str = "", limit: int = 100
    ) -> list[dict[str, Any]]:
        """Return resources behind the code ``after``, in order of code."""
        return [shown(value) for value in await self.db.read(store.page, wanted, after, limit)]

    async def part(
        self, wanted: store.Wanted, offset: int, limit: int
    ) -> tuple[list[dict[str, Any]], int]:
        """Return the resources from a place of the list on, in order of code, and how long the list is."""
        codes, count = await self._lists.part(wanted, offset, limit)
        found = await self.db.read(store.by_codes, codes)
        return [shown(found[code]) for code in codes if code in found], count

    async def get(self, code: str) -> dict[str, Any]:
        """Return one resource. Refuses ``resource_not_found``."""
        found = (await self.db.read(store.by_codes, [code])).get(code)
        if found is None:
            raise _missing(code)
        return shown(found)

    async def add(self, actor: Actor, values: Mapping[str, Any]) -> dict[str, Any]:
        """Add a resource. Refuses ``resource_taken`` and what :func:`resource` refuses."""
        value = resource(values)
        await self.db.write(_add, value, actor.login, self.clock())
        self.show(value)
        return shown(value)

    async def change(
        self, actor: Actor, code: str, version: int | None, fields: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Change some fields; with ``version`` it is refused (``resource_changed``) when another was quicker."""
        old, value = await self.db.write(
            _change, code, version, dict(fields), actor.login, self.clock()
        )
        self.show_instead(old, value)
        return shown(value)

    async def remove(self, actor: Actor, code: str) -> None:
        """Remove a resource. Refuses ``resource_not_found``."""
        old = await self.db.write(_remove, code, actor.login, self.clock())
        self._places.hide(old.kind.value, code)


def _add(conn: Connection, value: Resource, login: str, at: Millis) -> None:
    if store.by_codes(conn, [value.code]):
        raise conflict(
            "resource_taken", f"There is a resource {value.code} already.", "Change it instead."
        )
    store.add(conn, [value])
    _tell(conn, value, "added", shown(value), login, at)


def _change(
    conn: Connection,
    code: str,
    version: int | None,
    fields: dict[str, Any],
    login: str,
    at: Millis,
) -> tuple[Resource, Resource]:
    old = store.by_codes(conn, [code]).get(code)
    if old is None:
        raise _missing(code)
    value = resource({**shown(old), **fields, "code": code})
    changed = difference(old, value)
    if version is not None and version != old.version:
        raise outdated(code, old.version)
    if not changed:
        return old, old
    store.change(conn, value, old.version)
    _tell(conn, value, "changed", changed, login, at)
    return old, store.by_codes(conn, [code])[code]


def _remove(conn: Connection, code: str, login: str, at: Millis) -> Resource:
    old = store.by_codes(conn, [code]).get(code)
    if old is None:
        raise _missing(code)
    store.drop(conn, code)
    _tell(conn, old, "removed", {"name": old.name}, login, at)
    return old


def _tell(
    conn: Connection, value: Resource, act: str, details: Mapping[str, Any], login: str, at: Millis
) -> None:
    audit.append(conn, login, f"resource.{act}", value.code, details, at=at)
    fact = ResourceChanged(value.code, at, act, value.kind.value, value.status.value, login)
    append(conn, fact, at=at)


def _missing(code: str) -> Refusal:
    return not_found("resource", code, "Look with `softswitch resource list`.")
