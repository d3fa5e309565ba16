"""Group calls, roll calls and hunts with real phones."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from softswitch.app import System
from softswitch.conferences.model import MemberState
from softswitch.conferences.rollcall import RollKind, RollState
from softswitch.errors import Refusal
from softswitch.testing.patience import PATIENCE
from softswitch.testing.system import sip_phone, until
from tests.conferences.kit import (
    TONES,
    WHO,
    all_hear_all,
    answer_all,
    make,
    phones,
    reaches,
)

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


async def api(system: System) -> httpx.AsyncClient:
    """The command line's way in."""
    told = json.loads((system.folder.path / "cli.json").read_text())
    return httpx.AsyncClient(
        base_url=told["url"],
        headers={"authorization": f"Bearer {told['token']}"},
        trust_env=False,
        timeout=PATIENCE,
    )


async def test_a_group_call_over_http_brings_all_together(system: System) -> None:
    async with (
        phones(system, "2001", "2002", "2003") as them,
        sip_phone(system, "1001", tone=TONES["1001"]) as desk,
        await api(system) as http,
    ):
        for name, numbers in (("one", ["2001", "2002"]), ("two", ["2002", "2003"])):
            body = {"name": name, "members": [{"number": n} for n in numbers]}
            assert (await http.post("/api/groups", json=body)).status_code == 201
        answer = await http.post(
            "/api/group-calls", json={"groups": ["one", "two"], "desk": "1001"}
        )
        assert answer.status_code == 202, answer.text
        told = answer.json()
        assert told["invited"] == ["2001", "2002", "2003"]
        assert told["repeated"] == ["2002"]
        room = system.conferences.books.rooms[told["room"]["id"]]
        chair = await desk.incoming()  # obeys the header: forced answer
        await chair.answered()
        calls = await answer_all(room, them)
        await all_hear_all({"1001": chair, **calls})
        for key in ("one", "two"):
            assert (await http.delete(f"/api/groups/{key}")).status_code == 204


async def test_forced_answer_and_redial_of_the_missing(system: System) -> None:
    async with phones(system, "2001", "2002") as them:
        room = await make(system)
        report: dict[str, Any] = await system.conferences.rooms.invite(
            WHO, room.id, ["2001", "2002", "2003"], auto_answer=True
        )
        assert len(report["invited"]) == 3
        calls = {n: await phone.incoming() for n, phone in them.items()}
        await asyncio.gather(*(call.answered() for call in calls.values()))
        await all_hear_all(calls)
        await reaches(room, "2003", MemberState.UNREACHABLE)
        async with sip_phone(system, "2003", tone=TONES["2003"]) as late:
            assert await system.conferences.rooms.redial(WHO, room.id) == ["2003"]
            joined = await late.incoming()
            await joined.answered()
            await all_hear_all({**calls, "2003": joined})
            await system.conferences.rooms.close(WHO, room.id)


async def test_a_busy_phone_is_not_cut_into(system: System) -> None:
    async with phones(system, "1001", "2001", "2002") as them:
        talking = await them["1001"].dial("2001")
        other = await them["2001"].incoming()
        await other.answer()
        await talking.hears(TONES["2001"])
        room = await make(system)
        await system.conferences.rooms.invite(WHO, room.id, ["2001", "2002"], auto_answer=True)
        await reaches(room, "2001", MemberState.BUSY)
        await (await them["2002"].incoming()).answered()
        await talking.hears(TONES["2001"])
        await talking.hangup()


async def test_a_roll_call_goes_one_by_one_and_tells_who_is_absent(system: System) -> None:
    rolls = system.conferences.rolls
    async with (
        phones(system, "2001", "2002", "2003") as them,
        sip_phone(system, "1001", tone=TONES["1001"]) as desk,
    ):
        call = await rolls.begin(WHO, "1001", ["2001", "2002", "2003"])
        chair = await desk.incoming()
        first = await them["2001"].incoming()
        await first.answer()
        await first.hears(TONES["1001"])
        await chair.hears(TONES["2001"])
        assert not them["2002"].calls  # one at a time
        await first.hangup()
        second = await them["2002"].incoming()
        await second.reject()
        third = await them["2003"].incoming()
        await third.answer()
        await third.hears(TONES["1001"])
        await third.hangup()
        await until(lambda: call.roll.state is RollState.DONE)
        assert [e.number for e in call.roll.absent] == ["2002"]
        assert call.view()["absent"] == ["2002"]
        await chair.hears_sound()  # the result is told
        await rolls.into_conference(WHO, call.id)
        back = {n: await them[n].incoming() for n in ("2001", "2003")}
        for each in back.values():
            await each.answer()
        await all_hear_all({"1001": chair, **back})


async def test_the_desk_is_rung_again_when_it_hangs_up_early(system: System) -> None:
    async with (
        phones(system, "2001", "2002") as them,
        sip_phone(system, "1001", tone=TONES["1001"]) as desk,
    ):
        call = await system.conferences.rolls.begin(WHO, "1001", ["2001", "2002"])
        chair = await desk.incoming()
        first = await them["2001"].incoming()
        await first.answer()
        await chair.hears(TONES["2001"])
        await chair.hangup()
        again = await desk.incoming()
        await first.hears_sound()  # music, not silence
        await again.answer()
        await again.hears(TONES["2001"])
        await first.hangup()
        second = await them["2002"].incoming()
        await second.answer()
        await again.hears(TONES["2002"])
        await system.conferences.rolls.stop(WHO, call.id)


async def test_a_hunt_ends_with_the_first_who_answers(system: System) -> None:
    async with (
        phones(system, "2001", "2002", "2003") as them,
        sip_phone(system, "1001", tone=TONES["1001"]) as desk,
    ):
        call = await system.conferences.rolls.begin(
            WHO, "1001", ["2001", "2002", "2003"], kind=RollKind.HUNT
        )
        chair = await desk.incoming()
        await (await them["2001"].incoming()).reject()
        taken = await them["2002"].incoming()
        await taken.answer()
        await taken.hears(TONES["1001"])
        await chair.hears(TONES["2002"])
        await until(lambda: call.roll.state is RollState.DONE)
        assert not them["2003"].calls


async def test_bad_groups_and_lists_are_refused(system: System) -> None:
    groups, rolls = system.conferences.groups, system.conferences.rolls
    for members in (
        [{"number": "2001"}, {"number": "2001"}],
        [{"number": "110"}],
        [{"number": "abc"}],
    ):
        with pytest.raises(Refusal):
            await groups.put(WHO, "bad", members)
    with pytest.raises(Refusal):
        await groups.one("bad")
    with pytest.raises(Refusal):
        await rolls.begin(WHO, "1001", ["1001", "110"])
