"""People in the database of a server that is not started yet."""

from __future__ import annotations

from softswitch.access.model import Actor, Role
from softswitch.access.service import Access
from softswitch.access.tokens import Tokens
from softswitch.access.users import Users
from softswitch.directory.model import ExtensionEntry, ExtensionKind, Phone
from softswitch.directory.service import DirectoryService
from softswitch.numbers import Extension, PhoneId
from softswitch.store.database import Database
from softswitch.testing.system import secret

BOSS = Actor("boss", "boss", Role.SUPERVISOR)


async def add_line(directory: DirectoryService, number: str, kind: ExtensionKind) -> None:
    """Add an extension with one SIP phone of the same name."""
    entry = ExtensionEntry(Extension(number), number, kind)
    await directory.add_extension(None, entry)
    await directory.add_phone(
        None, Phone(PhoneId(number), Extension(number), secret=secret(number))
    )


async def add_boss(db: Database) -> str:
    """Add a supervisor; return a token."""
    access = Access(db)
    await Users(db, access).add(BOSS, "boss", "boss", "supervisor", "Bench-Password-2026")
    added = await Tokens(db, access).add(BOSS, "bench")
    return str(added["secret"])
