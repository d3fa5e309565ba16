"""What everybody may know of an intercept, what is allowed on many calls at once, release from within."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from intercept.model import Act
from softswitch.access.model import Actor, Role
from softswitch.app import System
from softswitch.testing.patience import PATIENCE
from softswitch.testing.system import sip_phone, until
from tests.intercept.kit import BOSS, GUEST, TONES, begin, requester, talk, up

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


def told(system: System) -> list[dict[str, Any]]:
    return list(system.live.entities().get("intrusion", {}).values())


def told_of(system: System, call_id: str) -> list[tuple[str, str, str]]:
    found = [each for each in told(system) if each["call_id"] == call_id]
    return [(each["act"], each["stage"], each["desk"]) for each in found]


async def test_an_insert_is_told_from_its_tone_on_and_listening_never(system: System) -> None:
    async with (
        talk(system) as call,
        sip_phone(system, GUEST, tone=TONES[GUEST], auto_answer=True) as phone,
    ):
        session = await begin(system, Act.MONITOR, call)
        guest = await phone.incoming()
        await up(session)
        assert told_of(system, call.call_id) == []
        me, service = requester(system), system.intercept.service
        await service.switch(me, session.id, Act.WHISPER, target=call.leg("1001"))
        assert told_of(system, call.call_id) == []
        await service.switch(me, session.id, Act.INSERT)
        assert told_of(system, call.call_id) == [("insert", "warning", GUEST)]
        await up(session)
        assert told_of(system, call.call_id) == [("insert", "up", GUEST)]
        await service.switch(me, session.id, Act.MONITOR)
        assert told_of(system, call.call_id) == []
        await service.switch(me, session.id, Act.TAKEOVER)
        await call.calls["1001"].ended()
        assert told_of(system, call.call_id) == [("takeover", "done", GUEST)]
        await guest.hangup()
        await call.calls["2001"].ended()


async def test_who_cleared_a_call_is_told(system: System) -> None:
    async with talk(system) as call:
        await begin(system, Act.RELEASE, call)
        await asyncio.gather(*(each.ended() for each in call.calls.values()))
        await until(lambda: told_of(system, call.call_id), what="it is told")
        assert told_of(system, call.call_id) == [("release", "done", GUEST)]


@pytest.mark.parametrize("before", [Act.MONITOR, Act.WHISPER, Act.INSERT])
@pytest.mark.parametrize("count", [2, 3])
async def test_release_from_within_keeps_the_chosen_party(
    system: System, before: Act, count: int
) -> None:
    async with (
        talk(system, count) as call,
        sip_phone(system, GUEST, tone=TONES[GUEST], auto_answer=True) as phone,
    ):
        kept = call.calls.pop("2001")
        session = await begin(system, before, call, target=call.leg("1001"))
        guest = await phone.incoming()
        await up(session)
        await system.intercept.service.switch(
            requester(system), session.id, Act.RELEASE, target=call.leg("2001")
        )
        await asyncio.gather(guest.hears(650), kept.hears(TONES[GUEST]))
        ends = await asyncio.gather(*(each.ended() for each in call.calls.values()))
        assert [str(end.reasons[0]) for end in ends] == ["Q.850;cause=8"] * (count - 1)
        await asyncio.gather(guest.hears(650), kept.hears(TONES[GUEST]))
        assert told_of(system, call.call_id) == [("release", "done", GUEST)]
        await guest.hangup()
        await kept.ended()


async def test_many_calls_are_asked_about_at_once(system: System) -> None:
    await system.users.add(BOSS, "chief", "Chief", Role.SUPERVISOR.value, "Chief-Password-2026")
    actor = Actor("chief", "Chief", Role.SUPERVISOR)
    secret = (await system.tokens.add(actor, "test"))["secret"]
    headers = {"Authorization": f"Bearer {secret}"}
    async with (
        talk(system) as call,
        httpx.AsyncClient(base_url=system.url, headers=headers, timeout=PATIENCE) as client,
    ):
        path = f"/api/intercept-options?call_id={call.call_id}&call_id=gone&desk={GUEST}"
        answer = await client.get(path)
        assert answer.status_code == 200, answer.text
        calls = answer.json()["calls"]
        assert {each["act"]: each["allowed"] for each in calls[call.call_id]} == dict.fromkeys(
            (act.value for act in Act), True
        )
        assert {each["code"] for each in calls["gone"]} == {"call_gone"}
        one = await client.get(f"/api/calls/{call.call_id}/intercept?desk={GUEST}")
        assert one.json()["acts"] == calls[call.call_id]
        many = "&".join(f"call_id=c{number}" for number in range(51))
        refused = await client.get(f"/api/intercept-options?{many}&desk={GUEST}")
        assert refused.status_code == 422
        await call.end()
