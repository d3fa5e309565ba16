"""A node with a 2M line that does what it is told, without any line."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from softswitch.ports import ActFailed
from trunk.ports import CircuitState, CircuitTold, DriverFact

LINE = """
[[node]]
name = "e1"
host = "127.0.0.1"
link = "iax2"
secret = "s"

[[span]]
number = 1
node = "e1"
dynamic = "loc,1:0"

[[trunk]]
name = "exchange"
kind = "pri"
node = "e1"
d_channel = "1:16"
circuits = [{ span = 1, timeslots = "1-3" }]
"""
CIRCUITS = ("exchange/1:1", "exchange/1:2", "exchange/1:3")


class LineNode:
    """The driver of its trunk `exchange`. Implements :class:`trunk.ports.Driver`."""

    trunks = ("exchange",)

    def __init__(self) -> None:
        self.states = dict.fromkeys(CIRCUITS, CircuitState.IDLE)
        self.looped: set[str] = set()
        self.refuses = False
        self.answers = asyncio.Event()
        """While it is not set, what is looked at is told later."""
        self.answers.set()
        self.looks = 0
        self.blocks: list[list[str]] = []
        """What it was told to block."""

    def starts_again(self) -> None:
        """It knows nothing of what it was told."""
        self.states = dict.fromkeys(CIRCUITS, CircuitState.IDLE)
        self.looped.clear()

    async def look(self) -> Sequence[DriverFact]:
        """Tell every circuit."""
        told = [CircuitTold(name, state) for name, state in self.states.items()]
        self.looks += 1
        await self.answers.wait()
        return told

    async def block(self, circuits: Sequence[str]) -> None:
        """Block what carries no call."""
        self.blocks.append(list(circuits))
        idle = [name for name in circuits if self.states[name] is CircuitState.IDLE]
        self.states.update(dict.fromkeys(idle, CircuitState.BLOCKED_HERE))

    async def unblock(self, circuits: Sequence[str]) -> None:
        """Give them back."""
        self.states.update(dict.fromkeys(circuits, CircuitState.IDLE))

    async def reset(self, circuits: Sequence[str]) -> None:
        """End what is on them."""
        self.states.update(dict.fromkeys(circuits, CircuitState.IDLE))

    async def loop(self, trunk: str, on: bool, circuits: Sequence[str] = ()) -> None:
        """Remember it."""
        if self.refuses:
            raise ActFailed("Originate failed")
        names = set(circuits or [trunk])
        self.looped = self.looped | names if on else self.looped - names
