"""The directory: each change is stored and on record first, then told to those who apply it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection

from softswitch.access.model import SYSTEM_LOGIN, Actor
from softswitch.clock import Clock, now
from softswitch.directory import changes, changes_intake, store
from softswitch.directory.ledger import Hand
from softswitch.directory.model import (
    DirectorySnapshot,
    EmergencyNumber,
    ExtensionEntry,
    IntakeSettings,
    Phone,
    SpeedDial,
)
from softswitch.errors import Refusal
from softswitch.store.database import Database

P = ParamSpec("P")
T = TypeVar("T")
OnChange = Callable[[DirectorySnapshot], Awaitable[None]]
log = logging.getLogger(__name__)


class DirectoryService:
    """Extensions, phones, emergency numbers, intake settings and buttons. Call :meth:`start` before use."""

    def __init__(self, db: Database, *, clock: Clock = now) -> None:
        self._db = db
        self._clock = clock
        self._snapshot = DirectorySnapshot()
        self._listeners: list[OnChange] = []
        self._one_at_a_time = asyncio.Lock()
        self._behind = False

    async def start(self) -> DirectorySnapshot:
        """Fill a fresh database with its first rows, and read the directory."""
        self._snapshot = await self._db.write(_start)
        return self._snapshot

    def snapshot(self) -> DirectorySnapshot:
        """Return the directory as it is stored now."""
        return self._snapshot

    def listen(self, on_change: OnChange) -> None:
        """Await ``on_change(snapshot)`` after each change, one after the other, before the caller is answered."""
        self._listeners.append(on_change)

    async def add_extension(self, actor: Actor | None, entry: ExtensionEntry) -> ExtensionEntry:
        """Add an extension. Raises ``extension_taken``, ``number_reserved``, ``emergency_number_shadowed``."""
        return await self.change(actor, changes.add_extension, entry)

    async def change_extension(
        self, actor: Actor | None, number: str, fields: Mapping[str, Any]
    ) -> ExtensionEntry:
        """Change fields of an extension by their names. Raises ``extension_not_found``."""
        return await self.change(actor, changes.change_extension, number, fields)

    async def remove_extension(self, actor: Actor | None, number: str) -> list[str]:
        """Remove an extension with its phones, whose ids are returned. Raises ``extension_not_found``."""
        return await self.change(actor, changes.remove_extension, number)

    async def add_phone(self, actor: Actor | None, phone: Phone) -> Phone:
        """Add a phone; the answer holds its secret. Raises ``phone_taken``, ``extension_missing``."""
        return await self.change(actor, changes.add_phone, phone)

    async def change_phone(
        self, actor: Actor | None, phone_id: str, fields: Mapping[str, Any]
    ) -> Phone:
        """Change fields of a phone by their names. Raises ``phone_not_found``."""
        return await self.change(actor, changes.change_phone, phone_id, fields)

    async def remove_phone(self, actor: Actor | None, phone_id: str) -> None:
        """Remove a phone. Raises ``phone_not_found``."""
        await self.change(actor, changes.remove_phone, phone_id)

    async def rotate_secret(self, actor: Actor | None, phone_id: str) -> Phone:
        """Give a phone a new secret and return it. Raises ``phone_not_found``."""
        return await self.change(actor, changes.rotate_secret, phone_id)

    async def show_secret(self, actor: Actor | None, phone_id: str) -> Phone:
        """Return a phone with its secret, after that is on record. Raises ``phone_not_found``."""
        return await self.change(actor, changes.show_secret, phone_id)

    async def add_emergency(self, actor: Actor | None, entry: EmergencyNumber) -> EmergencyNumber:
        """Add an emergency number. Raises ``emergency_number_taken``, ``emergency_number_shadowed``."""
        return await self.change(actor, changes_intake.add_emergency, entry)

    async def change_emergency(
        self, actor: Actor | None, digits: str, fields: Mapping[str, Any]
    ) -> EmergencyNumber:
        """Change names, rank or skill. Raises ``emergency_number_not_found``."""
        return await self.change(actor, changes_intake.change_emergency, digits, fields)

    async def remove_emergency(self, actor: Actor | None, digits: str) -> None:
        """Remove an emergency number. Raises ``last_emergency_number``."""
        await self.change(actor, changes_intake.remove_emergency, digits)

    async def change_intake(self, actor: Actor | None, fields: Mapping[str, Any]) -> IntakeSettings:
        """Change intake settings by their names. Raises ``duty_number_loops``."""
        return await self.change(actor, changes_intake.change_intake, fields)

    async def speed_dials(self, extension: str) -> list[SpeedDial]:
        """Return the buttons of a desk in order. Raises ``extension_not_found``."""
        changes.need_extension(self._snapshot, extension)
        return await self._db.read(store.speed_dials, extension)

    async def put_speed_dials(
        self, actor: Actor | None, extension: str, buttons: Sequence[SpeedDial]
    ) -> tuple[SpeedDial, ...]:
        """Replace the buttons of a desk. Raises ``position_taken``, ``extension_not_found``."""
        return await self.change(actor, changes_intake.put_speed_dials, extension, buttons)

    async def change(
        self,
        actor: Actor | None,
        fn: Callable[Concatenate[Connection, DirectorySnapshot, Hand, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run one change in a transaction, then tell the listeners; no actor means the system itself."""
        hand = Hand(actor.login if actor else SYSTEM_LOGIN, self._clock())
        async with self._one_at_a_time:
            if self._behind:
                await self._refresh()
            # Only we write these tables, one change after the other: the snapshot is what the
            # transaction would read, and the one writer is not held for reading it again.
            result = await self._db.write(fn, self._snapshot, hand, *args, **kwargs)
            self._behind = True
            await self._refresh()
        return result

    async def _refresh(self) -> None:
        """Read the directory again and tell of it; when that fails the next change does it first."""
        try:
            snapshot = await self._db.read(store.load)
        except Refusal:
            log.exception("A change of the directory is stored but could not be read back.")
            return
        self._behind = False
        if snapshot != self._snapshot:
            self._snapshot = snapshot
            await self._tell(snapshot)

    async def _tell(self, snapshot: DirectorySnapshot) -> None:
        """The change is stored; a listener that fails must not make it look refused."""
        for listener in self._listeners:
            try:
                await listener(snapshot)
            except Exception:
                log.exception("A change of the directory is stored but could not be applied.")


def _start(conn: Connection) -> DirectorySnapshot:
    store.fill_first_rows(conn)
    return store.load(conn)
