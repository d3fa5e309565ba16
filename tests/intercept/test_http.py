"""Intercept over HTTP: rights, the second person, what each role sees, levels and settings."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson
import pytest
import pytest_asyncio
from websockets.asyncio.client import connect

from softswitch.access.model import Actor, Role
from softswitch.app import System
from softswitch.testing.patience import PATIENCE
from softswitch.testing.system import sip_phone, until
from tests.conferences.kit import gather_in, make, phones
from tests.intercept.kit import GUEST, connected, everybody_hears_everybody, talk

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]
ROOT = Actor("root", "root", Role.SUPERVISOR)
PEOPLE = {
    "boss": Role.SUPERVISOR,
    "second": Role.SUPERVISOR,
    "clerk": Role.DISPATCHER,
    "keeper": Role.OPERATOR,
    "judge": Role.AUDITOR,
}


@dataclass
class Person:
    """Somebody with a token."""

    client: httpx.AsyncClient
    token: str

    async def ask(self, method: str, path: str, status: int = 0, **body: Any) -> Any:
        answer = await self.client.request(
            method,
            f"/api{path}",
            headers={"Authorization": f"Bearer {self.token}"},
            json=body if method in ("POST", "PUT") else None,
        )
        if status:
            assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    async def refused(self, method: str, path: str, **body: Any) -> str:
        answer = await self.ask(method, path, **body)
        return str(answer["error"]["code"])


@dataclass
class People:
    """Everybody by login."""

    by_login: dict[str, Person] = field(default_factory=dict)

    def __getattr__(self, login: str) -> Person:
        return self.by_login[login]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def people(shared: System) -> AsyncIterator[People]:
    found = People()
    async with httpx.AsyncClient(base_url=shared.url, timeout=PATIENCE) as client:
        for login, role in PEOPLE.items():
            await shared.users.add(ROOT, login, login, role.value, f"{login}-Password-2026")
            token = await shared.tokens.add(Actor(login, login, role), "test")
            found.by_login[login] = Person(client, token["secret"])
        yield found


async def citizen_call(system: System, citizen: Any, desk: Any) -> tuple[Any, Any, str]:
    call = await citizen.dial("120")
    offered = await desk.incoming()
    await offered.answer()
    return call, offered, await connected(system, citizen.user, 2)


async def test_who_may_what(system: System, people: People) -> None:
    async with talk(system) as call, sip_phone(system, GUEST, auto_answer=True) as own:
        path = f"/calls/{call.call_id}"
        asked = {"reason": "drill", "desk": GUEST}
        for act in ("monitor", "whisper"):
            assert await people.clerk.refused("POST", f"{path}/{act}", **asked) == "not_allowed"
        for act in ("monitor", "whisper", "insert", "release"):
            for login in ("keeper", "judge"):
                code = await people.by_login[login].refused("POST", f"{path}/{act}", **asked)
                assert code == "not_allowed"
        code = await people.clerk.refused("POST", f"{path}/insert", waive_tone=True, **asked)
        assert code == "tone_not_waived"
        assert await people.boss.refused("POST", f"{path}/monitor", desk=GUEST) == "reason_required"
        options = await people.clerk.ask("GET", f"{path}/intercept?desk={GUEST}", 200)
        allowed = {each["act"]: each["allowed"] for each in options["acts"]}
        assert allowed == {
            "monitor": False, "whisper": False, "insert": True, "takeover": True, "release": True,
        }  # fmt: skip
        assert all("reason_zh" in each for each in options["acts"] if not each["allowed"])
        session = await people.clerk.ask("POST", f"{path}/insert", 202, **asked)
        guest = await own.incoming()
        await guest.hears(450, 650)
        switch = f"/intercepts/{session['id']}/switch"
        assert await people.clerk.refused("POST", switch, act="monitor") == "no_right"
        await people.clerk.ask("POST", f"/intercepts/{session['id']}/leave", 200)
        await guest.ended()
        await call.end()


async def test_levels_protect_from_the_takeover_of_every_dispatcher_too(
    system: System, people: People
) -> None:
    await people.keeper.ask("PUT", "/intercept-levels/extension/1001", 200, protection=2)
    async with talk(system) as call, sip_phone(system, GUEST, tone=850, auto_answer=True) as own:
        path = f"/calls/{call.call_id}/takeover"
        assert await people.clerk.refused("POST", path, desk=GUEST) == "protected"
        await own.dial("*71001")
        await until(lambda: not own.calls, what="the code is refused")
        await everybody_hears_everybody(call.calls)
        await people.keeper.ask("DELETE", "/intercept-levels/extension/1001", 204)
        assert "error" not in (await people.clerk.ask("POST", path, desk=GUEST) or {})
        guest = await own.incoming()
        await guest.hears(650)
        await call.calls.pop("1001").ended()
        await call.end()
        await guest.ended()


async def test_levels_protect(system: System, people: People) -> None:
    await people.keeper.ask("PUT", "/intercept-levels/extension/2001", 200, protection=2)
    async with talk(system) as call, sip_phone(system, GUEST, auto_answer=True) as own:
        ask = {"reason": "drill", "desk": GUEST}
        path = f"/calls/{call.call_id}/insert"
        assert await people.clerk.refused("POST", path, **ask) == "protected"
        session = await people.boss.ask("POST", path, 202, **ask)
        guest = await own.incoming()
        await guest.hears(450, 650)
        await people.boss.ask("POST", f"/intercepts/{session['id']}/leave", 200)
        await guest.ended()
        await call.end()
    await people.keeper.ask("DELETE", "/intercept-levels/extension/2001", 204)
    rows = (await people.keeper.ask("GET", "/intercept-levels", 200))["levels"]
    assert rows == []


async def test_a_citizens_call_takes_two(system: System, people: People) -> None:
    async with (
        sip_phone(system, "2001", tone=650) as citizen,
        sip_phone(system, "1001", tone=450) as desk,
        sip_phone(system, GUEST, tone=850, auto_answer=True) as own,
    ):
        call, offered, call_id = await citizen_call(system, citizen, desk)
        ask = {"reason": "complaint", "desk": GUEST}
        asked = await people.boss.ask("POST", f"/calls/{call_id}/monitor", 202, **ask)
        assert (asked["stage"], own.arrived) == ("pending", own.arrived)
        assert not own.calls
        confirm = f"/intercepts/{asked['id']}/confirm"
        assert await people.boss.refused("POST", confirm) == "same_person"
        assert await people.clerk.refused("POST", confirm) == "not_allowed"
        waiting = (await people.second.ask("GET", "/intercepts/pending", 200))["intercepts"]
        assert [each["id"] for each in waiting] == [asked["id"]]
        confirmed = await people.second.ask("POST", confirm, 200)
        assert confirmed["second"] == "second"
        guest = await own.incoming()
        await guest.hears(450, 650)
        await asyncio.gather(call.hears_not(850), offered.hears_not(850))
        assert await people.second.refused("POST", confirm) == "nothing_to_confirm"
        await guest.hangup()
        turned_down = await people.boss.ask("POST", f"/calls/{call_id}/insert", 202, **ask)
        await people.second.ask("POST", f"/intercepts/{turned_down['id']}/refuse", 200)
        late = f"/intercepts/{turned_down['id']}/confirm"
        assert await people.second.refused("POST", late) == "nothing_to_confirm"
        assert not own.calls
        await call.hangup()
        await offered.ended()


async def test_a_request_that_nobody_confirms_runs_out(system: System, people: People) -> None:
    await people.keeper.ask("PUT", "/intercept-settings", 200, confirm_seconds=5)
    async with (
        sip_phone(system, "2001") as citizen,
        sip_phone(system, "1001") as desk,
        sip_phone(system, GUEST, auto_answer=True) as own,
    ):
        call, offered, call_id = await citizen_call(system, citizen, desk)
        asked = await people.boss.ask(
            "POST", f"/calls/{call_id}/release", 202, reason="prank", desk=GUEST
        )
        pending = system.intercept.books.pending
        await until(lambda: not pending, what="the request has run out")
        code = await people.second.refused("POST", f"/intercepts/{asked['id']}/confirm")
        assert code == "nothing_to_confirm"
        assert call.end is None
        assert not own.calls
        # A call that ends while its request waits: the confirmation says so.
        asked = await people.boss.ask(
            "POST", f"/calls/{call_id}/release", 202, reason="prank", desk=GUEST
        )
        await call.hangup()
        await offered.ended()
        await until(lambda: not system.center.engine.calls)
        code = await people.second.refused("POST", f"/intercepts/{asked['id']}/confirm")
        assert code == "call_gone"


async def test_who_listens_to_whom_is_seen_by_those_with_the_right(
    system: System, people: People
) -> None:
    async def board(login: str) -> dict[str, Any]:
        return dict((await people.by_login[login].ask("GET", "/board", 200))["entities"])

    async def live(login: str, wanted: bool) -> None:
        url = system.url.replace("http", "ws") + "/api/live"
        headers = {"Authorization": f"Bearer {people.by_login[login].token}"}
        async with connect(url, additional_headers=headers, proxy=None) as socket:
            snapshot = orjson.loads(await socket.recv())
            assert ("intercept" in snapshot["entities"]) == wanted

    async with talk(system) as call, sip_phone(system, GUEST, auto_answer=True) as own:
        session = await people.boss.ask(
            "POST", f"/calls/{call.call_id}/monitor", 202, reason="drill", desk=GUEST
        )
        guest = await own.incoming()
        await guest.hears(450, 650)
        for login in ("boss", "second", "judge"):
            assert session["id"] in (await board(login))["intercept"]
            await live(login, True)
        for login in ("clerk", "keeper"):
            seen = await board(login)
            assert "intercept" not in seen
            assert GUEST not in str(seen["call"])
            lamp = seen["extension"][GUEST]
            assert (lamp["state"], lamp["peer"], lamp["call_id"]) == ("talking", None, None)
            await live(login, False)
        await people.boss.ask("POST", f"/intercepts/{session['id']}/leave", 200)
        await guest.ended()
        await call.end()
    await system.center.log.written()
    row = await people.clerk.ask("GET", f"/calls/{call.call_id}", 200)
    assert {leg["extension"] for leg in row["legs"]} == {"1001", "2001"}
    assert await people.clerk.refused("GET", "/intercepts") == "not_allowed"
    books = await people.judge.ask("GET", f"/intercepts?call_id={call.call_id}", 200)
    assert [(each["login"], each["act"]) for each in books["intercepts"]] == [("boss", "monitor")]


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/intercept-settings", {"tone": "950/50"}, "bad_cadence"),
        ("/intercept-settings", {"tone": None}, "missing_value"),
        ("/intercept-settings", {"two_person": ["takeover"]}, "unknown_act"),
        ("/intercept-settings", {"confirm_seconds": 4}, "out_of_range"),
        ("/intercept-settings", {"emergency_precedence": 5}, "out_of_range"),
        ("/intercept-settings", {"language": "fr"}, "bad_language"),
        ("/intercept-levels/extension/2001", {"intrusion": 4}, "out_of_range"),
        ("/intercept-levels/extension/2001", {"precedence": -1}, "out_of_range"),
        ("/intercept-levels/extension/9999", {}, "extension_not_found"),
        ("/intercept-levels/user/nobody", {}, "user_not_found"),
        ("/intercept-levels/line/nowhere", {}, "line_not_found"),
        ("/intercept-levels/user/UPPER", {}, "bad_key"),
    ],
)
async def test_bad_settings_are_refused(
    system: System, people: People, path: str, body: dict[str, Any], code: str
) -> None:
    before = await people.keeper.ask("GET", "/intercept-settings", 200)
    answer = await people.keeper.ask("PUT", path, **body)
    assert answer["error"]["code"] == code
    assert await people.keeper.ask("GET", "/intercept-settings", 200) == before


async def test_the_tone_is_what_was_set(system: System, people: People) -> None:
    await people.keeper.ask("PUT", "/intercept-settings", 200, tone="1150/300,0/100")
    async with talk(system) as call, sip_phone(system, GUEST, tone=850, auto_answer=True) as own:
        await people.boss.ask(
            "POST", f"/calls/{call.call_id}/insert", 202, reason="drill", desk=GUEST
        )
        guest = await own.incoming()
        a, b = call.calls.values()
        await asyncio.gather(a.hears(1150), b.hears(1150))
        await asyncio.gather(a.hears(850), b.hears(850))
        await guest.hangup()
        await until(lambda: not system.intercept.books.sessions, what="he has left")
        waived = await people.boss.ask(
            "POST", f"/calls/{call.call_id}/insert", 202,
            reason="drill", desk=GUEST, waive_tone=True,
        )  # fmt: skip
        since = asyncio.get_running_loop().time()
        guest = await own.incoming()
        await asyncio.gather(a.hears(850), b.hears(850))
        assert a.first_heard(1150, since) is None
        assert waived["act"] == "insert"
        await guest.hangup()
        await call.end()
    await people.keeper.ask("PUT", "/intercept-settings", 200, tone="cn")


async def test_a_room_is_named_by_its_id_or_by_the_call_of_a_member(
    system: System, people: People
) -> None:
    await system.intercept.config.change("test", {"two_person": ()})
    room = await make(system)
    asked = {"reason": "drill", "desk": GUEST}
    async with phones(system, "1001", "2001") as them, sip_phone(system, GUEST, auto_answer=True):
        calls = await gather_in(system, room, them)
        call_id = await connected(system, "2001", 2)
        for name in (f"room-{room.id}", call_id):
            view = await people.boss.ask("POST", f"/calls/{name}/monitor", 202, **asked)
            assert (view["room_id"], view["call_id"]) == (room.id, call_id)
            await people.boss.ask("POST", f"/intercepts/{view['id']}/leave", 200)
            await until(lambda: not system.center.board.legs_of([GUEST]), what="he has left")
        options = await people.boss.ask("GET", f"/calls/room-{room.id}/intercept?desk={GUEST}", 200)
        (takeover,) = [each for each in options["acts"] if each["act"] == "takeover"]
        assert (takeover["allowed"], takeover["code"]) == (False, "is_conference")
        code = await people.boss.refused("POST", "/calls/room-gone/monitor", **asked)
        assert code == "call_gone"
        await people.boss.ask("POST", f"/calls/room-{room.id}/release", 202, **asked)
        await asyncio.gather(*(call.ended() for call in calls.values()))
        await system.conferences.rooms.close("test", room.id)
