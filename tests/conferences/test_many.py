"""A group call of a hundred phones on one machine, and groups with trouble in them, over HTTP."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from softswitch.app import System
from softswitch.conferences.model import MOST_MEMBERS, MemberState
from softswitch.directory.model import ExtensionKind
from softswitch.testing.people import add_line
from softswitch.testing.phone import Phone
from softswitch.testing.system import LOCAL, running_system, secret, sip_phone, until
from tests.conferences.kit import TONES, phones, reaches
from tests.conferences.test_groups import api

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]
MANY = 100


async def group(http: httpx.AsyncClient, name: str, *numbers: str) -> None:
    body = {"name": name, "members": [{"number": number} for number in numbers]}
    answer = await http.post("/api/groups", json=body)
    assert answer.status_code == 201, answer.text


async def test_a_hundred_phones_hear_the_dispatcher(tmp_path: Path) -> None:
    async with running_system(tmp_path) as system, AsyncExitStack() as stack:
        numbers = [str(3001 + index) for index in range(MANY)]
        for number in numbers:
            await add_line(system.directory, number, ExtensionKind.PHONE)
        server = (LOCAL, system.settings.sip.port)
        desk = await stack.enter_async_context(sip_phone(system, "1001", tone=TONES["1001"]))
        them: list[Phone] = [
            await stack.enter_async_context(
                Phone.register(server, number, secret(number), auto_answer=number != numbers[-1])
            )
            for number in numbers
        ]
        board = system.center.board
        await until(lambda: all(board.is_registered([n]) for n in numbers))
        async with await api(system) as http:
            await group(http, "全体", *numbers)
            body = {"groups": ["全体"], "desk": "1001"}
            answer = await http.post("/api/group-calls", json=body)
            assert answer.status_code == 202, answer.text
            room = system.conferences.books.rooms[answer.json()["room"]["id"]]
            chair = await desk.incoming()
            await until(lambda: len(room.present) == MANY, what="99 and the chair")
            calls = [await phone.incoming() for phone in them[:-1]]
            await asyncio.gather(*(call.hears(TONES["1001"]) for call in calls))
            shown = system.live.entities()["room_member"].values()
            states = [member["state"] for member in shown]
            assert states.count("in") == MANY
            await reaches(room, numbers[-1], MemberState.RINGING)
            last = await them[-1].incoming()
            await last.reject()
            await reaches(room, numbers[-1], MemberState.BUSY)
            assert system.live.entities()["room"][room.id]["present"] == MANY
            again = await http.post(f"/api/rooms/{room.id}/redial", json={})
            assert again.json()["rung"] == [numbers[-1]]  # the missing one, and nobody else
            late = await them[-1].incoming()
            await late.answer()
            await late.hears(TONES["1001"])
            assert chair.end is None
            assert (await http.delete(f"/api/rooms/{room.id}")).status_code == 204
            await asyncio.gather(*(call.ended() for call in (*calls, late, chair)))
        await until(lambda: not board.legs, what="no channel is left")
        bridges = await system.node.command("bridge show all")
        assert len(bridges.strip().splitlines()) == 1, bridges


async def test_dead_unreachable_and_repeated_numbers_are_told_one_by_one(system: System) -> None:
    async with (
        phones(system, "2001", "2002") as them,
        sip_phone(system, "1001", tone=TONES["1001"]) as desk,
        await api(system) as http,
    ):
        await group(http, "甲", "2001", "2002")
        await group(http, "乙", "2002", "2003")
        body = {"groups": ["甲", "乙"], "numbers": ["2001", "110", "1001"], "desk": "1001"}
        told = (await http.post("/api/group-calls", json=body)).json()
        assert told["invited"] == ["2001", "2002", "2003"]  # who is in two groups is rung once
        assert sorted(told["repeated"]) == ["1001", "2001", "2002"]
        assert told["refused"] == ["110"]
        room = system.conferences.books.rooms[told["room"]["id"]]
        await desk.incoming()
        await (await them["2001"].incoming()).reject(status=404)
        await (await them["2002"].incoming()).answer()
        await reaches(room, "2001", MemberState.DEAD_NUMBER)
        await reaches(room, "2003", MemberState.UNREACHABLE)
        await reaches(room, "2002", MemberState.IN)
        redial = await http.post(f"/api/rooms/{room.id}/redial", json={})
        assert redial.json()["rung"] == ["2003"]  # a dead number stays dead
        for name in ("甲", "乙"):
            assert (await http.delete(f"/api/groups/{name}")).status_code == 204


async def test_what_cannot_be_called_gets_a_clear_answer(system: System) -> None:
    async with await api(system) as http:
        await group(http, "only", "1001")
        many = [str(13_800_000_000 + index) for index in range(MOST_MEMBERS)]
        for body, status, code in (
            ({"groups": ["nobody"]}, 404, "group_not_found"),
            ({}, 422, "nobody"),
            ({"groups": ["only"]}, 422, "nobody"),  # himself alone
            ({"numbers": ["abc"]}, 422, "bad_number"),
            ({"numbers": many}, 422, "too_many"),
        ):
            answer = await http.post("/api/group-calls", json={**body, "desk": "1001"})
            error = answer.json()["error"]
            assert (answer.status_code, error["code"]) == (status, code), body
            assert error["message"]
            assert error["next_step"]
        room = (await http.post("/api/rooms", json={"most": 2})).json()
        numbers = {"numbers": ["2001", "2002", "2003"]}
        full = await http.post(f"/api/rooms/{room['id']}/invite", json=numbers)
        assert (full.status_code, full.json()["error"]["code"]) == (409, "room_full")
        assert not system.conferences.books.rooms[room["id"]].members  # nobody was rung
        twice = {"name": "twice", "members": [{"number": "2001"}, {"number": "2001"}]}
        answer = await http.post("/api/groups", json=twice)
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "repeated_number")
        same = await http.post("/api/groups", json={"name": "only", "members": []})
        assert (same.status_code, same.json()["error"]["code"]) == (409, "group_taken")
        assert (await http.delete("/api/groups/only")).status_code == 204
