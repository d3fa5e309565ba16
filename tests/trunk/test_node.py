"""A node of its own between the core and its lines: numbers, causes and precedence cross it as they are.

The node is a second Asterisk with the files that `softswitch trunk install` gives it; in place of DAHDI's groups there
is a context that does what its numbers say.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from softswitch.app import System
from softswitch.asterisk.model import Directory
from softswitch.asterisk.node import AsteriskNode
from softswitch.ports import Leg
from softswitch.setup.asterisk import find_asterisk
from softswitch.setup.cache import cache_folder
from softswitch.testing.node import node_settings
from softswitch.testing.system import running_system, sip_phone, until
from tests.intercept.kit import connected
from tests.trunk.rig.kit import until_async
from trunk.causes import PREEMPTED
from trunk.config import read
from trunk.ledger import TrunkCall
from trunk.node_files import switch_files

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

HOST = "127.0.0.3"
TEXT = """
[[node]]
name = "e1"
host = "{host}"
sip_port = {port}
secret = "node-secret"
core = "127.0.0.1"
core_port = {core}

[[span]]
number = 1
node = "e1"

[[trunk]]
name = "city-pri"
kind = "pri"
node = "e1"
d_channel = "1:16"
circuits = [{{ span = 1, timeslots = "1-2" }}]
inward = [{{ pattern = "0813220XXXX", strip = 7 }}]

[[route]]
name = "all"
patterns = ["0."]
to = ["city-pri"]
strip = 1
"""
LINE = """
[exchange]
exten => h,1,Set(GLOBAL(CLEARED_WITH)=${HANGUPCAUSE})
exten => _1XXX.,1,Hangup($[0 + ${EXTEN:1:3}])
exten => _2!,1,Set(SHOWN=${CALLERID(num)}/${SOFTSWITCH_PRECEDENCE})
 same => n,Answer()
 same => n,Echo()

exten => _3!,1,Set(SHOWN=${CALLERID(num)}/${SOFTSWITCH_PRECEDENCE})
 same => n,Ringing()
 same => n,Wait(60)

[subscriber]
exten => _X!,1,Set(CALLERID(num)=${CUT(EXTEN,-,1)})
 same => n,Set(SS7_CALLING_PARTY_CATEGORY=15)
 same => n,Goto(in-city-pri,${CUT(EXTEN,-,2)},1)
"""


@dataclass(slots=True)
class Site:
    """The core, and the node with its line."""

    system: System
    node: AsteriskNode

    def calls(self) -> list[TrunkCall]:
        """The calls on the trunk now."""
        return list(self.system.trunks.books.ledger.calls.values())

    async def shown(self) -> str:
        """Who calls at the exchange, and with which precedence."""
        text = await self.node.command("core show channels concise")
        for line in text.splitlines():
            told = await self.node.command(f"core show channel {line.split('!')[0]}")
            if "SHOWN=" in told:
                return told.split("SHOWN=")[1].split("\n")[0].strip()
        raise AssertionError(f"nobody is at the exchange: {text}")

    async def call(self, caller: str, called: str) -> None:
        """A subscriber at the line calls; who answers hears an echo."""
        await self.node.command(
            f"channel originate Local/{caller}-{called}@subscriber application Echo"
        )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with running_system(tmp_path_factory.mktemp("core")) as system:
        settings = node_settings(tmp_path_factory.mktemp("node"), bind=HOST)
        text = TEXT.format(host=HOST, port=settings.sip_port, core=system.settings.sip.port)
        node = AsteriskNode(settings, find_asterisk(cache_folder()), Directory())
        await node.start()
        try:
            await _become_node(node, text)
            await system.trunks.service.apply("test", text)
            known = functools.partial(system.center.board.is_registered, ["city-pri"])
            await until(known, what="the node answers OPTIONS")
            yield Site(system, node)
        finally:
            await node.stop()


async def _become_node(node: AsteriskNode, text: str) -> None:
    plan = read(text)
    files = switch_files(plan, plan.nodes[0], HOST, {"city-pri": "Local/${EXTEN}@exchange/n"})
    # Its transport is that of the test's switch.
    before, _, after = files["pjsip.conf"].partition("[udp]")
    accounts = before + "#include pjsip_transports.conf\n" + after.partition("\n\n")[2]
    (node.settings.etc / "pjsip.conf").write_text(accounts)
    (node.settings.etc / "extensions.conf").write_text(files["extensions.conf"] + LINE)
    for command in (
        "module load res_clioriginate.so",
        "module load func_global.so",
        "module load func_db.so",
        "dialplan reload",
        "module reload res_pjsip.so",
    ):
        await node.command(command)


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def _nothing_is_left(site: Site) -> AsyncIterator[None]:
    yield
    await until(lambda: not site.system.center.board.legs, what="no channel is left")
    await until(lambda: not site.calls(), what="no trunk call")


async def test_a_call_goes_out_over_the_node(site: Site) -> None:
    async with sip_phone(site.system, "2001", tone=450) as phone:
        call = await phone.dial("0200000")
        await call.answered()
        await call.hears(450)
        assert await site.shown() == "2001/"
        (carried,) = site.calls()
        assert (carried.trunk, carried.number) == ("city-pri", "200000")
        await call.hangup()


async def test_precedence_crosses_it(site: Site) -> None:
    site.system.trunks.service.level_of = lambda leg: 1  # type: ignore[method-assign]
    leg = Leg("urgent-leg", "", ("probe", "city-pri"), "0300001", caller_number="1001")
    try:
        await site.system.trunk_acts.place(leg)
    finally:
        del site.system.trunks.service.level_of
    await until(lambda: [c for c in site.calls() if c.rang_at])
    assert await site.shown() == "1001/q735.1"
    await site.system.trunk_acts.hangup("urgent-leg")


async def test_a_call_that_is_cleared_for_a_more_urgent_one_says_so_on_the_line(site: Site) -> None:
    async with sip_phone(site.system, "2001") as phone:
        call = await phone.dial("0200000")
        await call.answered()
        call_id = await connected(site.system, "2001", 2)
        await site.system.trunks.service.clear_call(call_id)
        assert (await call.ended()).cause == PREEMPTED

    async def told() -> bool:
        known = await site.node.command("dialplan show globals")
        return f"CLEARED_WITH={PREEMPTED}\n" in known

    await until_async(told, what="the line is told 8")


@pytest.mark.parametrize("cause", [1, 17, 21, 28, 27, 34, 38])
async def test_a_cause_crosses_it(site: Site, cause: int) -> None:
    async with sip_phone(site.system, "2001") as phone:
        ended = await (await phone.dial(f"01{cause:03}0")).ended()
        assert ended.cause == cause


@pytest.mark.parametrize("cause", [41, 42, 44, 47])
async def test_a_cause_of_the_way_stays_one(site: Site, cause: int) -> None:
    """SIP has one status for them, 503, which Asterisk reads as 34: the next trunk is tried."""
    async with sip_phone(site.system, "2001") as phone:
        assert (await (await phone.dial(f"01{cause:03}0")).ended()).cause == 34


async def test_a_subscriber_reaches_an_extension_and_emergency_intake(site: Site) -> None:
    async with (
        sip_phone(site.system, "2001", tone=450) as phone,
        sip_phone(site.system, "1001", tone=650) as desk,
    ):
        await site.call("13900000001", "08132202001")
        incoming = await phone.incoming()
        assert incoming.caller_number == "13900000001"
        await incoming.answer()
        await incoming.hears(450)
        await incoming.hangup()
        await until(lambda: not site.calls())
        await site.call("13900000002", "110")
        emergency = await desk.incoming()
        (entry,) = site.system.live.entities()["waiting"].values()
        assert (entry["number"], entry["category"]) == ("13900000002", "payphone")
        await emergency.answer()
        await emergency.hears(650)
        await emergency.hangup()
