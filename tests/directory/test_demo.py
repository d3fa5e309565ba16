"""The demonstration fills an empty directory once and leaves a used one alone."""

from __future__ import annotations

import pytest

from softswitch.access.model import Actor
from softswitch.access.service import Access
from softswitch.access.users import Users
from softswitch.directory import demo
from softswitch.directory.model import PhoneKind
from softswitch.directory.registry import RegistryService
from softswitch.directory.service import DirectoryService
from softswitch.directory.switch import for_switch
from softswitch.simulate.scenarios import SCENARIOS
from softswitch.store.database import Database


@pytest.fixture
def users(db: Database) -> Users:
    return Users(db, Access(db))


async def test_an_empty_directory_is_filled(
    directory: DirectoryService, registry: RegistryService, users: Users
) -> None:
    made = await demo.fill(directory, registry, users)
    assert sorted(made) == ["auditor", "dispatcher1", "dispatcher2", "operator", "supervisor"]
    assert len(set(made.values())) == 5
    snapshot = directory.snapshot()
    assert [desk.number for desk in snapshot.desks()] == ["1001", "1002", "1003"]
    assert [phone.id for phone in snapshot.phones_of("1001")] == ["1001-sip", "1001-web"]
    assert [phone.kind for phone in snapshot.phones if phone.id == "citizens"] == [
        PhoneKind.GATEWAY
    ]
    assert len(await directory.speed_dials("1002")) == 5
    caller = await registry.look_up("+868131000001")
    assert caller is not None
    assert caller.name == "釜溪河畔小学"
    assert for_switch(snapshot).outgoing == "citizens"


async def test_a_second_start_changes_nothing(
    directory: DirectoryService, registry: RegistryService, users: Users, supervisor: Actor
) -> None:
    await demo.fill(directory, registry, users)
    await directory.remove_extension(supervisor, "2006")
    await users.remove(supervisor, "auditor")
    before = directory.snapshot()
    assert await demo.fill(directory, registry, users) == {}
    assert directory.snapshot() == before
    assert "auditor" not in {user["login"] for user in await users.all()}


async def test_one_that_was_interrupted_is_completed(
    directory: DirectoryService, registry: RegistryService, users: Users, supervisor: Actor
) -> None:
    made = await demo.fill(directory, registry, users)
    for entry in directory.snapshot().extensions:
        await directory.remove_extension(supervisor, entry.number)
    await directory.remove_phone(supervisor, "citizens")
    await users.remove(supervisor, "auditor")
    assert list(await demo.fill(directory, registry, users)) == ["auditor"]
    assert len(directory.snapshot().extensions) == 9
    assert "auditor" in made


async def test_the_callers_of_the_simulation_are_known(
    directory: DirectoryService, registry: RegistryService, users: Users
) -> None:
    await demo.fill(directory, registry, users)
    for scenario in SCENARIOS:
        caller = await registry.look_up(scenario.caller)
        assert caller is not None
        assert caller.name == scenario.caller_name
        assert caller.address
