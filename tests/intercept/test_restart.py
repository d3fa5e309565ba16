"""The server ends and comes back while somebody is in a call of others: audio goes on, nothing is lost or leaked."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from intercept import store
from intercept.model import Act
from softswitch.app import System
from softswitch.testing.phone import Call
from softswitch.testing.system import fill, own_settings, sip_phone, until
from tests.intercept.kit import GUEST, begin, requester, talk, up

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio]


@pytest.mark.parametrize("act", [Act.MONITOR, Act.WHISPER, Act.INSERT])
async def test_an_intercept_outlives_the_server(tmp_path: Path, act: Act) -> None:
    settings = own_settings(tmp_path)
    first = System(settings)
    await first.__aenter__()
    await fill(first)
    async with (
        talk(first) as call,
        sip_phone(first, GUEST, tone=850, auto_answer=True) as phone,
    ):
        a, b = call.calls["1001"], call.calls["2001"]
        target = call.leg("1001") if act is Act.WHISPER else None
        session = await begin(first, act, call, target=target)
        guest = await phone.incoming()
        await up(session)
        await first.__aexit__(None, None, None)
        await who_hears(act, a, b, guest)
        async with System(settings) as second:
            second.end_switch()
            sessions = second.intercept.books.sessions
            found = await until(lambda: sessions.get(session.id), what="it is taken up again")
            assert (found.act, found.requester.login) == (act, "boss")
            await until(lambda: not second.center.engine._tasks)
            await who_hears(act, a, b, guest)
            seen = second.live.entities()["call"][call.call_id]
            assert any(leg["extension"] == GUEST for leg in seen["legs"]) == (act is Act.INSERT)
            await second.intercept.service.leave(requester(second), session.id)
            await guest.ended()
            await asyncio.gather(a.stops_hearing(850), b.stops_hearing(850))
            await asyncio.gather(a.hears(650), b.hears(450))
            await call.end()
            await until(lambda: not second.center.board.legs)
            await until(lambda: not second.center.engine._tasks)
            bridges = await second.node.command("bridge show all")
            assert len(bridges.strip().splitlines()) == 1, bridges
            rows = await second.db.read(store.page, call.call_id)
            assert [row["end_reason"] for row in rows] == ["left"]
        first.center.board.reachable.clear()  # it hears no more that the phones leave


async def who_hears(act: Act, a: Call, b: Call, guest: Call) -> None:
    await guest.hears(450, 650)
    await asyncio.gather(a.hears(650), b.hears(450))
    if act is Act.MONITOR:
        await asyncio.gather(a.hears_not(850), b.hears_not(850))
    elif act is Act.WHISPER:
        await asyncio.gather(a.hears(850), b.hears_not(850))
    else:
        await asyncio.gather(a.hears(850), b.hears(850))
