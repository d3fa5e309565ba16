"""Gone calls, parties that hang up in the same moment, two supervisors, an insert into an insert: nothing stays."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import pytest_asyncio

from intercept import store
from intercept.model import Act
from intercept.session import Stage
from softswitch.access import audit
from softswitch.app import System
from softswitch.errors import Refusal, unavailable
from softswitch.testing.system import sip_phone, until
from tests.intercept.kit import (
    BOSS,
    CLERK,
    GUEST,
    SECOND,
    TONES,
    Talk,
    begin,
    connected,
    everybody_hears_everybody,
    requester,
    talk,
    up,
)

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]
ENTERING = [Act.MONITOR, Act.WHISPER, Act.INSERT, Act.TAKEOVER]


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def short(system: System) -> None:
    await system.intercept.config.change("test", {"two_person": ()})


async def refused(work: Any) -> str:
    with pytest.raises(Refusal) as found:
        await work
    assert found.value.next_step or found.value.message
    return found.value.code


@pytest.mark.parametrize("act", Act)
async def test_a_call_that_is_gone(system: System, act: Act) -> None:
    ask = system.intercept.service.begin(
        requester(system), act, "no-such-call", reason="x", target="y"
    )
    assert await refused(ask) == "call_gone"


@pytest.mark.parametrize("act", Act)
async def test_a_call_that_rings(system: System, act: Act) -> None:
    async with sip_phone(system, "1001") as one, sip_phone(system, "2001") as two:
        call = await one.dial("2001")
        incoming = await two.incoming()
        await call.ringing()
        call_id = await until(lambda: next(iter(system.center.board.calls), ""))
        ask = system.intercept.service.begin(requester(system), act, call_id, reason="x")
        assert await refused(ask) == "still_ringing"
        await incoming.answer()
        await connected(system, "1001", 2)
        await call.hangup()
        await incoming.ended()


@pytest.mark.parametrize("act", ENTERING)
@pytest.mark.parametrize("dispatch", [False, True])
async def test_a_party_hangs_up_in_the_same_moment(
    system: System, act: Act, dispatch: bool
) -> None:
    for who in ("1001", "2001"):
        async with (
            talk(system, dispatch=dispatch) as call,
            sip_phone(system, GUEST, tone=850, auto_answer=True) as own,
        ):
            target = call.leg("2001") if act is Act.WHISPER else None
            results = await asyncio.gather(
                begin(system, act, call, target=target),
                call.calls[who].hangup(),
                return_exceptions=True,
            )
            if isinstance(results[0], BaseException):
                assert isinstance(results[0], Refusal), results[0]
            other = call.calls["2001" if who == "1001" else "1001"]
            if act is Act.TAKEOVER and not isinstance(results[0], BaseException):
                # Either he came in before and has the other, or everybody is let go.
                for leg in list(own.calls):
                    await leg.hangup()
            await other.ended()
            await until(lambda: not system.intercept.books.sessions, what="the session is over")
            await until(lambda: not own.calls, what="the own phone is let go")


@pytest.mark.parametrize("dispatch", [False, True])
async def test_release_while_a_party_hangs_up(system: System, dispatch: bool) -> None:
    async with talk(system, dispatch=dispatch) as call:
        results = await asyncio.gather(
            begin(system, Act.RELEASE, call),
            call.calls["1001"].hangup(),
            return_exceptions=True,
        )
        assert not isinstance(results[0], BaseException) or isinstance(results[0], Refusal)
        await call.calls["2001"].ended()


async def test_two_supervisors_on_one_call(system: System) -> None:
    service = system.intercept.service
    async with (
        talk(system) as call,
        sip_phone(system, GUEST, tone=850, auto_answer=True) as one,
        sip_phone(system, "1003", tone=1450, auto_answer=True) as two,
    ):
        a, b = call.calls["1001"], call.calls["2001"]
        other = requester(system, SECOND, "1003")
        first, second = await asyncio.gather(
            begin(system, Act.MONITOR, call),
            service.begin(other, Act.MONITOR, call.call_id, reason="drill"),
        )
        g1, g2 = await one.incoming(), await two.incoming()
        await asyncio.gather(g1.hears(450, 650), g2.hears(450, 650))
        await service.switch(requester(system), first.id, Act.WHISPER, target=call.leg("1001"))
        await service.switch(other, second.id, Act.WHISPER, target=call.leg("1001"))
        await a.hears(850, 1450)
        await asyncio.gather(b.hears_not(850, 1450), g1.hears_not(1450), g2.hears_not(850))
        await service.switch(requester(system), first.id, Act.INSERT)
        await up(first)
        await asyncio.gather(a.hears(850, 1450), b.hears(850), g2.hears(850))
        # Insert into an insert: all four hear each other.
        await service.switch(other, second.id, Act.INSERT)
        await up(second)
        together = {**call.calls, GUEST: g1, "1003": g2}
        await everybody_hears_everybody(together)
        await g1.hangup()
        del together[GUEST]
        await everybody_hears_everybody(together)
        await g2.hangup()
        await everybody_hears_everybody(call.calls)
        await call.end()


async def test_the_inserted_one_and_who_stays_keep_talking(system: System) -> None:
    async with (
        talk(system) as call,
        sip_phone(system, GUEST, tone=850, auto_answer=True) as own,
    ):
        session = await begin(system, Act.INSERT, call)
        guest = await own.incoming()
        await up(session)
        await call.calls["1001"].hangup()
        await asyncio.gather(guest.hears(650), call.calls["2001"].hears(850))
        for act in (Act.MONITOR, Act.WHISPER):
            ask = system.intercept.service.switch(requester(system), session.id, act)
            assert await refused(ask) in ("last_other", "still_ringing")
        await guest.hangup()
        await call.calls["2001"].ended()


async def test_who_is_whispered_to_leaves(system: System) -> None:
    async with (
        talk(system, 3) as call,
        sip_phone(system, GUEST, tone=850, auto_answer=True) as own,
    ):
        session = await begin(system, Act.WHISPER, call, target=call.leg("2001"))
        guest = await own.incoming()
        await call.calls["2001"].hears(850)
        await call.calls.pop("2001").hangup()
        await until(lambda: session.act is Act.MONITOR, what="he monitors now")
        await guest.hears(450, 1050)
        await asyncio.gather(*(each.hears_not(850) for each in call.calls.values()))
        await call.end()
        await guest.ended()


async def test_the_same_desk_cannot_be_in_two_calls(system: System) -> None:
    async with talk(system) as call, sip_phone(system, GUEST, tone=850, auto_answer=True) as own:
        await begin(system, Act.MONITOR, call)
        guest = await own.incoming()
        await guest.hears(450, 650)
        async with sip_phone(system, "2002") as x, sip_phone(system, "2003") as y:
            other = await x.dial("2003")
            incoming = await y.incoming()
            await incoming.answer()
            second = await connected(system, "2002", 2)
            ask = system.intercept.service.begin(requester(system), Act.MONITOR, second, reason="x")
            assert await refused(ask) == "already_intercepting"
            await other.hangup()
            await incoming.ended()
        await guest.hangup()
        await call.end()


async def test_an_own_phone_that_is_not_there_or_says_no(system: System) -> None:
    async with talk(system) as call:
        assert await refused(begin(system, Act.MONITOR, call)) == "not_registered"
        async with sip_phone(system, GUEST, auto_answer=False) as own:
            session = await begin(system, Act.INSERT, call)
            await (await own.incoming()).reject(486)
            await until(lambda: session.stage is Stage.ENDED)
        await everybody_hears_everybody(call.calls)
        await call.end()


async def test_nothing_happens_that_is_not_written_before(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(*_args: object, **_more: object) -> None:
        raise unavailable("store_unavailable", "The disk is full.", "Free some space.")

    async with talk(system) as call:
        # The own phone may ring; nobody hears it.
        async with sip_phone(system, GUEST, tone=850, auto_answer=True) as own:
            monkeypatch.setattr(system.intercept.service._db, "write", down)
            for act in Act:
                target = call.leg("2001") if act is Act.WHISPER else None
                ask = begin(system, act, call, target=target)
                assert await refused(ask) == "store_unavailable"
                await until(
                    partial(system.center.engine.is_free, GUEST), what="the own desk is free"
                )
            monkeypatch.undo()
            await until(lambda: not own.calls, what="the own phone is let go")
        for each in call.calls.values():
            assert each.first_heard(850) is None
        await monitors_but_inserts_nothing(system, call, monkeypatch, down)


async def monitors_but_inserts_nothing(
    system: System, call: Talk, monkeypatch: pytest.MonkeyPatch, down: Callable[..., object]
) -> None:
    async with sip_phone(system, GUEST, tone=850, auto_answer=True) as own:
        session = await begin(system, Act.MONITOR, call)
        guest = await own.incoming()
        await guest.hears(450, 650)
        monkeypatch.setattr(system.intercept.service._db, "write", down)
        ask = system.intercept.service.switch(requester(system), session.id, Act.INSERT)
        assert await refused(ask) == "store_unavailable"
        monkeypatch.undo()
        await asyncio.gather(*(each.hears_not(850, 950) for each in call.calls.values()))
        assert session.act is Act.MONITOR
        await call.end()
        await guest.ended()


async def test_every_act_and_every_refusal_is_on_record(system: System) -> None:
    async with talk(system) as call, sip_phone(system, GUEST, tone=850, auto_answer=True) as own:
        session = await begin(system, Act.MONITOR, call, reason="quality check")
        guest = await own.incoming()
        await guest.hears(450, 650)
        await system.intercept.service.switch(requester(system), session.id, Act.INSERT)
        await up(session)
        assert (
            await refused(begin(system, Act.RELEASE, call, CLERK, reason="")) == "reason_required"
        )
        await begin(system, Act.RELEASE, call, reason="line needed")
        await guest.ended()
        await until(lambda: not system.center.engine._tasks)
    rows = await system.db.read(audit.page, 0, 1000)
    mine = [(row["act"], row["actor"]) for row in rows if row["target"] == call.call_id]
    assert mine == [
        ("intercept.monitor", "boss"),
        ("intercept.insert", "boss"),
        ("intercept.refused", "clerk"),
        ("intercept.release", "boss"),
    ]
    books = await system.db.read(store.page, call.call_id)
    assert [(row["act"], row["reason"], row["end_reason"]) for row in books] == [
        ("release", "line needed", "released"),
        ("insert", "quality check", "call released"),
    ]


async def test_the_same_act_again_is_harmless(system: System) -> None:
    async with talk(system) as call, sip_phone(system, GUEST, tone=850, auto_answer=True) as own:
        session = await begin(system, Act.MONITOR, call)
        guest = await own.incoming()
        await guest.hears(450, 650)
        again = await begin(system, Act.MONITOR, call)
        assert again is session
        for _ in range(3):
            await system.intercept.service.switch(requester(system), session.id, Act.INSERT)
        await up(session)
        await asyncio.gather(*(each.hears(TONES[GUEST]) for each in call.calls.values()))
        await call.end()
        await guest.ended()


async def test_another_cannot_switch_or_end_it(system: System) -> None:
    async with talk(system) as call, sip_phone(system, GUEST, tone=850, auto_answer=True) as own:
        session = await begin(system, Act.MONITOR, call)
        guest = await own.incoming()
        await guest.hears(450, 650)
        stranger = requester(system, CLERK, "1003")
        service = system.intercept.service
        assert await refused(service.switch(stranger, session.id, Act.INSERT)) == "not_yours"
        assert await refused(service.leave(stranger, session.id)) == "not_yours"
        await service.leave(requester(system, BOSS), session.id)
        assert await refused(service.leave(requester(system), session.id)) == "intercept_not_found"
        await guest.ended()
        await call.end()


async def test_a_held_call_is_monitored_but_not_entered(system: System) -> None:
    async with (
        talk(system, dispatch=True) as call,
        sip_phone(system, GUEST, auto_answer=True) as own,
    ):
        await system.center.commands.hold("1001", call.call_id)
        assert await refused(begin(system, Act.INSERT, call)) == "call_held"
        await begin(system, Act.MONITOR, call)
        guest = await own.incoming()
        await system.center.commands.resume("1001", call.call_id)
        await guest.hears(450, 650)
        await guest.hangup()
        await call.end()
