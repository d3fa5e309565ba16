"""A running laboratory: the guest with both switches, the cables between them, and what can befall them."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from enum import StrEnum
from pathlib import Path

from softswitch.asterisk.ami import AmiConnection, connect
from softswitch.ports import ActFailed
from softswitch.setup.lab.build import Lab
from trunk.lab import wiring
from trunk.lab.agent import Agent, GuestFailed
from trunk.lab.files import USER, Orders, files_towards, job_files
from trunk.lab.machine import Machine, PortTaken
from trunk.lab.ports import LOCAL, Ports, choose
from trunk.lab.wiring import EXCHANGE, NODE, Cable
from trunk.model import Link

LINKS_SECONDS = 180.0
"""Both trunks are up 8 to 12 s after the launch; with five busy processes to each processor they took over 90 s."""
_LOOK_SECONDS = 0.25
_PORT_TRIES = 5
_WANTED = frozenset(
    {
        b"FullyBooted",
        b"DAHDIShowChannels",
        b"DAHDIShowChannelsComplete",
        b"PRIShowSpans",
        b"PRIShowSpansComplete",
        b"DAHDIShowStatus",
        b"DAHDIShowStatusComplete",
    }
)
_SPAN_UP = re.compile(r"^PRI span \d+/\d+: (?:In Alarm, )?Up, Active", re.MULTILINE)
_SIGNALLING = re.compile(r"^\S+ (\d+) (?:pri_dchannel|ss7_linkset)\b", re.MULTILINE)
_LINK_UP = re.compile(r"^\s*State:\s+INSERVICE,\s+UP", re.MULTILINE)


_FROM_EXCHANGE = {Cable.PRI: "DAHDI/G1", Cable.SS7: "DAHDI/G2"}
"""As its dialplan hunts; see ``dialplans/lab/exchange_extensions.conf.j2``."""


class Switch(StrEnum):
    """The two Asterisks of the guest."""

    EXCHANGE = "exchange"
    NODE = "node"


class Laboratory:
    """What a rehearsal or a test holds in its hands."""

    def __init__(self, machine: Machine, agent: Agent, orders: Orders) -> None:
        self.machine = machine
        self.agent = agent
        self.orders = orders
        self._managers: dict[Switch, AmiConnection] = {}

    @property
    def ports(self) -> Ports:
        """Where the host reaches the two switches."""
        return self.orders.ports

    async def manager(self, switch: Switch) -> AmiConnection:
        """Give the connection to a switch, made anew where it was cut; wait until the switch has come up."""
        known = self._managers.get(switch)
        if known is not None and not known.closed_because:
            return known
        made = await self._connect(switch)
        self._managers[switch] = made
        return made

    async def _connect(self, switch: Switch) -> AmiConnection:
        ports = {Switch.EXCHANGE: self.ports.exchange_ami, Switch.NODE: self.ports.node_ami}
        deadline = asyncio.get_running_loop().time() + LINKS_SECONDS
        while True:
            try:
                made = await connect(LOCAL, ports[switch], USER, self.orders.secret, wanted=_WANTED)
                await made.booted(LINKS_SECONDS)
                return made
            except ActFailed:
                if asyncio.get_running_loop().time() > deadline:
                    raise
            await asyncio.sleep(_LOOK_SECONDS)

    async def cli(self, switch: Switch, command: str) -> str:
        """Give a switch a command of its own command line and return what it says."""
        answer = await (await self.manager(switch)).act("Command", {"Command": command}, 20)
        return answer.get("Output", "")

    async def links_up(self, seconds: float = LINKS_SECONDS) -> None:
        """Wait until both ends of both lines say that they are up; raise :class:`GuestFailed` when they do not."""
        try:
            async with asyncio.timeout(seconds):
                for switch in Switch:
                    await self._favour_signalling(switch)
                await self._look_until_up()
        except TimeoutError:
            raise GuestFailed(
                f"The 2M lines did not come up in {seconds:.0f} s: {await self.describe()}"
            ) from None

    async def _favour_signalling(self, switch: Switch) -> None:
        """Let the threads of the D channel and of the SS7 link go before all others of a switch.

        Their far end waits for a second (T200 of ITU-T Q.921, T7 of Q.703), and an emulated processor that has sound to
        carry, or a burst of calls, lets some threads wait for longer: the link would fail.
        """
        # Asterisk has no event for the start of a thread.
        while len(threads := await self._signalling(switch)) < len(Cable):  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_SECONDS)
        for thread in threads:
            await self.agent.run(f"renice -n -20 -p {thread}")

    async def _signalling(self, switch: Switch) -> list[str]:
        try:
            return _SIGNALLING.findall(await self.cli(switch, "core show threads"))
        except ActFailed:
            return []  # Asterisk knows this command a moment after it has come up

    async def _look_until_up(self) -> None:
        for switch in Switch:
            for cable in Cable:
                # The switch has no event for it: it is asked.
                while not await self.is_up(switch, cable):  # noqa: ASYNC110
                    await asyncio.sleep(_LOOK_SECONDS)

    async def is_up(self, switch: Switch, cable: Cable) -> bool:
        """Tell whether a switch takes a line for up."""
        if cable is Cable.PRI:
            return _SPAN_UP.search(await self.cli(switch, "pri show spans")) is not None
        return _LINK_UP.search(await self.cli(switch, "ss7 show linkset 2")) is not None

    async def line(self, switch: Switch, cable: Cable) -> str:
        """Tell the state of a line as a switch has it: ``up``, ``down`` or ``alarm``."""
        if not await self.is_alive(switch):
            return "down"
        if cable is Cable.PRI and "In Alarm" in await self.cli(switch, "pri show spans"):
            return "alarm"
        return "up" if await self.is_up(switch, cable) else "down"

    async def describe(self) -> str:
        """Tell the state of the lines at both ends, in the words of the switches."""
        told = []
        for switch in Switch:
            spans = (await self.cli(switch, "pri show spans")).strip()
            links = _LINK_UP.search(await self.cli(switch, "ss7 show linkset 2"))
            told.append(f"{switch}: {spans}; SS7 link {'up' if links else 'down'}")
        return "; ".join(told)

    # ---- what can befall them -------------------------------------------------------------------------

    async def cut(self, cable: Cable) -> None:
        """Pull a cable."""
        await self.agent.run(f"{wiring.IP} link set {EXCHANGE[cable].interface} down")

    async def mend(self, cable: Cable) -> None:
        """Plug it in again."""
        await self.agent.run(f"{wiring.IP} link set {EXCHANGE[cable].interface} up")

    async def delay(self, cable: Cable, milliseconds: int) -> None:
        """Let what is sent on a line arrive so much later, both ways; 0: at once, as before."""
        for end in (EXCHANGE[cable], NODE[cable]):
            device = f"dev {end.interface} root"
            what = (
                f"replace {device} netem delay {milliseconds}ms"
                if milliseconds
                else f"del {device}"
            )
            await self.agent.run(f"{wiring.TC} qdisc {what}")

    async def kill(self, switch: Switch) -> None:
        """End a switch as a crash does; its cables stay in."""
        gone = "while [ -e /proc/$p/exe ]; do usleep 20000; done"
        await self.agent.run(f"p=$(cat /run/{switch}/pid); kill -9 $p; {gone}")
        if (known := self._managers.pop(switch, None)) is not None:
            await known.close()

    async def freeze(self, *switches: Switch) -> None:
        """Stop switches so that they neither answer nor end."""
        await self._signal("STOP", switches)

    async def thaw(self, *switches: Switch) -> None:
        """Let switches that were frozen go on, all in one moment."""
        await self._signal("CONT", switches)

    async def _signal(self, name: str, switches: tuple[Switch, ...]) -> None:
        files = " ".join(f"/run/{switch}/pid" for switch in switches)
        await self.agent.run(f"kill -{name} $(cat {files})")

    async def revive(self, switch: Switch) -> None:
        """Start a switch that was killed, and wait until it has come up."""
        await self.agent.run(f"sh /job/switch {switch}")
        await self._favour_signalling(switch)

    async def is_alive(self, switch: Switch) -> bool:
        """Tell whether a switch runs."""
        told = await self.agent.run(
            f"[ -e /proc/$(cat /run/{switch}/pid)/exe ] && echo yes || echo no"
        )
        return told.strip().endswith("yes")

    async def call_us(self, cable: Cable, number: str, caller: str, seconds: int) -> None:
        """Let the exchange call a number of ours; it ends after so many seconds, and who answers hears an echo."""
        fields = {
            "Channel": f"{_FROM_EXCHANGE[cable]}/{number}",
            "CallerID": caller,
            "Context": "talk",
            "Exten": "echo",
            "Priority": "1",
            "Timeout": str(seconds * 1000),
            "Variable": f"TIMEOUT(absolute)={seconds}",
            "Async": "true",
        }
        await (await self.manager(Switch.EXCHANGE)).act("Originate", fields)

    async def send_calls_to(
        self, core_sip: int, link: Link = Link.SIP, core_iax: int = 4569
    ) -> None:
        """Let the node's calls go to other ports of the host, over SIP or IAX2; calls that are up stay."""
        self.orders = replace(self.orders, core_sip=core_sip, link=link, core_iax=core_iax)
        for name, text in files_towards(self.orders).items():
            await self.agent.write(f"/job/node/{name}", text.encode())
        for command in ("dialplan reload", "module reload res_pjsip.so", "iax2 reload"):
            await self.cli(Switch.NODE, command)

    async def clear(self) -> None:
        """Hang up every call in the guest."""
        for switch in Switch:
            await self.cli(switch, "channel request hangup all")

    async def close(self) -> None:
        """Leave the guest; a tied one ends by itself."""
        for manager in self._managers.values():
            await manager.close()
        self._managers.clear()
        await self.agent.close()


@asynccontextmanager
async def laboratory(
    lab: Lab,
    folder: Path,
    core_sip: int,
    *,
    node: Callable[[Orders], Mapping[str, str]] | None = None,
) -> AsyncIterator[Laboratory]:
    """Run a laboratory for as long as the block lasts; its lines are up when the block begins.

    `core_sip` is the port of the host that the node's calls go to; `node` makes files of the node other than the
    laboratory's own.
    """
    running = await _start(lab, folder, core_sip, node)
    try:
        await running.links_up()
        yield running
    finally:
        await running.close()
        await running.machine.stop()


async def _start(
    lab: Lab,
    folder: Path,
    core_sip: int,
    node: Callable[[Orders], Mapping[str, str]] | None,
) -> Laboratory:
    problem: PortTaken | None = None
    for _ in range(_PORT_TRIES):
        orders = Orders(choose(), secrets.token_hex(12), core_sip)
        machine = Machine(lab, folder, orders.ports)
        try:
            agent = await machine.start(job_files(orders, node(orders) if node else None))
        except PortTaken as taken:
            problem = taken
            continue
        return Laboratory(machine, agent, orders)
    assert problem is not None
    raise problem
