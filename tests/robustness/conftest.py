"""One running system for this folder; after each test nothing is left, and nothing was executed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import pytest_asyncio

from softswitch.access.model import Actor, Role
from softswitch.app import System
from softswitch.calls import call_log
from softswitch.recordings import checks
from softswitch.store import database, engine
from softswitch.testing.patience import PATIENCE
from softswitch.testing.system import no_channel_left, running_system, until
from tests.robustness.hostile import FLAG

PASSWORD = "a long pass phrase 7"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def robust_system(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    with pytest.MonkeyPatch.context() as patch:
        # A locked database shall not keep the tests waiting as long as it may keep people waiting.
        patch.setattr(engine, "BUSY_SECONDS", 0.2)
        patch.setattr(database, "RETRY_SECONDS", 0.1)
        patch.setattr(call_log, "RETRY_SECONDS", 0.1)
        patch.setattr(checks, "STRAY", 1_000)
        console = tmp_path_factory.mktemp("console")
        (console / "index.html").write_text("<!doctype html>")
        async with running_system(tmp_path_factory.mktemp("robust"), console=console) as system:
            yield system


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def tokens(robust_system: System) -> dict[Role, str]:
    """An API token for a user of each role; the login is the role."""
    chief = Actor("chief", "Chief", Role.SUPERVISOR, via="token")
    secrets = {}
    for role in Role:
        await robust_system.users.add(chief, role.value, role.value, role.value, PASSWORD)
        token = await robust_system.tokens.add(Actor(role.value, role.value, role), "test")
        secrets[role] = token["secret"]
    return secrets


@pytest_asyncio.fixture(loop_scope="session")
async def web(robust_system: System) -> AsyncIterator[httpx.AsyncClient]:
    """A client that is not signed in."""
    async with httpx.AsyncClient(base_url=robust_system.url, timeout=PATIENCE) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def chief(robust_system: System, tokens: dict[Role, str]) -> AsyncIterator[httpx.AsyncClient]:
    """A client with every right there is."""
    headers = {"Authorization": f"Bearer {tokens[Role.SUPERVISOR]}"}
    async with httpx.AsyncClient(
        base_url=robust_system.url, headers=headers, timeout=PATIENCE
    ) as client:
        yield client


@pytest.fixture(autouse=True)
def nothing_executed() -> Iterator[None]:
    FLAG.unlink(missing_ok=True)
    yield
    assert not FLAG.exists(), "a text from outside was executed"


@pytest_asyncio.fixture(loop_scope="session")
async def system(robust_system: System) -> AsyncIterator[System]:
    """The running system: the same Asterisk before and after, and no call left."""
    before = robust_system.node.starts
    yield robust_system
    center = robust_system.center
    await until(lambda: not center.board.legs, what="no channel is left")
    await until(lambda: not center.engine.calls, what="no call is under dispatch")
    await until(lambda: not center.engine.rings)
    await until(lambda: not center.intake.queue)
    assert robust_system.node.starts == before, "Asterisk died"
    await no_channel_left(robust_system.node)
    for key in robust_system.sip_lockout.blocked():
        await robust_system.sip_lockout.unblock(key.account, key.address)
    for row in list(center.tasks.open.values()):
        await center.tasks.close("test", row["id"], "end of test")
