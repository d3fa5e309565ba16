"""Access on a real database, with a clock that is set by hand and hashes that cost little."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from softswitch.access.audit_head import HeadFile
from softswitch.access.audit_service import Audit
from softswitch.access.model import Actor, Role
from softswitch.access.passwords import Passwords
from softswitch.access.service import Access
from softswitch.access.tokens import Tokens
from softswitch.access.users import Users
from softswitch.access.users_csv import UsersCsv
from softswitch.clock import Millis
from softswitch.store.database import Database

PASSWORD = "correct horse 7"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class HandClock:
    """A clock that stands until it is moved."""

    def __init__(self, at: Millis = 1_800_000_000_000) -> None:
        self.at = at

    def __call__(self) -> Millis:
        return self.at

    def forward(self, *, seconds: float = 0, minutes: float = 0, hours: float = 0) -> None:
        self.at += int((seconds + 60 * minutes + 3_600 * hours) * 1_000)


@dataclass
class Kit:
    """Everything of access, connected."""

    db: Database
    clock: HandClock
    access: Access
    users: Users
    csv: UsersCsv
    tokens: Tokens
    audit: Audit

    async def add(self, login: str, role: Role = Role.DISPATCHER) -> Actor:
        await self.users.add(BOSS, login, "", role, PASSWORD)
        return Actor(login, login, role, address="192.0.2.1")

    async def acts(self) -> list[str]:
        return [row["act"] for row in await self.audit.page(limit=1_000)]


BOSS = Actor("boss", "Boss", Role.SUPERVISOR, address="192.0.2.9")


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def kit(tmp_path: Path, clock: HandClock) -> AsyncIterator[Kit]:
    async with Database.at(tmp_path / "softswitch.db") as db:
        access = Access(db, clock=clock, passwords=Passwords(CHEAP))
        yield Kit(
            db,
            clock,
            access,
            Users(db, access, clock=clock),
            UsersCsv(db, access, clock=clock),
            Tokens(db, access, clock=clock),
            Audit(db, HeadFile(tmp_path / "audit.head")),
        )
