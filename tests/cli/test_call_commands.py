"""Real calls between real SIP phones, commanded from the command line; tones tell who hears whom."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from softswitch.recordings import model as recording
from softswitch.recordings.store import Filter
from softswitch.testing.patience import PATIENCE
from softswitch.testing.phone import Phone, State
from softswitch.testing.system import LINE, sip_phone, until
from tests.cli.conftest import Server, Softswitch

TONES = {"1001": 450, "1002": 650, "2001": 850, LINE: 1050}


@pytest.fixture
def phones(server: Server) -> Iterator[dict[str, Phone]]:
    """Three registered phones and a line; those of desks answer by themselves when told to."""
    stack = AsyncExitStack()

    async def enter() -> dict[str, Phone]:
        return {
            name: await stack.enter_async_context(sip_phone(server.system, name, tone=tone))
            for name, tone in TONES.items()
        }

    yield server.do(enter())
    server.do(stack.aclose())


def test_dial_hold_resume_keys_and_hang_up(
    cli: Softswitch, server: Server, phones: dict[str, Phone]
) -> None:
    made = cli("call", "dial", "2001", "--desk", "1001", "--json").json
    own = server.do(phones["1001"].incoming())
    server.do(own.answer())
    other = server.do(phones["2001"].incoming())
    server.do(other.answer())
    server.do(own.hears(TONES["2001"]))
    assert made["call_id"][:8] in cli("call", "list", "--now").out
    assert made["call_id"] in json.dumps(cli("board", "--json").json)
    assert "talking" in cli("board").out
    assert cli("call", "dtmf", "12#", "--desk", "1001").code == 0
    server.do(other.receives("12#"))
    assert cli("call", "hold", "--desk", "1001").code == 0
    server.do(own.stops_hearing(TONES["2001"]))
    assert cli("call", "resume", made["call_id"][:-1], "--desk", "1001").code == 0
    server.do(own.hears(TONES["2001"]))
    assert cli("call", "hangup", "--desk", "1001").out == "Done.\n"
    server.do(own.ended())
    server.do(other.ended())
    shown = cli("call", "show", made["call_id"], "--json").json
    assert len(shown["legs"]) == 2
    assert cli("call", "show", made["call_id"]).code == 0
    assert made["call_id"] in cli("call", "list", "--from", "10m").out


def test_an_emergency_call_is_answered_parked_retrieved_and_transferred(
    cli: Softswitch, server: Server, phones: dict[str, Phone]
) -> None:
    # Paused: nothing is offered, so what rings is what the commands ask for, and phones answer that at once.
    assert cli("desk", "seat", "1001", "--paused").code == 0
    citizen = server.do(phones[LINE].dial("120"))
    server.do(citizen.ringing())
    call_id = _waiting(server)
    assert call_id in cli("queue").out
    assert cli("call", "priority", call_id, "2").code == 0
    assert cli("queue", "--json").json["waiting"][0]["rank"] == 2
    assert cli("call", "answer").code == 0
    desk = server.do(phones["1001"].incoming())
    server.do(citizen.hears(TONES["1001"]))
    parked = cli("call", "park")
    assert parked.out.startswith("Parked at 7")
    server.do(desk.ended())
    assert cli("call", "retrieve", call_id).code == 0
    server.do(citizen.hears(TONES["1001"]))
    assert cli("call", "transfer", "1002").code == 0
    server.do(_answer(phones["1002"]))
    server.do(citizen.hears(TONES["1002"]))
    incidents = cli("incident", "list", "--json").json["incidents"]
    assert [row["call_ids"] for row in incidents][:1] == [[call_id]]
    assert cli("call", "hangup", call_id).code == 0
    server.do(citizen.ended())
    assert cli("desk", "leave").code == 0
    _edit_incident(cli, incidents[0]["id"])
    _keep_recordings(cli, server, call_id)


async def _answer(phone: Phone) -> None:
    """Answer what rings now; what rang before it was answered elsewhere is over."""
    while (call := await phone.incoming()).state is State.ENDED:
        pass
    await call.answer()


def _waiting(server: Server) -> str:
    async def first() -> str:

        queue = server.system.center.intake.queue
        return str((await until(lambda: list(queue), what="a call waits"))[0])

    return server.do(first())


def _edit_incident(cli: Softswitch, incident: str) -> None:
    assert cli("incident", "claim", incident).code in {0, 1}  # it may have its owner already
    assert cli("incident", "edit", incident, "--title", "胸痛", "--type", "30703").code == 0
    assert cli("incident", "move", incident, "verified").code == 0
    assert cli("incident", "edit", incident, "--title", "x", "--version", "0").code == 1
    assert "胸痛" in cli("incident", "show", incident).out
    assert "胸痛" in cli("incident", "list", "--status", "verified", "--text", "胸痛").out


def _keep_recordings(cli: Softswitch, server: Server, call_id: str) -> None:
    async def kept() -> str:
        library = server.system.recordings.library
        async with asyncio.timeout(PATIENCE):
            while True:
                rows = await library.find(Filter(call_id, None, None, None, 10))
                if rows and all(row.state is recording.State.KEPT for row in rows):
                    return str(rows[0].id)
                await asyncio.sleep(0.02)

    name = server.do(kept())
    assert name in cli("recording", "list", "--call", call_id).out
    assert cli("recording", "show", name, "--json").json["call_id"] == call_id
    for what in ("call", "incident", "recording"):
        place = (what, "list", "--offset", "0", "--limit", "1")
        count = cli(*place, "--json").json["count"]
        assert count >= 1
        assert f"{count} in all." in cli(*place).err
        assert "Nothing here." in cli(what, "list", "--offset", str(count)).out
    assert cli("recording", "get", name, "leg.wav").out.startswith("Wrote leg.wav")
    assert Path("leg.wav").read_bytes()[:4] == b"RIFF"
    assert cli("recording", "get", name, "leg.wav").err.startswith("softswitch: leg.wav exists.")
    assert cli("recording", "export", name, "case.zip", "--json").json["size"] > 0
    assert Path("case.zip").read_bytes()[:2] == b"PK"
    assert cli("recording", "verify", name).code == 0
    assert cli("recording", "hold", name, "--reason", "case 1").code == 0
    assert cli("recording", "show", name, "--json").json["hold"] is True
    assert cli("recording", "release", name, "--reason", "closed").code == 0
    assert cli("recording", "recent", "--desk", "1001").code == 0


def test_who_gives_up_is_called_back_or_closed(
    cli: Softswitch, server: Server, phones: dict[str, Phone]
) -> None:
    citizen = server.do(phones[LINE].dial("119"))
    server.do(citizen.ringing())
    _waiting(server)
    server.do(citizen.hangup())
    task = server.do(_task(server))
    assert task in cli("task", "list").out
    assert cli("task", "close", task, "误拨").code == 0
    assert task not in cli("task", "list").out
    closed = cli("task", "list", "--closed", "--json").json["tasks"]
    assert "误拨" in [row["reason"] for row in closed if row["id"] == task]


async def _task(server: Server) -> str:

    tasks = server.system.center.tasks
    return str((await until(lambda: list(tasks.open), what="a task is open"))[0])


def test_the_board_is_watched(
    cli: Softswitch, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reader stops after two messages, as Ctrl-C would stop it."""
    from softswitch.cli import live

    followed = live.follow
    seen = threading.Event()

    def two(url: str, token: str | None) -> Iterator[dict]:
        for count, message in enumerate(followed(url, token)):
            yield message
            if count == 0:
                seen.set()
                server.loop.call_soon_threadsafe(
                    server.system.live.put, "task", "t1", {"id": "t1", "last_at": 1}
                )
            else:
                return

    monkeypatch.setattr(live, "follow", two)
    lines = [json.loads(line) for line in cli("board", "--watch", "--json").out.splitlines()]
    assert [line["type"] for line in lines] == ["snapshot", "changes"]
    server.loop.call_soon_threadsafe(server.system.live.drop, "task", "t1")
    assert seen.is_set()
