"""A real Asterisk for tests: its own data folder, ports that nobody uses, one start for many tests.

    @pytest.fixture(scope="session")
    def node(tmp_path_factory):
        with session_node(tmp_path_factory.mktemp("node"), directory()) as node:
            yield node

    async def test_something(node):
        async with live(node) as switch:               # AMI and ARI, on this test's own event loop
            await switch.plain.redirect(...)
            seen = await switch.switch_facts.wait_for(ChannelSeen, lambda fact: fact.channel.endpoint == "p1001")

`directory()` has the extensions 1001 and 1002 (desks), 1003 to 1006 (phones), each with the SIP account
`p<number>` and the secret `secret<number>`, the gateway `citizens`, and 110, 119, 120, 122.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import os
import random
import socket
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from softswitch.asterisk.ari import AriControl
from softswitch.asterisk.model import (
    Directory,
    EmergencyNumber,
    Line,
    Phone,
    PhoneKind,
    Transport,
)
from softswitch.asterisk.node import AsteriskNode
from softswitch.asterisk.plain import AmiSwitch
from softswitch.asterisk.settings import NodeSettings
from softswitch.numbers import EmergencyDigits, Extension, PhoneId
from softswitch.ports import ControlFact, SwitchFact
from softswitch.setup.asterisk import find_asterisk
from softswitch.setup.cache import cache_folder
from softswitch.testing.facts import FactLog

_RTP_PORTS = 400
_PORTS = (20_000, 32_000)
"""Above those for media, below those of which the kernel gives ephemeral ones."""
_SHARES = 8


def free_ports(count: int) -> list[int]:
    """Return ports of 127.0.0.1 that are free for TCP and UDP.

    Nothing else takes one before it is used: each process of a run of tests has a share for itself, and goes
    once through all of it before it gives the same again.
    """
    return list(itertools.islice(filter(_is_free, _own_ports()), count))


@functools.cache
def _own_ports() -> Iterator[int]:
    """Begin anywhere: another run of tests may be on this machine."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    own = range(_PORTS[0] + worker % _SHARES, _PORTS[1], _SHARES)
    begin = random.randrange(len(own))
    return itertools.cycle((*own[begin:], *own[:begin]))


def rtp_ports() -> tuple[int, int]:
    """Return the first and the last of some ports for media; the switch passes over those that are taken."""
    first = random.randrange(10_000, _PORTS[0] - _RTP_PORTS, 4)
    return first, first + _RTP_PORTS - 1


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True


def node_settings(data: Path, **changes: Any) -> NodeSettings:
    """Return settings on 127.0.0.1 with ports of their own."""
    sip, sips, http, https, ami, iax, copies = free_ports(7)
    first, last = rtp_ports()
    values: dict[str, Any] = {
        "data": data,
        "bind": "127.0.0.1",
        "sip_port": sip,
        "sips_port": sips,
        "http_port": http,
        "https_port": https,
        "ami_port": ami,
        "iax_port": iax,
        "copies": f"127.0.0.1:{copies}",
        "rtp_first": first,
        "rtp_last": last,
    }
    return NodeSettings(**{**values, **changes})


def line(number: str, *, desk: bool = False, transport: Transport = Transport.UDP) -> Line:
    """Return an extension with one SIP phone ``p<number>``, secret ``secret<number>``."""
    phone = Phone(PhoneId(f"p{number}"), f"secret{number}", transport=transport)
    return Line(Extension(number), f"Name {number}", desk=desk, phones=(phone,))


def directory(**changes: Any) -> Directory:
    """Return the directory of the shared node, with ``changes``."""
    numbers = ("1003", "1004", "1005", "1006")
    lines = (line("1001", desk=True), line("1002", desk=True), *(line(n) for n in numbers))
    values: dict[str, Any] = {
        "lines": lines,
        "gateways": (Phone(PhoneId("citizens"), "secretcitizens", PhoneKind.GATEWAY),),
        "emergency": tuple(
            EmergencyNumber(EmergencyDigits(digits), rank)
            for rank, digits in enumerate(("120", "119", "110", "122"))
        ),
        "desks": (Extension("1001"), Extension("1002")),
        "duty_number": "1006",
    }
    return Directory(**{**values, **changes})


@contextmanager
def session_node(data: Path, plan: Directory, **changes: Any) -> Iterator[AsteriskNode]:
    """Run an Asterisk for as long as the block lasts; nothing watches it, so a test may end it."""
    node = AsteriskNode(node_settings(data, **changes), find_asterisk(cache_folder()), plan)
    _run(_start(node))
    try:
        yield node
    finally:
        _run(node.stop())


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Run on a loop of its own in a thread of its own: a test's loop may be running here."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


async def _start(node: AsteriskNode) -> None:
    await node.start()
    await node.detach()


@dataclass(slots=True)
class LiveSwitch:
    """A node with both connections up and all facts on record."""

    node: AsteriskNode
    plain: AmiSwitch
    calls: AriControl
    switch_facts: FactLog[SwitchFact]
    control_facts: FactLog[ControlFact]

    @property
    def sip(self) -> tuple[str, int]:
        """Where phones register over UDP and TCP."""
        return self.node.settings.bind, self.node.settings.sip_port

    @property
    def sips(self) -> tuple[str, int]:
        """Where phones register over TLS."""
        return self.node.settings.bind, self.node.settings.sips_port


@asynccontextmanager
async def live(node: AsteriskNode) -> AsyncIterator[LiveSwitch]:
    """Connect AMI and ARI for one test; what the test leaves up is hung up after it."""
    plain = AmiSwitch(node.settings, node.secrets)
    calls = AriControl(node.settings, node.secrets)
    switch = LiveSwitch(node, plain, calls, FactLog(plain.facts()), FactLog(calls.facts()))
    try:
        await asyncio.gather(switch.switch_facts.first(), switch.control_facts.first())
        yield switch
        await _clear(switch)
    finally:
        await switch.switch_facts.close()
        await switch.control_facts.close()
        await plain.close()
        await calls.close()


async def _clear(switch: LiveSwitch) -> None:
    with suppress(Exception):
        for channel in (await switch.plain.snapshot()).channels:
            await switch.plain.hangup(channel.name)
