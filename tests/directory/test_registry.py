"""Who a number is: what was looked up before is told anew as soon as the registry has changed."""

from __future__ import annotations

from typing import Any

import pytest

from softswitch.access.model import Actor
from softswitch.directory.importing import import_registry
from softswitch.directory.model import RegistryEntry
from softswitch.directory.registry import RegistryService
from softswitch.numbers import PhoneNumber
from softswitch.store.database import Database

NUMBER = "13800000000"


async def name(registry: RegistryService, number: str = NUMBER) -> str | None:
    """Return under which name a number is known."""
    found = await registry.look_up(number)
    return found.name if found else None


async def test_every_change_is_seen_by_the_next_look(
    registry: RegistryService, supervisor: Actor
) -> None:
    assert await name(registry) is None
    await registry.add(supervisor, RegistryEntry(PhoneNumber(NUMBER), "张伟", "", ""))
    assert await name(registry) == "张伟"
    await registry.change(supervisor, NUMBER, {"name": "张卫"})
    assert await name(registry) == "张卫"
    rows = f"number,name,address\n{NUMBER},张威,\n".encode()
    await import_registry(registry, supervisor, rows, dry_run=False)
    assert await name(registry) == "张威"
    await registry.remove(supervisor, NUMBER)
    assert await name(registry) is None


async def test_an_answer_that_a_change_overtook_is_not_kept(
    registry: RegistryService, supervisor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await registry.add(supervisor, RegistryEntry(PhoneNumber(NUMBER), "old", "", ""))
    read = registry.db.read

    async def overtaken(*args: Any) -> Any:
        found = await read(*args)
        await registry.change(supervisor, NUMBER, {"name": "new"})
        return found

    with monkeypatch.context() as patched:
        patched.setattr(registry.db, "read", overtaken)
        assert await name(registry) == "old"
    assert await name(registry) == "new"


async def test_a_number_is_read_once(
    registry: RegistryService, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = 0
    read = db.read

    async def counted(*args: Any) -> Any:
        nonlocal reads
        reads += 1
        return await read(*args)

    monkeypatch.setattr(db, "read", counted)
    for _ in range(3):
        assert await name(registry) is None
    assert reads == 1
