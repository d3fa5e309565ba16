"""When all circuits are busy, a higher call takes the circuit of the lowest (ITU-T I.255.3)."""

from __future__ import annotations

import pytest

from softswitch.ports import ActFailed, Leg
from softswitch.testing.system import sip_phone, until
from tests.trunk.kit import Rig

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

ONE_CIRCUIT = """
[[trunk]]
name = "first"
kind = "sip"
host = "127.0.0.2"
port = {port}
calls = 1
options_seconds = 2

[[route]]
name = "far"
patterns = ["0."]
to = ["first"]
strip = 1
"""


async def resource_priority(rig: Rig, number: str) -> str:
    """Return what the carrier was told with a call that is up there."""
    lines = [line.split("!") for line in await rig.carrier.channels()]
    name = next(line[0] for line in lines if line[2] == number)
    shown = await rig.carrier.node.command(f"core show channel {name}")
    return shown.split("Caller ID Name: ")[1].split("\n")[0].strip()


async def test_an_emergency_leg_clears_a_routine_call_with_cause_8(rig: Rig) -> None:
    """The duty mobile is called for an emergency while somebody chats on the only circuit."""
    await rig.apply(ONE_CIRCUIT.format(port=rig.carrier.sip_port))
    async with sip_phone(rig.system, "2001", tone=450) as chatting:
        chat = await chatting.dial("0200000")
        await chat.answered()
        await until(lambda: rig.calls("first"))
        leg = Leg("urgent-leg", "", ("probe", "first"), "0300001", caller_number="1001")
        rig.system.trunks.service.level_of = lambda leg: 0  # type: ignore[method-assign]
        try:
            await rig.system.trunk_acts.place(leg)
        finally:
            del rig.system.trunks.service.level_of
        assert (await chat.ended()).cause == 8
        await until(lambda: [c.number for c in rig.calls("first")] == ["300001"] or None)
        await until(lambda: all(c.rang_at for c in rig.calls("first")))
        assert await resource_priority(rig, "300001") == "q735.0"
        await rig.system.trunk_acts.hangup("urgent-leg")
    records = await rig.records(2, "first")
    assert [r["source"] for r in records if r["number"] == "200000"] == ["preempted"]
    assert rig.system.trunks.books.ledger.counters["first"].preemptions == 1
    assert await rig.system.audit.page(act="trunk.preempted")


async def test_a_routine_call_clears_nobody(rig: Rig) -> None:
    await rig.apply(ONE_CIRCUIT.format(port=rig.carrier.sip_port))
    async with sip_phone(rig.system, "2001", tone=450) as chatting:
        chat = await chatting.dial("0200000")
        await chat.answered()
        await chat.hears(450)
        with pytest.raises(ActFailed, match="no_circuit"):
            await rig.system.trunk_acts.place(Leg("late-leg", "", ("probe", "first"), "0200001"))
        await chat.hears(450)
        await chat.hangup()
