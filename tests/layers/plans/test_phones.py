"""Plans with real phones: whom the dry run lists is rung within three seconds, and kill -9 repeats nothing."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from softswitch.testing.system import until as until_true
from tests.survival.rig import Server, own_server, until

pytestmark = pytest.mark.asterisk

PLAN = """
key: flood
name: 防汛应急响应
levels:
  - id: l3
    steps:
      - {id: tell, do: notify, text: 请到岗, tries: 1, to: {duty: [chief], groups: [抢险]}}
      - {id: ring, do: conference, name: 指挥部, to: {numbers: ["1001"]}}
      - {id: job, do: task, text: 巡堤, tries: 1, deadline_minutes: 30, to: {numbers: ["2003"]}, after: [ring]}
"""


async def asked(server: Server, method: str, path: str, body: object = None) -> Any:
    answer = await server.request(method, path, body if body is not None else {})
    assert answer.status_code < 300, (path, answer.text)
    return answer.json() if answer.content else None


async def fill(server: Server, off: str) -> None:
    """One on duty now (2001), one off duty, a group of one, and the plan."""
    begin = int(time.time() * 1000)
    for key, number in (("on", "2001"), ("off", off)):
        await asked(server, "PUT", f"/api/duty/people/{key}", {"name": key, "numbers": [number]})
    roster = {"name": "值班", "zone": "UTC", "uses": ["intake"]}
    await asked(server, "PUT", "/api/duty/rosters/chief", roster)
    today, yesterday = (
        time.strftime("%Y-%m-%d", time.gmtime(begin / 1000 - n * 86_400)) for n in (0, 1)
    )
    shift = {"roster": "chief", "begin": "00:00", "end": "24:00"}
    await asked(server, "POST", "/api/duty/shifts", {**shift, "person": "on", "date": today})
    await asked(server, "POST", "/api/duty/shifts", {**shift, "person": "off", "date": yesterday})
    await asked(server, "POST", "/api/groups", {"name": "抢险", "members": [{"number": "2002"}]})
    stored = await asked(server, "PUT", "/api/plans/flood", {"yaml": PLAN})
    assert stored == {"key": "flood", "version": 1, "missed": []}


def by_step(steps: list[dict[str, Any]]) -> dict[str, list[str]]:
    return {step["step"]: [one["number"] for one in step["reached"]] for step in steps}


async def test_the_dry_run_is_what_happens_and_a_kill_repeats_nothing(tmp_path: Path) -> None:
    async with own_server(tmp_path) as server, AsyncExitStack() as stack:
        await server.start()
        await fill(server, "1002")
        phones = {
            number: await stack.enter_async_context(server.phone(number, 450 + 200 * n))
            for n, number in enumerate(("2001", "2002", "2003", "1001", "1002"))
        }
        dry = await asked(server, "POST", "/api/plans/flood/dry-run", {"level": "l3"})
        assert by_step(dry["steps"]) == {
            "tell": ["2002", "2001"],
            "ring": ["1001"],
            "job": ["2003"],
        }
        assert dry["people"] == 4
        run = await asked(server, "POST", "/api/plans/flood/start", {"level": "l3", "key": "one"})
        calls = {}
        for number in ("2001", "2002", "1001", "2003"):
            calls[number] = await phones[number].incoming()
        assert not phones["1002"].arrived  # he was on duty yesterday
        await calls["1001"].answer()

        async def is_in() -> bool:
            return [room["present"] for room in (await server.get("/api/rooms"))["rooms"]] == [1]

        await until(is_in, "1001 is in the room")
        await server.kill()
        await server.start()
        again = await asked(server, "POST", "/api/plans/flood/start", {"level": "l3", "key": "one"})
        assert again["id"] == run["id"]

        async def all_done() -> bool:
            found = await server.get(f"/api/plan-runs/{run['id']}")
            return all(step["state"] == "done" for step in found["steps"])

        await until(all_done, "all steps are done")
        real = await server.get(f"/api/plan-runs/{run['id']}")
        assert by_step(real["steps"]) == by_step(dry["steps"])
        notices = {row["id"] for row in (await server.get("/api/notices"))["notices"]}
        rooms = (await server.get("/api/rooms"))["rooms"]
        refs = {step["step"]: step["ref"] for step in real["steps"]}
        assert notices == {refs["tell"], refs["job"]}
        assert [room["id"] for room in rooms] == [refs["ring"]]
        ledger = (await server.get(f"/api/notices/{refs['tell']}"))["ledger"]
        assert {row["number"]: row["tries"] for row in ledger} == {"2001": 1, "2002": 1}
        aborted = await asked(server, "POST", f"/api/plan-runs/{run['id']}/abort")
        assert aborted["state"] == "aborted"
        await asked(server, "DELETE", f"/api/rooms/{refs['ring']}")
        for number in calls:
            await until_true(lambda n=number: not phones[n].arrived, what=f"{number} was rung once")  # type: ignore[misc]


async def test_an_emergency_call_that_no_desk_answers_rings_who_is_on_duty(tmp_path: Path) -> None:
    async with own_server(tmp_path) as server:
        await server.start()
        await fill(server, "2003")
        async with (
            server.phone("2001", 650) as on_duty,
            server.phone("2003", 850) as off_duty,
            server.phone("2002", 1050) as citizen,
        ):
            call = await citizen.dial("120")
            answer = await on_duty.incoming()
            await answer.answer()
            await asyncio.gather(call.hears(650), answer.hears(1050))
            assert not off_duty.arrived
            await call.hangup()
