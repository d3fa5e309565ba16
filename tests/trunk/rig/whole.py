"""The whole core at the laboratory: its own switch, desks and phones, and a SIP carrier as the last way out."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from intercept.session import Session
from softswitch.access.policy import rights_of
from softswitch.app import System
from softswitch.testing.carrier import HOST, Carrier, running_carrier
from softswitch.testing.phone import IncomingCall, OutgoingCall, Phone
from softswitch.testing.system import LOCAL, running_system, sip_phone, until
from tests.intercept.kit import SECOND
from tests.trunk.rig.kit import SLOW, Site
from trunk.drivers.dahdi import DahdiDriver
from trunk.lab.files import node_description
from trunk.lab.site import NAMES
from trunk.lab.wiring import Cable
from trunk.ledger import TrunkCall

LAST = "last"
ECHO = "9101"
"""A number of the exchange."""
ROUTES = """
[[trunk]]
name = "last"
kind = "sip"
host = "{host}"
port = {port}
calls = 5
options_seconds = 2
out = [{{ pattern = "X.", prepend = "2" }}]

[[route]]
name = "all"
patterns = ["0."]
to = ["city-pri", "city-ss7", "last"]
strip = 1

[[route]]
name = "ss7-first"
patterns = ["7."]
to = ["city-ss7", "city-pri"]
strip = 1

[[route]]
name = "pri"
patterns = ["85."]
to = ["city-pri"]
strip = 2

[[route]]
name = "ss7"
patterns = ["86."]
to = ["city-ss7"]
strip = 2

[[route]]
name = "tests"
patterns = ["87."]
to = ["city-ss7"]
strip = 2
category = "test"
"""
"""The carrier answers what begins with a 2: whatever comes to it."""
ALONE = {Cable.PRI: "85", Cable.SS7: "86"}
"""Over this line and no other."""
DIAL = {Cable.PRI: "0", Cable.SS7: "86"}
FIRST = {Cable.PRI: "0", Cable.SS7: "7"}
"""Over this line, and over the other one when it is down."""


@dataclass(slots=True)
class Whole:
    """The core, the laboratory and the carrier."""

    system: System
    site: Site
    carrier: Carrier

    async def calls_come(self) -> None:
        """Let the node's calls come to the core, over IAX2."""
        settings = self.system.settings
        await self.site.calls_go_to(settings.sip.port, settings.iax_address().port)

    def state(self, cable: Cable) -> str:
        """What the screens show of a trunk."""
        return str(self.system.live.entities()["trunk"][NAMES[cable]]["state"])

    def is_out(self, cable: Cable) -> bool:
        """Whether the screens show a trunk as out of service."""
        return self.state(cable) != "up"

    async def becomes(self, cable: Cable, state: str, seconds: float) -> None:
        """Wait until the screens show a trunk so."""
        await until(
            lambda: self.state(cable) == state, seconds=seconds, what=f"{NAMES[cable]} is {state}"
        )

    def calls(self, name: str) -> list[TrunkCall]:
        """The calls on a trunk now."""
        return [c for c in self.system.trunks.books.ledger.calls.values() if c.trunk == name]

    async def talk(self, cable: Cable, phone: Phone) -> tuple[OutgoingCall, IncomingCall]:
        """One of our phones calls the subscriber, who answers."""
        call = await phone.dial(DIAL[cable] + "6001")
        incoming = await self.site.subscriber.incoming(SLOW)
        await incoming.answer()
        await call.answered(SLOW)
        return call, incoming

    async def call_takes(self, prefix: str, cable: Cable) -> None:
        """One of our phones calls the exchange's echo; see which line its call takes."""
        async with sip_phone(self.system, "2001") as phone:
            call = await phone.dial(prefix + ECHO)
            await call.answered(SLOW)
            assert [taken.trunk for taken in self.taken()] == [NAMES[cable]]
            await call.hangup(timeout=SLOW)

    def taken(self) -> list[TrunkCall]:
        """The calls of ours on all trunks now, without those that probe them."""
        return [c for c in self.system.trunks.books.ledger.calls.values() if c.number == ECHO]

    async def quiet(self) -> None:
        """Nothing is left of a call in the core."""
        board = self.system.center.board
        await until(lambda: not board.legs, seconds=SLOW, what="no channel is left")
        ledger = self.system.trunks.books.ledger
        await until(lambda: not ledger.calls, seconds=SLOW, what="no trunk call")


@asynccontextmanager
async def whole_at(site: Site, folder: Path, **more: Any) -> AsyncIterator[Whole]:
    """Run the core with the laboratory's description; the node's calls go to it meanwhile."""
    async with running_system(folder / "core", **more) as system:
        us = (LOCAL, system.settings.sip.port)
        async with running_carrier(folder / "carrier", us) as carrier:
            whole = Whole(system, site, carrier)
            await whole.calls_come()
            await _apply(whole)
            yield whole


async def _apply(whole: Whole) -> None:
    routes = ROUTES.format(host=HOST, port=whole.carrier.sip_port)
    text = node_description(whole.site.lab.orders) + routes
    await whole.system.trunks.service.apply("test", text)
    for driver in whole.system.trunks.operate.drivers.values():
        assert isinstance(driver, DahdiDriver)
        driver.answer_seconds = SLOW
    books, board = whole.system.trunks.books, whole.system.center.board
    known = functools.partial(board.is_registered, [LAST])
    await until(known, seconds=SLOW, what=f"{LAST} answers OPTIONS")
    for name in (*NAMES.values(), LAST):
        books.breakers[name].release(books.clock())
    for cable in Cable:
        await whole.becomes(cable, "up", SLOW)


def view(whole: Whole, call_id: str) -> Any:
    """What the screens show of a call."""
    return whole.system.live.entities()["call"].get(call_id)


async def confirmed(whole: Whole, session: Session) -> None:
    """Somebody from outside is in the call: a second person has to agree, and does."""
    assert session.id in whole.system.intercept.books.pending
    rights = frozenset(right.value for right in rights_of(SECOND.role))
    await whole.system.intercept.service.confirm(SECOND.login, rights, session.id)
