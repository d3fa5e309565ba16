"""A thousand random call events: then the board equals what Asterisk reports, and the recordings are whole."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from softswitch.app import System
from softswitch.errors import Refusal
from softswitch.ports import ActFailed
from softswitch.recordings import store as recording_store
from softswitch.recordings.model import State
from softswitch.testing.phone import Call, Phone, PhoneError
from softswitch.testing.phone import State as CallState
from softswitch.testing.system import DESKS, LINE, PHONES, running_system, sip_phone, until

pytestmark = pytest.mark.asterisk

EVENTS = int(os.environ.get("SOFTSWITCH_TEST_EVENTS", "1000"))
"""How many events; 6,000 are about a thousand calls."""

SEED = int(os.environ.get("SOFTSWITCH_TEST_SEED", "20261122"))
AT_ONCE = 12
BY_PHONE = {"dial", "answer", "hang_up", "hold_by_phone", "refer"}


class Traffic:
    """Random people at random phones, and dispatchers with random commands."""

    def __init__(self, system: System, phones: list[Phone], chance: random.Random) -> None:
        self.system = system
        self.phones = phones
        self.chance = chance
        self.done: dict[str, int] = {}
        self.refused = 0

    async def event(self) -> None:
        """Do one thing that people do; being refused is one of the ways it may go."""
        acts: list[tuple[int, Callable[[], Awaitable[object]]]] = [
            (5, self.dial), (4, self.answer), (3, self.hang_up), (2, self.hold_by_phone),
            (2, self.dial_by_command), (2, self.take), (2, self.hold), (1, self.resume),
            (2, self.transfer), (1, self.park), (1, self.retrieve), (1, self.takeover),
            (1, self.hang_up_by_command), (1, self.refer),
        ]  # fmt: skip
        weights = [weight for weight, _ in acts]
        (_, act) = self.chance.choices(acts, weights)[0]
        if len(self.live_calls()) >= AT_ONCE:
            act = self.hang_up
        self.done[act.__name__] = self.done.get(act.__name__, 0) + 1
        try:
            async with asyncio.timeout(10):
                await act()
        except TimeoutError as error:
            if (
                act.__name__ not in BY_PHONE
            ):  # a phone may wait 32 s for an answer (RFC 3261 timer F)
                raise RuntimeError(f"{act.__name__} had no end") from error
            self.refused += 1
        except (Refusal, ActFailed, PhoneError, AssertionError):
            self.refused += 1

    def live_calls(self) -> list[Call]:
        return [
            call
            for phone in self.phones
            for call in phone.calls
            if call.state is not CallState.ENDED
        ]

    def some(self, state: CallState) -> list[Call]:
        calls = self.live_calls()
        self.chance.shuffle(calls)
        return [call for call in calls if call.state is state][:1]

    async def dial(self) -> None:
        phone = self.chance.choice(self.phones)
        await phone.dial(self.chance.choice([*DESKS, *PHONES, "110", "119", "120", "122", "9999"]))

    async def answer(self) -> None:
        ringing = [call for phone in self.phones for call in phone.arrived]
        if ringing:
            call = self.chance.choice(ringing)
            if call.state in {CallState.RINGING, CallState.EARLY}:
                await call.answer()

    async def hang_up(self) -> None:
        calls = self.live_calls()
        if calls:
            await self.chance.choice(calls).hangup()

    async def hold_by_phone(self) -> None:
        for call in self.some(CallState.ANSWERED):
            await call.hold()
            await call.resume()

    async def refer(self) -> None:
        for call in self.some(CallState.ANSWERED):
            await call.transfer(self.chance.choice([*DESKS, *PHONES]))

    async def end(self) -> None:
        """Hang up until nothing is left: a transfer or a call-back may begin another call meanwhile."""
        center = self.system.center
        deadline = asyncio.get_running_loop().time() + 30
        while center.board.legs or center.engine.calls:
            for call in self.live_calls():
                with contextlib.suppress(PhoneError, AssertionError):
                    await call.hangup()
            for call_id in list(center.board.calls):
                with contextlib.suppress(Refusal, ActFailed):
                    await center.commands.hangup(None, call_id)
            if asyncio.get_running_loop().time() > deadline:
                left = [*center.board.calls.values(), *center.engine.calls.values()]
                pytest.fail("these calls do not end:\n" + "\n".join(map(str, left)))
            await asyncio.sleep(0.1)

    # ---- commands

    def a_call(self) -> str:
        calls = list(self.system.center.board.calls)
        return self.chance.choice(calls) if calls else "none"

    async def dial_by_command(self) -> None:
        to = self.chance.choice(PHONES)
        await self.system.center.commands.dial(self.chance.choice(DESKS), to)

    async def take(self) -> None:
        waiting = list(self.system.center.intake.queue)
        call_id = self.chance.choice(waiting) if waiting else self.a_call()
        await self.system.center.commands.answer(self.chance.choice(DESKS), call_id)

    async def hold(self) -> None:
        await self.system.center.commands.hold(self.chance.choice(DESKS), self.a_call())

    async def resume(self) -> None:
        await self.system.center.commands.resume(self.chance.choice(DESKS), self.a_call())

    async def transfer(self) -> None:
        to = self.chance.choice([*DESKS, *PHONES])
        desk, call_id = self.chance.choice(DESKS), self.a_call()
        attended = self.chance.random() < 0.5
        commands = self.system.center.commands
        await commands.transfer(desk, call_id, to, attended=attended)
        if attended:
            await commands.complete_transfer(desk, call_id)

    async def park(self) -> None:
        await self.system.center.commands.park(self.chance.choice(DESKS), self.a_call())

    async def retrieve(self) -> None:
        await self.system.center.commands.retrieve(self.chance.choice(DESKS), self.a_call())

    async def takeover(self) -> None:
        await self.system.center.commands.takeover(self.chance.choice(DESKS), self.a_call())

    async def hang_up_by_command(self) -> None:
        await self.system.center.commands.hangup(None, self.a_call())


@pytest.fixture
async def traffic(tmp_path: Path) -> AsyncIterator[Traffic]:
    async with contextlib.AsyncExitStack() as stack:
        system = await stack.enter_async_context(running_system(tmp_path / "data"))
        phones = [
            await stack.enter_async_context(sip_phone(system, number))
            for number in (*DESKS, *PHONES, LINE)
        ]
        yield Traffic(system, phones, random.Random(SEED))


@pytest.mark.timeout(900)
async def test_the_board_equals_asterisk_after_random_events(traffic: Traffic) -> None:
    system = traffic.system
    for number in range(EVENTS):
        await traffic.event()
        if number % 100 == 99:
            await equal(system)
    assert traffic.refused < EVENTS * 3 // 4, traffic.done
    await equal(system)

    await traffic.end()
    await equal(system)
    await recordings_are_whole(system)


async def equal(system: System) -> None:
    """Wait until board and Asterisk tell the same channels, calls and states; they must come to it at rest."""

    async def both() -> tuple[dict, dict]:
        snapshot = await system.switch.snapshot()
        theirs = {c.id: (c.linked_id, c.state, c.endpoint) for c in snapshot.channels}
        ours = {
            leg.channel.id: (leg.channel.linked_id, leg.channel.state, leg.channel.endpoint)
            for leg in system.center.board.legs.values()
        }
        return ours, theirs

    deadline = asyncio.get_running_loop().time() + 20
    while True:
        ours, theirs = await both()
        if ours == theirs:
            break
        assert asyncio.get_running_loop().time() < deadline, (
            f"only on the board: {ours.items() - theirs.items()}, "
            f"only in Asterisk: {theirs.items() - ours.items()}"
        )
        await asyncio.sleep(0.1)

    def on_screens() -> set[str]:
        shown = system.live.entities().get("call", {})
        return {leg["id"] for view in shown.values() for leg in view["legs"]}

    # The screens follow the board within MOST_REST_SECONDS, and the board may have moved on since.
    await until(
        lambda: on_screens() == {leg.channel.id for leg in system.center.board.legs.values()},
        what="the screens show what the board has",
    )


async def recordings_are_whole(system: System) -> None:
    """No orphan file, none missing, none still running."""
    await system.recordings.settled()
    rows = {row.id: row for row in await system.db.read(recording_store.everything)}
    assert rows
    assert [row for row in rows.values() if row.state is not State.KEPT] == []
    folder = system.recordings.folder
    assert not folder.spooled()
    assert set(folder.archived()) == set(rows)
