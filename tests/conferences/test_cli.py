"""The commands against a running server."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from softswitch.app import System
from softswitch.cli.main import run
from softswitch.testing.system import sip_phone, until

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


async def test_the_commands_do_what_they_say(
    system: System, capsys: pytest.CaptureFixture[str]
) -> None:
    async def typed(*words: str, code: int = 0) -> Any:
        data = str(system.folder.path)
        assert await asyncio.to_thread(run, [*words, "--json", "--data", data]) == code
        return json.loads(capsys.readouterr().out)

    async with sip_phone(system, "2001", auto_answer=True) as phone:
        await typed("conference", "create", "8200", "--name", "指挥", "--pin", "4711")
        assert [r["number"] for r in (await typed("conference", "list"))["rooms"]] == ["8200"]
        await typed("group", "set", "消防", "2001:2002", "2003")
        stored = (await typed("group", "list"))["groups"][0]["members"]
        assert [(m["number"], m["deputy"]) for m in stored] == [("2001", "2002"), ("2003", "")]
        told = await typed("conference", "invite", "8200", "2001", "--group", "消防")
        assert told["invited"] == ["2001", "2003"]
        assert told["repeated"] == ["2001"]
        call = await phone.incoming()
        room = system.conferences.books.by_number("8200")
        assert room is not None
        await until(lambda: room.present, what="2001 is in")
        shown = await typed("conference", "mute", "8200", "2001")
        assert shown["muted"]
        assert (await typed("conference", "lock", "8200", "on"))["locked"]
        states = {
            m["number"]: m for m in (await typed("conference", "show", "8200"))["member_list"]
        }
        assert states["2001"]["state"] == "in"
        assert states["2003"]["state"] == "unreachable"
        refused = await typed("conference", "floor", "8200", code=1)
        assert refused["error"]["code"] == "no_hand"
        await typed("conference", "kick", "8200", "2001")
        await call.ended()
        await typed("conference", "close", "8200")
        await typed("group", "remove", "消防")
        refused = await typed("rollcall", "begin", "消防", "--desk", "1001", code=1)
        assert refused["error"]["code"] == "group_not_found"
        assert (await typed("rollcall", "list"))["roll_calls"] == []
        refused = await typed("notify", "send", "x", "--number", "110", code=1)
        assert refused["error"]["code"] == "nobody"
        assert (await typed("notify", "list"))["notices"] == []
