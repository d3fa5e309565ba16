"""Who guesses SIP passwords is blocked for a while; the real phone at another address is not."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from softswitch.access.sip_lockout import Blocked, SipLockout
from softswitch.ports import AuthenticationFailed
from tests.access.conftest import Kit

THIEF = "198.51.100.7"


class Renderer:
    """Keeps what it was told to block."""

    def __init__(self) -> None:
        self.told: list[frozenset[Blocked]] = []
        self.changed = asyncio.Event()

    async def __call__(self, blocked: frozenset[Blocked]) -> None:
        self.told.append(blocked)
        self.changed.set()


@pytest.fixture
def renderer() -> Renderer:
    return Renderer()


@pytest.fixture
def lockout(kit: Kit, renderer: Renderer) -> SipLockout:
    return SipLockout(kit.db, renderer, clock=kit.clock)


async def fail(lockout: SipLockout, times: int, account: str = "desk-1001") -> None:
    for _ in range(times):
        await lockout.saw(AuthenticationFailed(account, THIEF))


async def test_the_fifth_failure_blocks_the_account_from_that_address(
    kit: Kit, lockout: SipLockout, renderer: Renderer
) -> None:
    await fail(lockout, 4)
    assert renderer.told == []
    await fail(lockout, 1)
    assert renderer.told == [frozenset({Blocked("desk-1001", THIEF)})]
    await fail(lockout, 3)  # what the switch still tells of requests under way
    assert len(renderer.told) == 1
    assert lockout.blocked() == {Blocked("desk-1001", THIEF): kit.clock.at + 60_000}
    assert await kit.acts() == ["sip.locked"]


async def test_it_is_free_when_its_time_is_over(
    kit: Kit, lockout: SipLockout, renderer: Renderer
) -> None:
    await fail(lockout, 5)
    assert await lockout.expire() == kit.clock.at + 60_000
    kit.clock.forward(seconds=60)
    assert await lockout.expire() is None
    assert renderer.told[-1] == frozenset()


async def test_the_next_lock_is_longer(kit: Kit, lockout: SipLockout) -> None:
    await fail(lockout, 5)
    kit.clock.forward(seconds=60)
    await lockout.expire()
    await fail(lockout, 5)
    assert list(lockout.blocked().values()) == [kit.clock.at + 120_000]


async def test_an_address_that_tries_many_accounts_is_blocked_for_all(
    lockout: SipLockout, renderer: Renderer
) -> None:
    for number in range(30):
        await fail(lockout, 1, f"desk-{number}")
    assert renderer.told == [frozenset({Blocked("*", THIEF)})]


async def test_it_can_be_freed_by_hand(lockout: SipLockout, renderer: Renderer) -> None:
    await fail(lockout, 5)
    assert await lockout.unblock("desk-1001", THIEF)
    assert not await lockout.unblock("desk-1001", THIEF)
    assert renderer.told[-1] == frozenset()
    await fail(lockout, 4)
    assert lockout.blocked() == {}


async def test_the_task_frees_by_itself(kit: Kit, lockout: SipLockout, renderer: Renderer) -> None:
    task = asyncio.create_task(lockout.run())
    await fail(lockout, 5)
    kit.clock.forward(seconds=61)
    await fail(lockout, 5, "desk-1002")  # wakes it, and the first one is due
    while not any(told == {Blocked("desk-1002", THIEF)} for told in renderer.told):
        renderer.changed.clear()
        await renderer.changed.wait()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert list(lockout.blocked()) == [Blocked("desk-1002", THIEF)]


async def test_the_block_holds_when_the_store_does_not_answer(
    kit: Kit, lockout: SipLockout, renderer: Renderer
) -> None:
    await fail(lockout, 4)
    await kit.db.close()
    await fail(lockout, 1)
    assert renderer.told == [frozenset({Blocked("desk-1001", THIEF)})]
