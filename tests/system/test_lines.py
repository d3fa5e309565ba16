"""Calls from and to numbers outside, through a line; and callers who are called back without anybody asking."""

from __future__ import annotations

import pytest

from softswitch.app import System
from softswitch.calls.intake import Duty
from softswitch.directory.model import RegistryEntry
from softswitch.numbers import PhoneNumber
from softswitch.testing.phone import Phone
from softswitch.testing.system import LINE, shows, sip_phone, until, until_told

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

CITIZEN = "13900000001"
FROM_CITIZEN = {"P-Asserted-Identity": f"<sip:{CITIZEN}@softswitch>"}


async def test_a_citizen_calls_over_a_line_and_is_known_by_name(system: System) -> None:
    entry = RegistryEntry(PhoneNumber(CITIZEN), "王秀英", "自流井区解放路12号")
    await system.registry.add(None, entry)
    async with (
        sip_phone(system, LINE, tone=650) as line,
        sip_phone(system, "1001", tone=450) as desk,
    ):
        call = await line.dial("119", headers=FROM_CITIZEN)
        offered = await desk.incoming()
        assert offered.caller_number == CITIZEN
        call_id = await until(lambda: next(iter(system.center.intake.queue), ""))
        await shows(system, "waiting", call_id, name="王秀英", address="自流井区解放路12号")
        incident = await until(lambda: system.center.screens.incident_of(call_id))
        assert system.layers.incidents is not None
        incidents = system.layers.incidents

        async def addressed() -> bool:
            return bool((await incidents.get(incident))["address"] == "自流井区解放路12号")

        await until_told(addressed, what="the incident has the address")
        await offered.answer()
        await call.hears(450)
        await offered.hears(650)
        await call.hangup()
        await offered.ended()


async def test_the_duty_mobile_is_reached_over_the_line(system: System) -> None:
    await system.directory.change_intake(None, {"duty_number": "13811112222"})
    async with (
        sip_phone(system, "2001", tone=450) as citizen,
        sip_phone(system, LINE, tone=850) as line,
    ):
        call = await citizen.dial("120")
        mobile = await line.incoming()
        await mobile.answer()
        await call.hears(850)
        await mobile.hears(450)
        await mobile.hangup()
        await call.ended()
    await system.directory.change_intake(None, {"duty_number": None})


async def test_who_gave_up_is_called_back_by_itself(system: System) -> None:
    center = system.center
    await system.directory.change_intake(None, {"callback_auto": True})
    async with (
        sip_phone(system, LINE, tone=650) as line,
        sip_phone(system, "1001", tone=450, auto_answer=False) as desk,
    ):
        center.desks.sit("li", "1001", Duty.PAUSED)
        call = await line.dial("120", headers=FROM_CITIZEN)
        await until(lambda: center.intake.queue)
        await call.hangup()
        await until(lambda: center.tasks.open, what="a task is open")
        center.desks.sit("li", "1001", Duty.READY)
        own = await desk.incoming()
        await own.answer()
        back = await line.incoming()
        await back.answer()
        await own.hears(650)
        await back.hears(450)
        await own.hangup()
        await back.ended()
        await until(lambda: not center.tasks.open, what="the task is closed")
        center.desks.leave("li")
    await system.directory.change_intake(None, {"callback_auto": False})


async def test_a_call_back_that_nobody_answers_stays_open_and_waits(system: System) -> None:
    center = system.center
    async with (
        sip_phone(system, LINE) as line,
        sip_phone(system, "1001", auto_answer=True) as desk,
    ):
        center.desks.sit("li", "1001", Duty.PAUSED)
        call = await line.dial("120", headers=FROM_CITIZEN)
        await until(lambda: center.intake.queue)
        await call.hangup()
        task = await until(lambda: next(iter(center.tasks.open.values()), None))
        await center.tasks.call("1001", "li", task["id"])
        own = await desk.incoming()
        await (await line.incoming()).reject(486)
        await own.ended()
        row = await until(
            lambda: next((r for r in center.tasks.open.values() if r["state"] == "open"), None)
        )
        assert row["attempts"] == 1
        assert row["next_at"] > 0
        center.desks.leave("li")


async def test_a_name_that_comes_into_the_registry_is_shown_to_the_next_call(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("softswitch.calls.names.FRESH", -1)
    number = "13900000077"
    headers = {"P-Asserted-Identity": f"<sip:{number}@softswitch>"}

    async def call_shows(line: Phone, name: str | None) -> None:
        call = await line.dial("120", headers=headers)
        call_id = await until(lambda: next(iter(system.center.intake.queue), ""))
        await shows(system, "waiting", call_id, name=name)
        await call.hangup()
        await until(lambda: not system.center.intake.queue)

    async with sip_phone(system, LINE) as line:
        await call_shows(line, None)
        await system.registry.add(None, RegistryEntry(PhoneNumber(number), "赵敏", ""))
        await call_shows(line, "赵敏")
