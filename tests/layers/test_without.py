"""Take all layers away, and calls still work."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from softswitch.app import System
from softswitch.calls.intake import Duty
from softswitch.testing.patience import PATIENCE
from softswitch.testing.system import no_channel_left, running_system, sip_phone, until

pytestmark = pytest.mark.asterisk


async def test_calls_work_without_any_layer(tmp_path: Path) -> None:
    async with running_system(tmp_path, layers=()) as system:
        assert all(layer is None for layer in vars(system.layers).values())
        await _emergency_call(system)
        await _plain_call(system)
        async with httpx.AsyncClient(base_url=system.url, timeout=PATIENCE) as web:
            answer = await web.get("/api/incidents")
            assert answer.status_code == 404
            assert answer.json()["error"]["code"] == "not_found"
        assert not system.live.entities().get("incident")


async def _emergency_call(system: System) -> None:
    """A citizen calls 120, waits in the queue, is answered at a desk and heard."""
    center = system.center
    async with (
        sip_phone(system, "2001", tone=450) as citizen,
        sip_phone(system, "1002", tone=650, auto_answer=True),
    ):
        center.desks.sit("li", "1002", Duty.PAUSED)
        call = await citizen.dial("120")
        queue = center.intake.queue
        call_id = await until(lambda: next(iter(queue), ""), what="the call waits")
        await center.commands.answer("1002", call_id)
        await call.answered()
        await call.hears(650)
        assert center.screens.incident_of(call_id) is None
        await center.commands.hangup("1002", call_id)
        await call.ended()
        center.desks.leave("li")
    await until(lambda: not center.board.legs, what="no channel is left")
    await no_channel_left(system.node)


async def _plain_call(system: System) -> None:
    async with (
        sip_phone(system, "2001", tone=450) as caller,
        sip_phone(system, "2002", tone=850, auto_answer=True),
    ):
        call = await caller.dial("2002")
        await call.answered()
        await call.hears(850)
        await call.hangup()
    await no_channel_left(system.node)
