"""The sockets of the precedence door, between a gateway and a switch that are plain sockets."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from intercept.door import door as door_module
from intercept.door import relay
from intercept.door.build import guarded
from intercept.door.door import Door
from intercept.door.message import Drop, Message, parse
from softswitch.access.sip_lockout import Blocked
from softswitch.errors import Refusal
from softswitch.ports import AuthenticationFailed
from softswitch.setting_values import Address
from softswitch.settings import load
from softswitch.testing.patience import PATIENCE
from softswitch.testing.system import until
from tests.intercept.door_kit import answer_to, request

LOCAL = "127.0.0.1"
LOGIN = 'Authorization: Digest username="line", response="0"'
CHALLENGE = 'WWW-Authenticate: Digest realm="r", nonce="n"'


@dataclass
class Peer:
    """A UDP socket that says and hears SIP."""

    socket: socket.socket

    @property
    def place(self) -> tuple[str, int]:
        host, port = self.socket.getsockname()
        return host, port

    def say(self, message: Message | bytes, to: tuple[str, int]) -> None:
        data = message if isinstance(message, bytes) else message.encode()
        self.socket.sendto(data, to)

    async def hear(self) -> Message:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(PATIENCE):
            data, _ = await loop.sock_recvfrom(self.socket, 65_536)
        return parse(data)


@asynccontextmanager
async def peer(host: str = LOCAL) -> AsyncIterator[Peer]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.setblocking(False)
        opened.bind((host, 0))
        yield Peer(opened)


@dataclass
class Rig:
    door: Door
    client: Peer
    switch: Peer

    @property
    def place(self) -> tuple[str, int]:
        return self.door.places.door

    async def dropped(self, reason: Drop) -> None:
        await until(lambda: self.door.dropped[reason] == 1, what=f"dropped as {reason}")
        assert self.door.dropped.total() == 1

    async def passed(self, message: Message) -> Message:
        """Say it as the client; what the switch hears."""
        self.client.say(message, self.place)
        return await self.switch.hear()


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with peer() as client, peer() as switch:
        door = Door(Address(LOCAL, 0), Address(*switch.place))
        door.start()
        yield Rig(door, client, switch)
        door.close()


async def test_there_and_back(rig: Rig) -> None:
    heard = await rig.passed(request("Require: resource-priority", "Resource-Priority: ets.0"))
    assert not heard.values("require")
    rig.switch.say(answer_to(heard, 180), rig.place)
    answer = await rig.client.hear()
    assert answer.status == 180
    assert len(answer.values("via")) == 1
    assert rig.door.requests == 1


async def test_a_refusal_and_its_ack_never_reach_the_switch(rig: Rig) -> None:
    refused = request("Require: resource-priority", "Resource-Priority: foo.1")
    rig.client.say(refused, rig.place)
    told = await rig.client.hear()
    assert told.status == 417
    rig.client.say(request(method="ACK", to=told.one("to")), rig.place)
    assert (
        await rig.passed(request(method="OPTIONS"))
    ).method == "OPTIONS"  # the next that it hears
    assert rig.door.refused == {417: 1}
    assert not rig.door.dropped


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x16\x03\x01 not SIP", Drop.NO_SIP),
        (request().encode()[:90], Drop.NO_SIP),
        (b"x" * 20_000, Drop.TOO_BIG),
        (request(via="SIP/2.0/TCP h").encode(), Drop.BAD_VIA),
        (request(hops="0", method="ACK").encode(), Drop.TOO_MANY_HOPS),
        (answer_to(request()).encode(), Drop.FOREIGN_RESPONSE),
    ],
)
async def test_what_cannot_be_passed_on_is_counted(rig: Rig, data: bytes, reason: Drop) -> None:
    rig.client.say(data, rig.place)
    await rig.dropped(reason)
    assert (await rig.passed(request())).method == "INVITE"


async def test_what_only_keeps_a_nat_open_is_no_fault(rig: Rig) -> None:
    for data in (b"", b"\r\n\r\n", b"\x00\x00\x00\x00"):
        rig.client.say(data, rig.place)
    await rig.passed(request())
    assert not rig.door.dropped


async def test_nobody_makes_the_door_send_to_a_third(rig: Rig) -> None:
    """A response of a stranger whose next Via names somebody else; a request to an alias, not from the switch."""
    async with peer() as victim:
        via = "SIP/2.0/UDP {}:{};branch=z9hG4bKdoorx".format(*rig.place)
        third = "SIP/2.0/UDP {}:{}".format(*victim.place)
        rig.client.say(answer_to(request(via=f"{via}, {third}")), rig.place)
        await rig.dropped(Drop.FOREIGN_RESPONSE)
        uri = "sip:a@h;alias={}~{}~1".format(*victim.place)
        assert (await rig.passed(request(method="BYE", uri=uri))).uri == uri
        with pytest.raises(BlockingIOError):
            victim.socket.recvfrom(100)


async def test_a_request_of_the_switch_that_is_for_nobody(rig: Rig) -> None:
    rig.switch.say(request(method="OPTIONS"), rig.place)
    await rig.dropped(Drop.NO_ALIAS)


async def test_an_error_of_ours_is_told_once_and_ends_nothing(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_args: object) -> None:
        raise RuntimeError("a fault of ours")

    with monkeypatch.context() as patch, caplog.at_level(logging.ERROR):
        patch.setattr(relay, "request_in", broken)
        for _ in range(3):
            rig.client.say(request(), rig.place)
        await until(lambda: rig.door.dropped[Drop.FAILED] == 3)
        assert len(caplog.records) == 1
    assert (await rig.passed(request())).method == "INVITE"


async def test_a_flood_is_dropped_when_it_takes_too_long_and_later_ones_pass(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(door_module, "LONGEST_IN_A_SECOND", -1.0)
        rig.client.say(request(), rig.place)
        await rig.dropped(Drop.TOO_MANY)
    assert (await rig.passed(request())).method == "INVITE"


async def test_wrong_passwords_are_told_with_where_they_came_from(rig: Rig) -> None:
    heard: list[tuple[str, str]] = []
    rig.door.failed = lambda account, host: heard.append((account, host))
    for lines, status, more in (
        ([], 401, [CHALLENGE]),  # the first question
        ([LOGIN], 401, [f"{CHALLENGE}, stale=true"]),  # right, but late
        ([LOGIN], 100, []),
        ([LOGIN], 401, [CHALLENGE]),
    ):
        passed = await rig.passed(request(*lines, via="SIP/2.0/UDP h;branch=z9hG4bK" + str(status)))
        rig.switch.say(answer_to(passed, status, *more), rig.place)
        assert (await rig.client.hear()).status == status
    assert heard == [("line", LOCAL)]


async def test_who_is_locked_out_does_not_get_through(rig: Rig) -> None:
    blocked = {Blocked("line", LOCAL)}
    told: list[AuthenticationFailed] = []
    guarded(rig.door, lambda: frozenset(blocked), told.append)
    rig.client.say(request(LOGIN), rig.place)
    await rig.dropped(Drop.LOCKED_OUT)
    assert (await rig.passed(request('Authorization: Digest username="other"'))).method == "INVITE"
    assert (await rig.passed(request())).method == "INVITE"
    blocked.add(Blocked("*", LOCAL))
    rig.client.say(request(), rig.place)
    await until(lambda: rig.door.dropped[Drop.LOCKED_OUT] == 2)
    rig.door.failed("line", LOCAL)
    assert told == [AuthenticationFailed("line", LOCAL)]


async def test_a_port_that_is_taken_and_an_address_that_is_none_are_told(rig: Rig) -> None:
    switch = Address(*rig.switch.place)
    for where, code in (
        (Address(*rig.place), "port_in_use"),
        (Address("192.0.2.1", 5080), "cannot_listen"),
        (Address("::1", 5080), "bad_configuration"),
        (Address("localhost", 5080), "bad_configuration"),
    ):
        with pytest.raises(Refusal) as caught:
            Door(where, switch).start()
        assert caught.value.code == code
        assert "precedence" in caught.value.message + caught.value.next_step


async def test_the_state_tells_whether_it_listens(rig: Rig) -> None:
    assert rig.door.state()["ok"] is True
    rig.door.close()
    assert rig.door.state()["ok"] is False
    assert not rig.door.is_own(LOCAL)
    rig.door.close()


def test_the_setting() -> None:
    assert load().precedence_door is None
    assert load(command_line={"precedence_door": "5080"}).precedence_door == Address(
        "0.0.0.0", 5080
    )
    with pytest.raises(Refusal) as caught:
        load(command_line={"precedence_door": "5060"})
    assert "precedence_door and sip both have the port 5060" in caught.value.message
