"""Malformed SIP: Asterisk lives, calls keep their audio, nobody's words become facts, and help still comes."""

from __future__ import annotations

import asyncio
import contextlib
import ssl

import pytest

from softswitch.app import System
from softswitch.testing.phone import Phone
from softswitch.testing.system import LOCAL, sip_phone, until
from tests.robustness.calls import call_up, help_comes
from tests.robustness.torture import SDP, Sender

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="session")]

STRANGER = "127.0.0.9"
"""Who fails too often is locked out, so the phones have another address."""
DATAGRAM = 65_000
BURST = 16


async def answers(system: System, transport: str = "udp") -> None:
    """Return when the switch has answered a request that came after all before."""
    server = (LOCAL, system.settings.sip.port)
    async with Phone.open("probe", server=server, transport=transport) as phone:
        sender = Sender(phone.address, server, transport.upper())
        phone.send_raw(sender.request("OPTIONS"))
        await until(lambda: phone.trace, what="the switch answers")


@pytest.fixture(autouse=True)
def no_lock_out(robust_system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the stranger try on and on: behind a lock-out nothing would be read."""
    monkeypatch.setattr(robust_system.sip_lockout, "_spare", lambda _key: True)


async def test_malformed_datagrams(system: System) -> None:
    server = (LOCAL, system.settings.sip.port)
    async with (
        call_up(system) as call_id,
        Phone.open("stranger", server=server, local=(STRANGER, 0)) as phone,
    ):
        sender = Sender(phone.address, server, "UDP")
        for number, data in enumerate(sender.all()):
            phone.send_raw(data[:DATAGRAM])
            if number % BURST == 0:
                await answers(system)
        await answers(system)
        await told_of_the_last(system, phone, sender)
        refused = [line for line in phone.trace if line.startswith("SIP/2.0 4")]
        assert len(refused) > 50, "the stranger was not heard"
        assert set(system.center.board.calls) == {call_id}
        assert set(system.live.entities()["call"]) == {call_id}
    await help_comes(system)


async def told_of_the_last(system: System, phone: Phone, sender: Sender) -> None:
    """Return when the failures of one more stranger were told: what was before it was told too."""
    for _ in range(7):
        phone.send_raw(sender.request("REGISTER", from_="<sip:last@x>;tag=x"))
    known = system.sip_lockout._by_pair._records
    await until(lambda: f"last {STRANGER}" in known, what="the stranger's failures are told")


@pytest.mark.parametrize("transport", ["tcp", "tls"])
async def test_malformed_streams(system: System, transport: str) -> None:
    """Each on a connection of its own, then all on one: framing errors must not reach others."""
    port = system.settings.sip.port if transport == "tcp" else system.settings.sips_address().port
    async with call_up(system) as call_id:
        sender = Sender((LOCAL, 9), (LOCAL, port), transport.upper())
        every = list(sender.all())
        for data in every[:: 1 if transport == "tcp" else 6]:
            await _pour(port, transport, data)
        await _pour(port, transport, b"".join(every))
        await answers(system, "tcp")
        assert set(system.center.board.calls) == {call_id}
    await help_comes(system)


async def _pour(port: int, transport: str, data: bytes) -> None:
    """Write everything that the other side takes, and leave without a word."""
    context = None
    if transport == "tls":
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    _reader, writer = await asyncio.open_connection(
        LOCAL, port, ssl=context, local_addr=(STRANGER, 0)
    )
    writer.write(data)
    with contextlib.suppress(TimeoutError, OSError):
        await asyncio.wait_for(writer.drain(), 1)
    writer.transport.abort()


async def test_a_phone_whose_invites_are_mutilated(system: System) -> None:
    """The same from an account with the right password: what gets past the door is refused behind it."""
    async with call_up(system) as call_id, sip_phone(system, "1002") as phone:
        plain = phone.wire.send
        bodies = [
            data.partition(b"\r\n\r\n")[2]
            for data in Sender(phone.address, phone.address, "UDP").all()
        ]
        for body in {body for body in bodies if body and body != SDP.encode()}:

            def mutilate(data: bytes, remote: tuple[str, int], body: bytes = body) -> None:
                head, _, _ = data.partition(b"\r\n\r\n")
                if data.startswith(b"INVITE"):
                    lines = [
                        line
                        for line in head.split(b"\r\n")
                        if not line.startswith(b"Content-Length")
                    ]
                    lines.append(b"Content-Length: %d" % len(body))
                    data = b"\r\n".join(lines) + b"\r\n\r\n" + body
                plain(data[:DATAGRAM], remote)

            phone.wire.send = mutilate  # type: ignore[method-assign]
            call = await phone.dial(
                "2003"
            )  # not registered: an INVITE that is understood ends with 480
            ended = await call.ended()
            assert ended.status is None or ended.status >= 400, body[:80]
        phone.wire.send = plain  # type: ignore[method-assign]
        await until(lambda: set(system.center.board.calls) == {call_id}, what="only one call")
    await help_comes(system)
