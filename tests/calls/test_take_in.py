"""A plain call comes under dispatch with both who talk in it, however late the switch tells of one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from softswitch.calls.board import Board
from softswitch.calls.engine import Engine
from softswitch.errors import Refusal
from softswitch.ports import ChannelSeen, SwitchFact
from softswitch.testing.patience import PATIENCE
from softswitch.testing.switch import FakeSwitch
from softswitch.testing.system import until

BOOK: Any = SimpleNamespace(
    extension_of=lambda phone: phone, is_desk=lambda number: False, name_of=lambda number: number
)


class Rig:
    """The engine on a switch in memory; facts of the switch wait in ``late`` while ``slow`` is set."""

    def __init__(self) -> None:
        self.fake = FakeSwitch()
        self.board = Board()
        self.engine = Engine(
            self.fake.control, self.fake, self.board, BOOK, changed=lambda call_id: None
        )
        self.slow = False
        self.late: list[SwitchFact] = []
        self.tasks = [asyncio.create_task(self._plain()), asyncio.create_task(self._control())]

    async def _plain(self) -> None:
        async for fact in self.fake.facts():
            if self.slow:
                self.late.append(fact)
            else:
                self.board.apply(fact, 1)

    async def _control(self) -> None:
        async for fact in self.fake.control.facts():
            self.engine.handle(fact)

    def tell(self) -> None:
        """Let the facts come that were late."""
        self.slow = False
        for fact in self.late:
            self.board.apply(fact, 1)


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    made = Rig()
    for number in ("2001", "2002"):
        made.fake.add_phone(number)
    await until(lambda: made.engine.control_up and made.board.up)
    yield made
    for task in made.tasks:
        task.cancel()
    await asyncio.gather(*made.tasks, return_exceptions=True)
    await made.engine.stop()


@pytest.mark.parametrize("known", [1, 2, 3])
async def test_who_is_not_yet_in_the_bridge_is_waited_for(rig: Rig, known: int) -> None:
    """The answer is told as four facts; the call is taken in when some of them have come."""
    first, second = rig.fake.plain_call("2001", "2002")
    await until(lambda: len(rig.board.legs) == 2)
    rig.slow = True
    rig.fake.answer(second)
    await until(lambda: len([f for f in rig.late if isinstance(f, ChannelSeen)]) >= 4)
    for fact in rig.late[:known]:
        rig.board.apply(fact, 1)
    del rig.late[:known]
    taking = asyncio.create_task(rig.engine.take_in(first))
    await asyncio.sleep(0)
    assert not taking.done()
    assert all(not leg.args for leg in rig.fake.legs.values())
    rig.tell()
    call = await taking
    assert set(call.members) == {first, second}
    assert set(rig.fake.bridges[call.bridge_id]) == {first, second}


async def test_a_call_that_ends_meanwhile_is_not_found(rig: Rig) -> None:
    first, second = rig.fake.plain_call("2001", "2002")
    await until(lambda: len(rig.board.legs) == 2)
    rig.slow = True
    rig.fake.answer(second)
    await until(lambda: len(rig.late) >= 3)
    for fact in rig.late[:3]:
        rig.board.apply(fact, 1)
    del rig.late[:3]
    taking = asyncio.create_task(rig.engine.take_in(first))
    await asyncio.sleep(0)
    rig.fake.hang_up(first)
    await until(lambda: len(rig.late) >= 3)
    rig.tell()
    with pytest.raises(Refusal) as refused:
        await taking
    assert refused.value.code == "call_not_found"


async def test_a_call_that_rings_is_moved_by_its_caller_alone(rig: Rig) -> None:
    first, _ = rig.fake.plain_call("2001", "2002")
    await until(lambda: len(rig.board.legs) == 2)
    call = await rig.engine.take_in(first)
    assert set(call.members) == {first}


async def test_who_is_about_to_come_in_holds_nothing_up(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A supervisor's own phone has answered and is in no bridge yet: the two who talk are moved at once."""
    monkeypatch.setattr("softswitch.calls.engine.JOINING_SECONDS", 10_000.0)
    first, second = rig.fake.plain_call("2001", "2002")
    rig.fake.answer(second)
    await until(lambda: sum(bool(leg.channel.bridge_id) for leg in rig.board.legs.values()) == 2)
    third = replace(rig.board.legs[second].channel, id="guest", name="PJSIP/1002-1", bridge_id="")
    rig.board.apply(ChannelSeen(third), 1)
    async with asyncio.timeout(PATIENCE):
        call = await rig.engine.take_in(first)
    assert set(call.members) == {first, second}
