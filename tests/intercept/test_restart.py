"""The server ends and comes back while somebody is in a call of others: audio goes on, nothing is lost or leaked."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from intercept import store
from intercept.levels import Holder
from intercept.model import Act, Levels, Precedence
from softswitch.app import System
from softswitch.testing.phone import Call
from softswitch.testing.system import fill, own_settings, sip_phone, until
from tests.conferences.kit import gather_in, make, phones
from tests.intercept.kit import GUEST, begin, connected, requester, talk, up

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


async def next_run(first: System) -> System:
    """End a server and return the next one, which is not started yet."""
    await first.__aexit__(None, None, None)
    first.center.board.reachable.clear()  # it hears no more that the phones leave
    return System(first.settings)


async def nothing_is_left(system: System) -> None:
    await until(lambda: not system.center.board.legs)
    await until(lambda: not system.center.engine._tasks)
    assert not system.intercept.books.sessions
    bridges = await system.node.command("bridge show all")
    assert len(bridges.strip().splitlines()) == 1, bridges


async def started(tmp_path: Path) -> System:
    first = System(own_settings(tmp_path))
    await first.__aenter__()
    await fill(first)
    await first.intercept.config.change("test", {"two_person": ()})
    return first


async def test_who_took_a_call_over_keeps_it(tmp_path: Path) -> None:
    first = await started(tmp_path)
    async with talk(first) as call, sip_phone(first, GUEST, tone=850, auto_answer=True) as phone:
        await begin(first, Act.TAKEOVER, call)
        guest = await phone.incoming()
        await call.calls["1001"].ended()
        b = call.calls["2001"]
        await asyncio.gather(guest.hears(650), b.hears(850))
        async with await next_run(first) as second:
            second.end_switch()
            under = await until(lambda: second.center.engine.calls.get(call.call_id))
            await until(lambda: len(under.joined) == 2, what="both are in the books")
            assert {member.extension for member in under.joined} == {GUEST, "2001"}
            await asyncio.gather(guest.hears(650), b.hears(850))
            assert guest.end is None
            await guest.hangup()
            await b.ended()
            await nothing_is_left(second)


async def test_who_is_told_why_he_is_cleared_is_told_to_the_end_without_the_server(
    tmp_path: Path,
) -> None:
    """A release with a connection to 2001: 1001 hears why, and comes never back."""
    first = await started(tmp_path)
    await until(lambda: first.intercept.announcements._ready, what="one is spoken")
    async with talk(first) as call, sip_phone(first, GUEST, tone=850, auto_answer=True) as phone:
        a, b = call.calls["1001"], call.calls["2001"]
        await begin(first, Act.RELEASE, call, target=call.leg("2001"))
        guest = await phone.incoming()
        await a.stops_hearing(650)
        async with await next_run(first) as second:
            second.end_switch()
            await asyncio.gather(guest.hears(650), b.hears(850))
            end = await a.ended()
            assert str(end.reasons[0]) == "Q.850;cause=8"
            assert a.phone.user not in {
                member.extension for member in second.center.engine.calls[call.call_id].joined
            }
            await asyncio.gather(guest.hears(650), b.hears(850))
            await asyncio.gather(guest.hears_not(450), b.hears_not(450))
            await guest.hangup()
            await b.ended()
            await nothing_is_left(second)


async def test_a_call_with_precedence_goes_on_and_keeps_its_level(tmp_path: Path) -> None:
    first = await started(tmp_path)
    levels = Levels(precedence=Precedence.FLASH_OVERRIDE)
    for extension in ("2003", "2002"):
        await first.intercept.config.set_levels("test", Holder.EXTENSION, extension, levels)
    async with (
        sip_phone(first, "2003", tone=850) as caller,
        sip_phone(first, "2001", tone=650) as called,
        sip_phone(first, "2002") as other,
    ):
        call = await caller.dial("*912001")
        incoming = await called.incoming()
        await incoming.answer()
        call_id = await connected(first, "2003", 2)
        async with await next_run(first) as second:
            second.end_switch()
            under = await until(lambda: second.center.engine.calls.get(call_id))
            await until(lambda: len(under.joined) == 2, what="both are in the books")
            await asyncio.gather(call.hears(650), incoming.hears(850))
            assert second.intercept.look.precedence(call_id) is Precedence.FLASH
            late = await other.dial("*912001")
            assert (await late.ended()).cause == 46
            await asyncio.gather(call.hears(650), incoming.hears(850))
            await call.hangup()
            await incoming.ended()
            await nothing_is_left(second)


@pytest.mark.parametrize("act", [Act.MONITOR, Act.INSERT])
async def test_who_is_in_a_room_is_taken_up_again(tmp_path: Path, act: Act) -> None:
    first = await started(tmp_path)
    room = await make(first)
    async with (
        phones(first, "1001", "2001") as them,
        sip_phone(first, GUEST, tone=850, auto_answer=True) as phone,
    ):
        calls = await gather_in(first, room, them)
        service = first.intercept.service
        session = await service.begin(requester(first), act, room.own_bridge, reason="drill")
        guest = await phone.incoming()
        await up(session)
        a, b = calls.values()
        async with await next_run(first) as second:
            second.end_switch()
            sessions = second.intercept.books.sessions
            found = await until(lambda: sessions.get(session.id), what="it is taken up again")
            assert found.place == room.own_bridge
            await until(lambda: not second.center.engine._tasks)
            await who_hears(act, a, b, guest)
            await second.intercept.service.leave(requester(second), session.id)
            await guest.ended()
            await asyncio.gather(a.stops_hearing(850), b.stops_hearing(850))
            await asyncio.gather(a.hears(650), b.hears(450))
            await second.conferences.rooms.close("test", room.id)
            await asyncio.gather(a.ended(), b.ended())
            await nothing_is_left(second)
