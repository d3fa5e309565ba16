"""Emergency intake on the real switch: who rings, who hears whom, what is on record."""

from __future__ import annotations

import asyncio

import pytest

from softswitch.app import System
from softswitch.calls import store as call_store
from softswitch.calls.intake import Duty
from softswitch.errors import Refusal
from softswitch.layers.incidents import store as incident_store
from softswitch.testing.system import shows, sip_phone, until

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


async def waiting_call(system: System) -> str:
    return await until(lambda: next(iter(system.center.intake.queue), ""), what="a call waits")


async def test_a_citizen_dials_120_and_a_desk_answers(system: System) -> None:
    async with (
        sip_phone(system, "2001", tone=450) as citizen,
        sip_phone(system, "1001", tone=650) as desk,
    ):
        call = await citizen.dial("120")
        offered = await desk.incoming()
        await call.ringing()
        call_id = await waiting_call(system)
        assert system.center.intake.queue[call_id].digits == "120"
        assert offered.caller_number == "2001"
        await offered.answer()
        await call.answered()
        await call.hears(650)
        await offered.hears(450)
        await shows(system, "call", call_id, kind="emergency", state="talking", owner="1001")
        await call.hangup()
        await offered.ended()
        await until(lambda: call_id not in system.center.board.calls)
    await system.center.log.written()
    row = await system.db.read(call_store.call_by_id, call_id)
    assert row is not None
    assert row["answered_at"] is not None
    assert {leg["role"] for leg in row["legs"]} == {"caller", "desk"}


async def test_a_dispatcher_takes_a_waiting_call_by_command(system: System) -> None:
    center = system.center
    async with (
        sip_phone(system, "2001", tone=450) as citizen,
        sip_phone(system, "1002", tone=650, auto_answer=True),
    ):
        center.desks.sit("li", "1002", Duty.PAUSED)
        call = await citizen.dial("119")
        call_id = await waiting_call(system)
        await center.commands.answer("1002", call_id)
        await call.answered()
        await call.hears(650)
        incident = await until(
            lambda: center.screens.incident_of(call_id), what="an incident is drafted"
        )
        await shows(system, "incident", incident, owner="li")
        await center.commands.hangup("1002", call_id)
        await call.ended()
        center.desks.leave("li")


async def test_two_desks_press_at_once_and_one_gets_it(system: System) -> None:
    center = system.center
    async with (
        sip_phone(system, "2001", tone=450) as citizen,
        sip_phone(system, "1001", auto_answer=True),
        sip_phone(system, "1002", auto_answer=True),
    ):
        center.desks.sit("li", "1001", Duty.PAUSED)
        center.desks.sit("wang", "1002", Duty.PAUSED)
        call = await citizen.dial("110")
        call_id = await waiting_call(system)
        results = await asyncio.gather(
            center.commands.answer("1001", call_id),
            center.commands.answer("1002", call_id),
            return_exceptions=True,
        )
        refused = [result for result in results if isinstance(result, Refusal)]
        assert [refusal.code for refusal in refused] == ["taken"]
        await call.answered()
        winner = "1001" if results[0] is None else "1002"
        await until(lambda: center.engine.calls[call_id].owner == winner)
        await call.hangup()
        center.desks.leave("li")
        center.desks.leave("wang")


async def test_unanswered_goes_to_the_next_desk_then_to_the_duty_number(system: System) -> None:
    center = system.center
    await system.directory.change_intake(None, {"offer_seconds": 5, "duty_number": "2003"})
    async with (
        sip_phone(system, "2001", tone=450) as citizen,
        sip_phone(system, "1001") as first,
        sip_phone(system, "1002") as second,
        sip_phone(system, "2003", tone=850) as duty,
    ):
        call = await citizen.dial("120")
        one = await first.incoming()
        await one.reject(486)
        two = await second.incoming()
        await until(lambda: next(iter(center.intake.queue.values())).stage.value == "next")
        await two.reject(486)
        mobile = await duty.incoming()
        await mobile.answer()
        await call.hears(850)
        await mobile.hears(450)
        await call.hangup()
        await mobile.ended()
    await system.directory.change_intake(None, {"duty_number": None})


async def test_the_highest_class_is_offered_first(system: System) -> None:
    center = system.center
    async with sip_phone(system, "2001") as first, sip_phone(system, "2002") as second:
        traffic = await first.dial("122")
        await until(lambda: len(center.intake.queue) == 1)
        medical = await second.dial("120")
        await until(lambda: len(center.intake.queue) == 2)
        async with sip_phone(system, "1001") as desk:
            offered = await desk.incoming()
            assert offered.caller_number == "2002"
            await offered.answer()
            await medical.answered()
            await medical.hangup()
            nxt = await desk.incoming()
            assert nxt.caller_number == "2001"
            await nxt.answer()
            await traffic.answered()
            await traffic.hangup()
            await nxt.ended()


async def test_priority_can_be_changed_while_waiting(system: System) -> None:
    center = system.center
    async with sip_phone(system, "2001") as first, sip_phone(system, "2002") as second:
        traffic = await first.dial("122")
        traffic_id = await waiting_call(system)
        medical = await second.dial("120")
        await until(lambda: len(center.intake.queue) == 2)
        await center.commands.prioritise(traffic_id, 0)
        await until(lambda: center.intake.first_for("1001") == traffic_id)
        await traffic.hangup()
        await medical.hangup()
        await until(lambda: not center.intake.queue)


async def test_who_gives_up_becomes_one_task_and_is_called_back(system: System) -> None:
    center = system.center
    async with sip_phone(system, "2002", tone=450) as citizen:
        for _ in range(2):
            call = await citizen.dial("120")
            await waiting_call(system)
            await call.hangup()
            await until(lambda: not center.intake.queue)
        await until(lambda: len(center.tasks.open) == 1, what="one task")
        task = next(iter(center.tasks.open.values()))
        await until(lambda: next(iter(center.tasks.open.values()))["calls"] == 2)
        assert task["number"] == "2002"
        async with sip_phone(system, "1001", tone=650, auto_answer=True):
            await center.tasks.call("1001", "li", task["id"])
            back = await citizen.incoming()
            await back.answer()
            await back.hears(650)
            await back.hangup()
            await until(lambda: not center.tasks.open, what="the task is closed")


async def test_a_caller_who_calls_again_closes_the_task(system: System) -> None:
    center = system.center
    async with sip_phone(system, "2002") as citizen:
        call = await citizen.dial("120")
        await waiting_call(system)
        await call.hangup()
        await until(lambda: len(center.tasks.open) == 1)
        async with sip_phone(system, "1001") as desk:
            again = await citizen.dial("120")
            await (await desk.incoming()).answer()
            await again.answered()
            await until(lambda: not center.tasks.open)
            await again.hangup()


async def test_the_incident_has_one_owner_and_no_silent_overwriting(system: System) -> None:
    async with sip_phone(system, "2001") as citizen:
        call = await citizen.dial("120")
        call_id = await waiting_call(system)
        incident = await until(lambda: system.center.screens.incident_of(call_id))
        await call.hangup()
    won = await asyncio.gather(
        *(
            system.db.write(incident_store.own, incident, login, 1, only_free=True)
            for login in ("li", "wang", "zhao")
        )
    )
    assert sorted(won) == [False, False, True]
    assert system.layers.incidents is not None
    row = await system.layers.incidents.get(incident)
    first = await system.db.write(
        incident_store.change, incident, row["version"], 2, {"title": "one"}
    )
    second = await system.db.write(
        incident_store.change, incident, row["version"], 3, {"title": "two"}
    )
    assert (first, second) == (True, False)
