"""Calls through the precedence door to a real switch: what requires Resource-Priority is admitted or gets 417."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from intercept.door.door import Door
from intercept.door.message import Drop
from intercept.levels import Holder
from intercept.model import Levels, Precedence
from softswitch.app import System
from softswitch.setting_values import Address
from softswitch.testing.node import free_ports
from softswitch.testing.patience import PATIENCE
from softswitch.testing.phone import Phone
from softswitch.testing.system import LINE, LOCAL, running_system, secret, sip_phone, until
from tests.intercept.kit import connected, talk
from tests.robustness.torture import Sender

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]
RP = "Resource-Priority"
REQUIRED = {"Require": "resource-priority"}
FLASH = {**REQUIRED, RP: "foo.1, dsn.flash"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    folder: Path = tmp_path_factory.mktemp("system")
    (port,) = free_ports(1)
    async with running_system(folder, precedence_door=Address(LOCAL, port)) as system:
        levels = Levels(precedence=Precedence.FLASH_OVERRIDE)
        await system.intercept.config.set_levels("test", Holder.EXTENSION, "2003", levels)
        await system.intercept.config.set_levels("test", Holder.LINE, LINE, levels)
        yield system


def door_of(system: System) -> tuple[str, int]:
    assert system.door is not None
    return system.door.places.door


@asynccontextmanager
async def behind(system: System, user: str = "2003", **more: Any) -> AsyncIterator[Phone]:
    """A phone that knows nothing but the door, and is registered through it."""
    board = system.center.board
    async with Phone.register(door_of(system), user, secret(user), **more) as phone:
        await until(lambda: board.is_registered([user]), what=f"{user} is registered")
        yield phone
    await until(lambda: not board.is_registered([user]), what=f"{user} is gone")


def level(system: System, user: str) -> Any:
    legs = system.center.board.legs_of([user])
    shown = system.live.entities()["call"]
    return shown.get(legs[0].channel.linked_id, {}).get("precedence") if legs else None


async def test_a_call_that_requires_a_known_priority_is_set_up_with_it(system: System) -> None:
    async with behind(system, tone=850) as caller, sip_phone(system, "2001", tone=650) as called:
        call = await caller.dial("2001", headers=FLASH)
        incoming = await called.incoming()
        await until(lambda: level(system, "2003") == Precedence.FLASH, what="flash on the board")
        await incoming.answer()
        await asyncio.gather(call.hears(650), incoming.hears(850))
        await call.hangup()
        assert (await incoming.ended()).by_remote


async def test_the_called_one_hangs_up(system: System) -> None:
    """The switch's BYE finds its way to who called through the door."""
    async with behind(system, tone=850) as caller, sip_phone(system, "2001", tone=650) as called:
        call = await caller.dial("2001", headers=FLASH)
        incoming = await called.incoming()
        await incoming.answer()
        await call.hears(650)
        await incoming.hangup()
        end = await call.ended()
        assert end.by_remote


async def test_a_line_that_is_not_registered_takes_a_busy_extension(system: System) -> None:
    """A gateway proves itself by its password at each call."""
    async with (
        talk(system) as lower,
        Phone.open(LINE, server=door_of(system), password=secret(LINE), tone=850) as line,
    ):
        call = await line.dial("2001", headers={**REQUIRED, RP: "q735.0"}, caller="075512345678")
        ends = await asyncio.gather(*(each.ended() for each in lower.calls.values()))
        assert [str(end.reasons[0]) for end in ends] == ["Q.850;cause=8"] * 2
        incoming = await lower.calls["2001"].phone.incoming()
        await incoming.answer()
        await asyncio.gather(call.hears(650), incoming.hears(850))
        await incoming.hangup()
        await call.ended()


@pytest.mark.parametrize("claim", ["foo.1", "dsn.9", "q735.flash", "dsn", ""])
async def test_a_call_that_requires_what_nobody_knows_gets_417(system: System, claim: str) -> None:
    async with behind(system) as caller, sip_phone(system, "2001") as called:
        call = await caller.dial("2001", headers={**REQUIRED, RP: claim})
        end = await call.ended()
        assert (end.status, end.text) == (417, "Unknown Resource-Priority")
        assert end.headers is not None
        accepted = [
            each.strip() for each in str(end.headers.get("Accept-Resource-Priority")).split(",")
        ]
        assert {"dsn.flash-override", "q735.0", "ets.4", "wps.2"} <= set(accepted)
        assert len(accepted) == 20
        assert not called.arrived


async def test_without_require_an_unknown_priority_is_an_ordinary_call(system: System) -> None:
    async with behind(system, tone=850) as caller, sip_phone(system, "2001", tone=650) as called:
        call = await caller.dial("2001", headers={RP: "foo.1"})
        incoming = await called.incoming()
        await incoming.answer()
        await asyncio.gather(call.hears(650), incoming.hears(850))
        assert level(system, "2003") in (None, Precedence.ROUTINE)
        await call.hangup()
        await incoming.ended()


async def test_the_caller_gives_up_before_the_answer(system: System) -> None:
    async with behind(system) as caller, sip_phone(system, "2001") as called:
        call = await caller.dial("2001", headers=FLASH)
        incoming = await called.incoming()
        await until(lambda: 180 in call.provisionals, what="it rings")
        await call.hangup()
        assert (await call.ended()).status == 487
        await incoming.ended()


async def test_a_busy_answer(system: System) -> None:
    async with behind(system) as caller, sip_phone(system, "2001") as called:
        call = await caller.dial("2001", headers=FLASH)
        incoming = await called.incoming()
        await incoming.reject(486)
        assert (await call.ended()).cause == 17


async def test_a_phone_behind_the_door_is_called_and_each_side_may_end_it(system: System) -> None:
    async with behind(system, tone=850) as called, sip_phone(system, "2001", tone=650) as caller:
        for called_ends in (True, False):
            call = await caller.dial("2003")
            incoming = await called.incoming()
            await incoming.answer()
            await asyncio.gather(call.hears(850), incoming.hears(650))
            first, second = (incoming, call) if called_ends else (call, incoming)
            await first.hangup()
            await second.ended()


async def test_the_end_reaches_a_gateway_whose_ack_went_past_the_door(system: System) -> None:
    """Its ACK has no Contact and goes to the switch: all that the switch knows of it is what the door wrote down."""
    assert system.door is not None
    async with behind(system, tone=850) as caller, sip_phone(system, "2001", tone=650) as called:
        send = caller.wire.send

        def past_the_door(data: bytes, remote: tuple[str, int]) -> None:
            if data.startswith(b"ACK") and b"Contact" in data:  # not the ACK of the 401
                lines = [line for line in data.split(b"\r\n") if not line.startswith(b"Contact")]
                data, remote = b"\r\n".join(lines), (LOCAL, system.settings.sip.port)
            send(data, remote)

        caller.wire.send = past_the_door  # type: ignore[method-assign]
        call = await caller.dial("2001", headers=FLASH)
        incoming = await called.incoming()
        await incoming.answer()
        await asyncio.gather(call.hears(650), incoming.hears(850))
        seen = system.door.requests
        await incoming.hangup()
        assert (await call.ended()).by_remote
        assert system.door.requests == seen + 1


async def test_later_requests_go_straight_to_the_switch(system: System) -> None:
    """The door is in no Record-Route: without it the caller can still end the call."""
    async with behind(system, tone=850) as caller, sip_phone(system, "2001", tone=650) as called:
        call = await caller.dial("2001", headers=FLASH)
        incoming = await called.incoming()
        await incoming.answer()
        await call.hears(650)
        assert not call.dialog.routes
        assert system.door is not None
        assert call.dialog.target.port == system.settings.sip.port
        call.remote = (call.dialog.target.host, system.settings.sip.port)
        seen = system.door.requests
        await call.hangup()
        await incoming.ended()
        assert system.door.requests == seen


async def test_another_door_in_its_place_goes_on_where_it_was(system: System) -> None:
    """Nothing is remembered: after a restart, rings, answers and ends of the calls under way still arrive."""
    assert system.door is not None
    async with behind(system, tone=850) as caller, sip_phone(system, "2001", tone=650) as called:
        call = await caller.dial("2001", headers=FLASH)
        incoming = await called.incoming()
        old, new = system.door, Door(Address(*door_of(system)), system.settings.sip)
        old.close()
        new.start()
        try:
            await incoming.answer()
            await asyncio.gather(call.hears(650), incoming.hears(850))
            await incoming.hangup()
            assert (await call.ended()).by_remote
            assert new.requests > 0
        finally:
            new.close()
            old.start()


async def test_hold_and_resume_inside_the_call(system: System) -> None:
    async with behind(system, tone=850) as caller, sip_phone(system, "2001", tone=650) as called:
        call = await caller.dial("2001", headers=FLASH)
        incoming = await called.incoming()
        await incoming.answer()
        await connected(system, "2003", 2)
        await call.hold()
        await call.resume()
        await asyncio.gather(call.hears(650), incoming.hears(850))
        await call.hangup()
        await incoming.ended()


async def test_wrong_passwords_lock_out_who_gives_them_and_not_the_door(system: System) -> None:
    """All come from the door's address at the switch; the door tells who it was."""
    wrong = "127.0.0.9"
    async with behind(system) as good:
        async with Phone.open(
            "2002", server=door_of(system), password="wrong", local=(wrong, 0)
        ) as bad:
            for _ in range(5):
                call = await bad.dial("2001")
                assert (await call.ended()).status == 401
            await until(
                lambda: any(
                    (key.account, key.address) == ("2002", wrong)
                    for key in system.sip_lockout.blocked()
                ),
                what="2002 is locked out from there",
            )
            assert system.door is not None
            before = system.door.dropped[Drop.LOCKED_OUT]
            bad.send_raw(_guess(bad.address))
            await until(lambda: system.door and system.door.dropped[Drop.LOCKED_OUT] > before)
        assert [key.address for key in system.sip_lockout.blocked()] == [wrong]
        async with sip_phone(system, "2001") as called:
            call = await good.dial("2001", headers=FLASH)
            incoming = await called.incoming()
            await call.hangup()
            await incoming.ended()
        await system.sip_lockout.unblock("2002", wrong)


def _guess(place: tuple[str, int]) -> bytes:
    where = f"{place[0]}:{place[1]}"
    return (
        f"REGISTER sip:softswitch SIP/2.0\r\nVia: SIP/2.0/UDP {where};branch=z9hG4bKguess\r\n"
        "From: <sip:2002@softswitch>;tag=1\r\nTo: <sip:2002@softswitch>\r\nCall-ID: guess\r\n"
        'CSeq: 1 REGISTER\r\nAuthorization: Digest username="2002", response="0"\r\n\r\n'
    ).encode()


async def test_malformed_messages_are_answered_or_dropped_and_calls_go_on(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system.sip_lockout, "_spare", lambda _key: True)
    door, server = system.door, door_of(system)
    assert door is not None
    async with (
        behind(system, tone=850) as caller,
        sip_phone(system, "2001", tone=650) as called,
        Phone.open("stranger", server=server, local=("127.0.0.8", 0)) as stranger,
    ):
        call = await caller.dial("2001", headers=FLASH)
        incoming = await called.incoming()
        await incoming.answer()
        for data in Sender(stranger.address, server, "UDP").all():
            stranger.send_raw(data[:65_000])
            await asyncio.sleep(0)  # the door reads between them
        await until(lambda: len(stranger.trace) > 20, what="the stranger is answered")
        await until(lambda: door.dropped.total() > 30, what="and dropped")
        await asyncio.gather(call.hears(650), incoming.hears(850))
        assert not called.arrived
        assert not door.dropped[Drop.FAILED]
        await incoming.hangup()
        await call.ended()


async def test_the_door_is_in_the_status_and_in_the_metrics(system: System) -> None:
    assert system.door is not None
    async with behind(system) as caller:
        call = await caller.dial("2001", headers={**REQUIRED, RP: "foo.1"})
        await call.ended()
        before = system.door.dropped[Drop.NO_SIP]
        caller.send_raw(b"GET / HTTP/1.1\r\n\r\n")
        await until(lambda: system.door and system.door.dropped[Drop.NO_SIP] > before)
    part = system.health.status()["parts"]["precedence_door"]
    assert part["ok"] is True
    assert part["address"] == "{}:{}".format(*door_of(system))
    assert part["requests"] > part["refused"] > 0
    async with httpx.AsyncClient(base_url=system.url, timeout=PATIENCE) as client:
        text = (await client.get("/metrics")).text
    assert f'softswitch_precedence_door_refused{{status="417"}} {system.door.refused[417]}' in text
    dropped = system.door.dropped[Drop.NO_SIP]
    assert f'softswitch_precedence_door_dropped{{reason="no_sip"}} {dropped}' in text
    assert "softswitch_precedence_door_requests " in text


async def test_a_door_on_all_addresses_of_the_machine(tmp_path: Path) -> None:
    """As it is set by default: the switch then names the address at which the caller reached us."""
    sip, port = free_ports(2)
    everywhere = {"sip": Address("0.0.0.0", sip), "precedence_door": Address("0.0.0.0", port)}
    async with running_system(tmp_path, **everywhere) as own:
        levels = Levels(precedence=Precedence.FLASH_OVERRIDE)
        await own.intercept.config.set_levels("test", Holder.LINE, LINE, levels)
        async with (
            Phone.open(LINE, server=(LOCAL, port), password=secret(LINE), tone=850) as line,
            sip_phone(own, "2001", tone=650) as called,
        ):
            call = await line.dial("2001", headers=FLASH, caller="075512345678")
            incoming = await called.incoming()
            await until(lambda: level(own, "2001") == Precedence.FLASH, what="flash on the board")
            await incoming.answer()
            await asyncio.gather(call.hears(650), incoming.hears(850))
            assert (call.dialog.target.host, call.dialog.target.port) == (LOCAL, sip)
            await incoming.hangup()
            await call.ended()
