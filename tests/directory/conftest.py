"""A directory on a real SQLite database, and its HTTP with actors of every role."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Connection

import softswitch.directory.tables  # noqa: F401 - the tables must be known before the database opens
from softswitch.access.audit import page
from softswitch.access.model import Actor, Role
from softswitch.directory.registry import RegistryService
from softswitch.directory.routes import routes
from softswitch.directory.service import DirectoryService
from softswitch.store.database import Database
from softswitch.web.frame import create_app
from softswitch.web.guard import Guard


@pytest.fixture
def supervisor() -> Actor:
    return Actor("boss", "Boss", Role.SUPERVISOR)


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database.at(tmp_path / "softswitch.db") as database:
        yield database


@pytest.fixture
async def directory(db: Database) -> DirectoryService:
    service = DirectoryService(db)
    await service.start()
    return service


@pytest.fixture
def registry(db: Database, directory: DirectoryService) -> RegistryService:
    return RegistryService(db, area_code=lambda: directory.snapshot().intake.area_code)


class RoleTokens:
    """Credentials for tests: the token is the name of the role."""

    async def by_session(self, secret: str, address: str) -> Actor | None:
        return None

    async def by_token(self, secret: str, address: str) -> Actor | None:
        if secret not in set(Role):
            return None
        return Actor(secret, secret, Role(secret), via="token")


@pytest.fixture
async def http(
    directory: DirectoryService, registry: RegistryService
) -> AsyncIterator[httpx.AsyncClient]:
    seats = {"dispatcher": "1001"}
    router = routes(directory, registry, Guard(RoleTokens()), lambda a: seats.get(a.login))
    transport = httpx.ASGITransport(create_app([router]))
    async with httpx.AsyncClient(
        transport=transport,
        base_url="http://localhost",
        headers={"Authorization": "Bearer supervisor"},
    ) as client:
        yield client


async def acts(db: Database) -> list[tuple[str, str, str]]:
    """Return (actor, act, target) of every audit row."""

    def read(conn: Connection) -> list[tuple[str, str, str]]:
        return [(row["actor"], row["act"], row["target"]) for row in page(conn, limit=10_000)]

    return await db.read(read)
