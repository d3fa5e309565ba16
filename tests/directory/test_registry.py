"""Who a number is: what was looked up before is told anew as soon as the registry has changed."""

from __future__ import annotations

import asyncio

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
    registry: RegistryService, supervisor: Actor
) -> None:
    await registry.add(supervisor, RegistryEntry(PhoneNumber(NUMBER), "new", "", ""))
    for turn in range(20):
        change = registry.change(supervisor, NUMBER, {"name": str(turn)})
        await asyncio.gather(registry.look_up(NUMBER), change)
        assert await name(registry) == str(turn)


async def test_a_number_is_read_once(registry: RegistryService, db: Database) -> None:
    reads = 0
    read = db.read

    async def counted(*args, **kwargs):  # type: ignore[no-untyped-def]
        nonlocal reads
        reads += 1
        return await read(*args, **kwargs)

    db.read = counted  # type: ignore[method-assign]
    for _ in range(3):
        assert await name(registry) is None
    assert reads == 1
