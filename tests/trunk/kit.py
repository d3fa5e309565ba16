"""A system with trunks to a carrier, and what tests ask of both."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

from softswitch.app import System
from softswitch.testing.carrier import HOST, Carrier
from softswitch.testing.system import until, until_told
from trunk.ledger import TrunkCall

TWO_TRUNKS = """
[[trunk]]
name = "first"
kind = "sip"
host = "{host}"
port = {port}
calls = 2
options_seconds = 2
{first}

[[trunk]]
name = "second"
kind = "sip"
host = "{host}"
port = {port}
match = ["127.0.0.9"]
calls = 2
options_seconds = 2
out = [{{ pattern = "X.", prepend = "2" }}]
{second}

[[route]]
name = "far"
patterns = ["0.", "[2-9]XXXX."]
to = ["first", "second"]
strip = 1

{more}
"""
"""A number is a digit that is taken off and then what becomes of it on the first trunk; the second answers it."""


@dataclass(slots=True)
class Rig:
    """Our system and the carrier."""

    system: System
    carrier: Carrier

    async def use(self, *, first: str = "", second: str = "", more: str = "") -> None:
        """Give the system two trunks to the carrier, and wait until they are up."""
        text = TWO_TRUNKS.format(
            host=HOST, port=self.carrier.sip_port, first=first, second=second, more=more
        )
        await self.apply(text)

    async def apply(self, text: str) -> None:
        """Give the system a description, and wait until every trunk of it is up."""
        books = self.system.trunks.books
        await self.system.trunks.service.apply("test", text)
        names = [trunk.name for trunk in books.written.trunks]
        board = self.system.center.board
        for name in names:
            await until(
                functools.partial(board.is_registered, [name]),
                what=f"trunk {name} answers OPTIONS",
            )
            books.breakers[name].release(books.clock())

    def trunk(self, name: str) -> dict[str, Any]:
        """What the screens show of a trunk."""
        return self.system.live.entities()["trunk"][name]

    def calls(self, name: str) -> list[TrunkCall]:
        """The calls on a trunk now."""
        return [c for c in self.system.trunks.books.ledger.calls.values() if c.trunk == name]

    async def call(self, trunk: str, number: str) -> TrunkCall:
        """Wait until a trunk carries a call to a number: the switch tells the channel first."""
        found = await until(
            lambda: [c for c in self.calls(trunk) if c.number == number],
            what=f"{trunk} carries a call to {number}; calls: {self.calls(trunk)}",
        )
        (call,) = found
        return call

    async def records(self, count: int, trunk: str | None = None) -> list[dict[str, Any]]:
        """Wait for so many records of calls and return them, the last first."""
        found: list[dict[str, Any]] = []

        async def look() -> bool:
            found[:] = await self.system.trunks.calls(trunk, None, None, 100)
            return len(found) >= count

        await until_told(look, what=f"{count} records")
        return found

    async def quiet(self) -> None:
        """Wait until nothing of a call is left, here and there."""
        center = self.system.center
        await until(lambda: not center.board.legs, what="no channel is left")
        await until(lambda: not center.engine.calls, what="no call is under dispatch")
        await until(lambda: not self.system.trunks.books.ledger.calls, what="no trunk call")
        await until(lambda: not self.system.trunk_acts.trips, what="no trunk is tried")
        await until(lambda: not center.engine.rings, what="nobody is rung")
