"""A node of its own between the core and its lines: numbers, causes, category and precedence cross it as they are.

The node is a second Asterisk with the files that `softswitch trunk install` gives it; in place of DAHDI's groups there
is a context that does what its numbers say. Everything holds over SIP and over IAX2, but for four causes.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from intercept.levels import Holder
from intercept.model import Levels, Precedence
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
from trunk.model import Link
from trunk.node_files import switch_files

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

HOST = "127.0.0.3"
TEXT = """
[[node]]
name = "e1"
host = "{host}"
link = "{link}"
sip_port = {sip}
iax_port = {iax}
secret = "node-secret"
core = "127.0.0.1"
core_port = {core_sip}
core_iax_port = {core_iax}

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
category = "operator"

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
exten => _2!,1,Set(SHOWN=${CALLERID(num)}/${SOFTSWITCH_CATEGORY}/${SOFTSWITCH_PRECEDENCE})
 same => n,Answer()
 same => n,Echo()

exten => _3!,1,Set(SHOWN=${CALLERID(num)}/${SOFTSWITCH_CATEGORY}/${SOFTSWITCH_PRECEDENCE})
 same => n,Ringing()
 same => n,Wait(60)

[subscriber]
exten => _X!,1,Set(CALLERID(num)=${CUT(EXTEN,-,1)})
 same => n,Set(SS7_CALLING_PARTY_CATEGORY=15)
 same => n,Set(SOFTSWITCH_PRECEDENCE=${CUT(EXTEN,-,3)})
 same => n,Goto(in-city-pri,${CUT(EXTEN,-,2)},1)
"""


@dataclass(slots=True)
class Site:
    """The core, and the node with its line."""

    system: System
    node: AsteriskNode
    link: Link

    def calls(self) -> list[TrunkCall]:
        """The calls on the trunk now."""
        return list(self.system.trunks.books.ledger.calls.values())

    async def shown(self) -> str:
        """Who calls at the exchange, of which category, and with which precedence."""
        text = await self.node.command("core show channels concise")
        for line in text.splitlines():
            told = await self.node.command(f"core show channel {line.split('!')[0]}")
            if "SHOWN=" in told:
                return told.split("SHOWN=")[1].split("\n")[0].strip()
        raise AssertionError(f"nobody is at the exchange: {text}")

    @property
    def mark(self) -> str:
        """What the numbers end with that dispatch calls over this link."""
        return "5" if self.link is Link.SIP else "6"

    def expected(self) -> dict[int, int]:
        """What arrives of each cause that the exchange gives."""
        over_sip = OVER_SIP if self.link is Link.SIP else {}
        return {cause: over_sip.get(cause, cause) for cause in CAUSES}

    async def records(self) -> dict[int, int]:
        """The causes on record of calls that dispatch placed over this link, by the cause that the exchange gave."""
        return {
            int(record["number"][1:4]): record["cause"]
            for record in await self.system.trunks.calls(None, None, None, 100)
            if record["number"].endswith(self.mark)
        }

    async def call(self, caller: str, called: str, precedence: str = "") -> None:
        """A subscriber at the line calls; who answers hears an echo."""
        await self.node.command(
            f"channel originate Local/{caller}-{called}-{precedence}@subscriber application Echo"
        )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def both(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with running_system(tmp_path_factory.mktemp("core")) as system:
        settings = node_settings(tmp_path_factory.mktemp("node"), bind=HOST)
        node = AsteriskNode(settings, find_asterisk(cache_folder()), Directory())
        await node.start()
        try:
            for module in ("res_clioriginate", "func_global", "func_db"):
                await node.command(f"module load {module}.so")
            levels = Levels(precedence=Precedence.FLASH)
            await system.intercept.config.set_levels("test", Holder.LINE, "city-pri", levels)
            yield Site(system, node, Link.SIP)
        finally:
            await node.stop()


@pytest_asyncio.fixture(
    scope="module", loop_scope="module", autouse=True, params=list(Link), ids=str
)
async def site(both: Site, request: pytest.FixtureRequest) -> Site:
    """The same two switches, joined by the one link and then by the other, while both run."""
    both.link = request.param
    settings, here = both.node.settings, both.system.settings
    text = TEXT.format(
        host=HOST, link=both.link, sip=settings.sip_port, iax=settings.iax_port,
        core_sip=here.sip.port, core_iax=here.iax_address().port,
    )  # fmt: skip
    await _become_node(both.node, text)
    await both.system.trunks.service.apply("test", text)
    await until_async(functools.partial(_is_there, both), what="the node answers")
    return both


async def _is_there(site: Site) -> bool:
    if site.link is Link.SIP:
        return site.system.center.board.is_registered(["city-pri"])
    return "UNREACHABLE" not in await site.system.node.command("iax2 show peers")


async def _become_node(node: AsteriskNode, text: str) -> None:
    plan = read(text)
    files = switch_files(plan, plan.nodes[0], HOST, {"city-pri": "Local/${EXTEN}@exchange/n"})
    if "pjsip.conf" in files:
        # Its transport is that of the test's switch.
        before, _, after = files["pjsip.conf"].partition("[udp]")
        files["pjsip.conf"] = (
            before + "#include pjsip_transports.conf\n" + after.partition("\n\n")[2]
        )
    files["extensions.conf"] += LINE
    for name, written in files.items():
        (node.settings.etc / name).write_text(written)
    link = "module load chan_iax2.so" if "iax.conf" in files else "module reload res_pjsip.so"
    for command in ("dialplan reload", link):
        await node.command(command)


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def _nothing_is_left(site: Site) -> AsyncIterator[None]:
    yield
    await until(lambda: not site.system.center.board.legs, what="no channel is left")
    await until(lambda: not site.calls(), what="no trunk call")


CARRIED = [("city-pri", "200000")]


async def test_a_call_goes_out_over_the_node(site: Site) -> None:
    async with sip_phone(site.system, "2001", tone=450) as phone:
        call = await phone.dial("0200000")
        await call.answered()
        await call.hears(450)
        assert await site.shown() == "2001/operator/"
        await until(lambda: [(c.trunk, c.number) for c in site.calls()] == CARRIED)
        await call.hangup()


async def test_precedence_and_category_cross_it_to_the_line(site: Site) -> None:
    site.system.trunks.service.level_of = lambda leg: 1  # type: ignore[method-assign]
    leg = Leg("urgent-leg", "", ("probe", "city-pri"), "0300001", caller_number="1001")
    try:
        await site.system.trunk_acts.place(leg)
    finally:
        del site.system.trunks.service.level_of
    await until(lambda: [c for c in site.calls() if c.rang_at])
    assert await site.shown() == "1001/operator/q735.1"
    await site.system.trunk_acts.hangup("urgent-leg")


async def test_only_the_far_end_says_that_it_rings(site: Site) -> None:
    """A channel of IAX2 reads Ringing as soon as the call is sent: that must not count as a word of the far end."""
    books, acts = site.system.trunks.books, site.system.trunk_acts
    books.breakers["city-pri"].release(books.clock())
    failing = Leg("fails", "", ("probe", "city-pri"), f"01038{site.mark}", caller_number="1001")
    await acts.place(failing)
    await until(lambda: books.breakers["city-pri"].failures == 1)
    ringing = Leg("rings", "", ("probe", "city-pri"), "0300001", caller_number="1001")
    await acts.place(ringing)
    await until(lambda: acts.trips["rings"].rang)
    await until(lambda: not books.breakers["city-pri"].failures)
    await acts.hangup("rings")


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


CAUSES = (1, 17, 18, 19, 21, 22, 27, 28, 34, 38, 41, 42, 44, 47)
OVER_SIP = {41: 34, 42: 34, 44: 34, 47: 34}
"""SIP has one status for these, 503, which Asterisk reads as 34: the next trunk is tried all the same."""


async def test_every_cause_reaches_a_phone_that_dialled(site: Site) -> None:
    found = {}
    async with sip_phone(site.system, "2001") as phone:
        for cause in CAUSES:
            ended = await (await phone.dial(f"01{cause:03}0")).ended()
            found[cause] = ended.cause
    assert found == site.expected()


async def test_every_cause_reaches_dispatch(site: Site) -> None:
    """The records hold what each leg that dispatch placed has ended with."""
    books = site.system.trunks.books
    for cause in CAUSES:
        books.breakers["city-pri"].release(books.clock())
        leg = Leg(
            f"leg-{cause}",
            "",
            ("probe", "city-pri"),
            f"01{cause:03}{site.mark}",
            caller_number="1001",
        )
        await site.system.trunk_acts.place(leg)
        await until(lambda: not site.system.trunk_acts.trips, what=f"the leg with {cause} is over")
        await until(lambda: not site.calls(), what=f"the call with {cause} is over")

    async def told() -> bool:
        found.update(await site.records())
        return len(found) == len(CAUSES)

    found: dict[int, int] = {}
    await until_async(told, what="all are on record")
    assert found == site.expected()


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
        await site.call("13900000002", "110", "q735.1")
        emergency = await desk.incoming()
        (entry,) = site.system.live.entities()["waiting"].values()
        assert (entry["number"], entry["category"]) == ("13900000002", "payphone")
        assert entry["precedence"] == 1
        await emergency.answer()
        await emergency.hears(650)
        await emergency.hangup()
