"""Callers behind a gateway: everybody sees the number that the gateway tells."""

from __future__ import annotations

import pytest

from softswitch.access.model import Actor, Role
from softswitch.app import System
from softswitch.calls import store as call_store
from softswitch.directory.model import RegistryEntry
from softswitch.numbers import PhoneNumber
from softswitch.testing.system import LINE, shows, sip_phone, until

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

NUMBER = "13800138009"


async def test_the_incident_knows_the_caller_behind_a_gateway(system: System) -> None:
    actor = Actor("admin", "admin", Role.SUPERVISOR)
    await system.registry.add(actor, RegistryEntry(PhoneNumber(NUMBER), "Chen", "8 Mill Lane", ""))
    async with sip_phone(system, LINE) as line:
        call = await line.dial("119", caller=NUMBER)
        call_id = await until(lambda: next(iter(system.center.intake.queue), ""), what="he waits")
        incident = await until(lambda: next(iter(system.live.entities()["incident"])))
        await shows(system, "incident", incident, number=NUMBER, name="Chen", address="8 Mill Lane")
        await call.hangup()
        await until(lambda: call_id not in system.center.board.calls, what="the call is over")
    await system.center.log.written()
    row = await system.db.read(call_store.call_by_id, call_id)
    assert row is not None
    assert row["caller_number"] == NUMBER
