"""What the tests of the laboratory share: who calls whom, and that nothing is left."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import pytest

from softswitch.asterisk.ami import AmiConnection, connect
from softswitch.testing.phone import Call, IncomingCall, OutgoingCall, Phone, WaitTimeout
from trunk.drivers.dahdi import DahdiDriver
from trunk.drivers.manager import Manager
from trunk.lab import site as our_site
from trunk.lab.files import USER, node_description
from trunk.lab.laboratory import Laboratory, Switch
from trunk.lab.ports import LOCAL
from trunk.lab.wiring import Cable
from trunk.model import Link, Plan, Trunk
from trunk.ports import CircuitState, CircuitTold, DriverFact, LineTold
from trunk.switch import group

SUBSCRIBER = "6001"
SLOW = 40.0
"""Seconds that anything in the guest may take on a busy machine."""
_PRESSES = 5
MARKS = [
    pytest.mark.rig,
    pytest.mark.timeout(300),
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.asterisk,
]
"""Of every test with the laboratory: there is one for all of them."""
BOTH = pytest.mark.parametrize("cable", list(Cable))
PREFIX = {Cable.PRI: "1*", Cable.SS7: "2*"}
"""With these a subscriber of the exchange chooses the line."""


@dataclass(slots=True)
class Site:
    """The laboratory, a subscriber of the exchange, and the core's two ends."""

    lab: Laboratory
    plan: Plan
    driver: DahdiDriver
    subscriber: Phone
    core: Phone
    """Calls from the exchange arrive here."""
    through: dict[Cable, Phone]
    """Call over a line by one of these."""

    async def calls_go_to(self, port: int, iax_port: int = 0) -> None:
        """Let the node's calls go to a port of this host, over IAX2 when it is given; it is told when that is new."""
        link = Link.IAX2 if iax_port else Link.SIP
        orders = self.lab.orders
        if (orders.core_sip, orders.link) != (port, link):
            await self.lab.send_calls_to(port, link, iax_port or orders.core_iax)

    async def call_in(
        self, cable: Cable, number: str = "8320110"
    ) -> tuple[OutgoingCall, IncomingCall]:
        """The subscriber calls us over a line."""
        call = await self.subscriber.dial(PREFIX[cable] + number)
        return call, await self.core.incoming(SLOW)

    async def call_out(
        self, cable: Cable, number: str = SUBSCRIBER, caller: str = "08322005"
    ) -> OutgoingCall:
        """We call a number of the exchange over a line."""
        return await self.through[cable].dial(number, caller=caller)

    async def fill(self, cable: Cable, number: str) -> None:
        """Take all circuits of a line, one after the other: more calls at once are too much for the guest.

        The node places them itself, as thirty calls over SIP would be a test of its processor.
        """
        for count in range(1, len(self.plan.circuits(self.trunk(cable))) + 1):
            await self.seize(cable, number)
            await self.tells(functools.partial(_are_busy, count=count), f"{count} are busy")

    async def seize(self, cable: Cable, number: str) -> None:
        """Let the node itself place a call, and say nothing on it."""
        node = await self.lab.manager(Switch.NODE)
        fields = {
            "Channel": f"{group(self.plan, self.trunk(cable))}/{number}",
            "Application": "Wait",
            "Data": "600",
            "Timeout": "600000",
            "Async": "true",
        }
        await node.act("Originate", fields, SLOW)

    def trunk(self, cable: Cable) -> Trunk:
        """Our trunk on a line."""
        trunk = self.plan.trunk(our_site.NAMES[cable])
        assert trunk is not None
        return trunk

    async def told(self) -> dict[str, CircuitState | str]:
        """What the driver tells now: circuits by id, lines by the name of their trunk."""
        return {_key(fact): _value(fact) for fact in await self.driver.look()}

    async def tells(
        self, reached: Callable[[dict[str, CircuitState | str]], bool], what: str,
        seconds: float = SLOW,
    ) -> float:  # fmt: skip
        """Wait until the driver tells something; return after how many seconds it did."""
        return await until_async(lambda: self._reached(reached), what=what, seconds=seconds)

    async def _reached(self, reached: Callable[[dict[str, CircuitState | str]], bool]) -> bool:
        return reached(await self.told())

    async def far_category(self) -> str:
        """The category (ITU-T Q.763, 3.11) of the one who calls the exchange over SS7 now."""
        shown = await self.lab.cli(Switch.EXCHANGE, "core show channels concise")
        (name,) = (line.split("!")[0] for line in shown.splitlines() if line.startswith("DAHDI/"))
        told = await self.lab.cli(Switch.EXCHANGE, f"core show channel {name}")
        return told.partition("SS7_CALLING_PARTY_CATEGORY=")[2].partition("\n")[0]

    async def far_cics(self) -> dict[int, str]:
        """How the exchange sees its circuits of SS7: CIC and the rest of its line."""
        text = await self.lab.cli(Switch.EXCHANGE, "ss7 show cics 2")
        lines = (line.split(None, 3) for line in text.splitlines())
        return {int(words[0]): words[3] for words in lines if words and words[0].isdecimal()}


def _are_busy(told: dict[str, CircuitState | str], count: int) -> bool:
    return sum(state is CircuitState.BUSY for state in told.values()) == count


def _key(fact: DriverFact) -> str:
    return fact.trunk if isinstance(fact, LineTold) else fact.circuit


def _value(fact: DriverFact) -> CircuitState | str:
    return fact.state if isinstance(fact, CircuitTold) else fact.fault


@asynccontextmanager
async def site_of(lab: Laboratory, core: Phone) -> AsyncIterator[Site]:
    """Register the subscriber, and connect the driver as the core does."""
    plan = our_site.read(node_description(lab.orders))
    links: list[AmiConnection] = []

    async def reach() -> Manager:
        if not links or links[-1].closed_because:
            links.append(await connect(LOCAL, lab.ports.node_ami, USER, lab.orders.secret))
        return links[-1]

    secret = lab.orders.secret
    node = (LOCAL, lab.ports.node_sip)
    exchange = (LOCAL, lab.ports.exchange_sip)
    pri, ss7 = our_site.NAMES[Cable.PRI], our_site.NAMES[Cable.SS7]
    core.username, core.password = pri, secret
    async with (
        Phone.register(exchange, SUBSCRIBER, secret, tone=650) as subscriber,
        Phone.open("out", server=node, username=pri, password=secret, tone=850) as over_pri,
        Phone.open("out", server=node, username=ss7, password=secret, tone=850) as over_ss7,
    ):
        # An answer takes milliseconds of the guest's time, which is slower than ours on a busy machine.
        driver = DahdiDriver(plan, our_site.NODE_NAME, reach, answer_seconds=SLOW)
        through = {Cable.PRI: over_pri, Cable.SS7: over_ss7}
        yield Site(lab, plan, driver, subscriber, core, through)
    for link in links:
        await link.close()


async def until_async(
    read: Callable[[], Awaitable[bool]], *, what: str, seconds: float = SLOW
) -> float:
    """Wait for a state that is asked for; return after how many seconds it came."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while not await read():
        assert loop.time() - began < seconds, f"not reached in {seconds} s: {what}"
        await asyncio.sleep(0.1)
    return loop.time() - began


async def hear(*heard: tuple[Call, tuple[int, ...]]) -> None:
    """Wait until each hears all of its tones in one moment.

    One is enough: the guest's time is slower than ours where it has little of the processor, so what it says
    comes with pauses, which a mixer fills with silence.
    """
    await asyncio.gather(*(call.hears(*tones, frames=1, timeout=SLOW) for call, tones in heard))


async def press(call: Call, other: Call, keys: str) -> None:
    """Press keys until each has arrived: on a busy machine the guest's processor loses sound, and so keys."""
    for at, key in enumerate(keys):
        for _ in range(_PRESSES):
            await call.send_digits(key, frames=10, pause=5)
            with suppress(WaitTimeout):
                await other.receives(keys[: at + 1], timeout=4)
                break
    assert other.received_digits == keys


async def hang_up(*calls: Call) -> None:
    """End calls that are still up."""
    await asyncio.gather(*(call.hangup(timeout=SLOW) for call in calls if call.end is None))


async def quiet(site: Site) -> None:
    """Nothing is left: no call at a phone, no channel in a switch, every circuit idle at both ends."""
    for phone in (site.subscriber, site.core, *site.through.values()):
        await hang_up(*list(phone.calls))
        phone.arrived.clear()

    async def no_channels() -> bool:
        said = [await site.lab.cli(switch, "core show channels count") for switch in Switch]
        return all("0 active channels" in text for text in said)

    await until_async(no_channels, what="no channel is left in the guest")
    await idle(site)


async def idle(site: Site) -> None:
    """Wait until both lines are well and every circuit is idle."""
    await site.tells(
        lambda told: set(told.values()) == {CircuitState.IDLE, ""}, "every circuit is idle"
    )
