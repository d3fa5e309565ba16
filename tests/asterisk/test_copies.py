"""Copies of SIP messages: what is read from them, and that nothing else is."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import AsyncIterator

import pytest

from softswitch.asterisk import copies, hep
from softswitch.asterisk.copies import SipCopies
from softswitch.asterisk.enclosed import MOST_DOCUMENTS, Enclosed, enclosed
from softswitch.setting_values import Address
from softswitch.testing.node import free_ports

SECRET = "0123456789abcdef"
SDP = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n"
PLACE = b"<presence/>"

CAPTURED = bytes.fromhex(
    "48455033028a0000000100070200000002000711000000070008dd910000000800086b4900000009000a6b03"
    "a4970000000a000a000e34b80000000b0007010000000c000a0000000100000003000a7f0000010000000400"
    "0a7f0000010000000e0026323237323965613862646362383831353130356232653531386338623338383200"
    "00001100243861613637383734383735653730323632383363403132372e302e302e310000000f01e3524547"
    "4953544552207369703a3132372e302e302e313a3237343635205349502f322e300d0a5669613a205349502f"
    "322e302f554450203132372e302e302e313a35363732313b72706f72743b6272616e63683d7a39684734624b"
    "356638663731633962636638303263390d0a4d61782d466f7277617264733a2037300d0a46726f6d3a203c73"
    "69703a6c696e65403132372e302e302e313a32373436353e3b7461673d3930316438346166393963370d0a54"
    "6f3a203c7369703a6c696e65403132372e302e302e313a32373436353e0d0a43616c6c2d49443a2038616136"
    "37383734383735653730323632383363403132372e302e302e310d0a435365713a2031205245474953544552"
    "0d0a436f6e746163743a203c7369703a6c696e65403132372e302e302e313a35363732313e0d0a416c6c6f77"
    "3a20494e564954452c2041434b2c2043414e43454c2c204259452c204f5054494f4e532c20494e464f2c2055"
    "50444154452c2052454645522c204e4f544946592c204d4553534147450d0a537570706f727465643a207265"
    "706c616365730d0a557365722d4167656e743a20736f667473776974636820746573742070686f6e650d0a45"
    "7870697265733a203330300d0a436f6e74656e742d4c656e6774683a20300d0a0d0a"
)
"""A REGISTER as Asterisk 22.10.1 copied it."""
CAPTURED_SECRET = b"22729ea8bdcb8815105b2e518c8b3882"


def invite(
    *parts: tuple[str, bytes],
    boundary: str = "cut",
    kind: str | None = None,
    method: str = "INVITE",
) -> bytes:
    """An INVITE with a body of parts."""
    body = b"".join(
        b"--" + boundary.encode() + b"\r\n" + head.encode() + b"\r\n\r\n" + content + b"\r\n"
        for head, content in parts
    )
    body += b"--" + boundary.encode() + b"--\r\n"
    kind = kind or f"multipart/mixed;boundary={boundary}"
    head = (
        f"{method} sip:120@192.0.2.9 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1\r\n"
        f"i: call@192.0.2.1\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def located(name: str = "<here@example.net>") -> tuple[str, bytes]:
    return f"Content-Type: application/pidf+xml\r\nContent-ID: {name}", PLACE


AUDIO = ("Content-Type: application/sdp", SDP)


@pytest.fixture
async def heard() -> AsyncIterator[SipCopies]:
    one = SipCopies(Address("127.0.0.1", free_ports(1)[0]), SECRET)
    one.start()
    yield one
    await one.close()


def send(to: SipCopies, message: bytes, secret: str = SECRET) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(hep.packet(message, secret.encode()), ("127.0.0.1", to._listen.port))


# ---- packets


def test_a_packet_of_asterisk_is_read() -> None:
    message = hep.payload(CAPTURED, CAPTURED_SECRET)
    assert message is not None
    assert message.startswith(b"REGISTER sip:127.0.0.1:27465 SIP/2.0\r\nVia: ")
    assert message.endswith(b"\r\nContent-Length: 0\r\n\r\n")


def test_what_is_printed_is_read() -> None:
    assert hep.payload(hep.packet(PLACE, b"abc"), b"abc") == PLACE


def test_a_packet_that_is_cut_or_of_a_stranger_tells_nothing() -> None:
    whole = hep.packet(PLACE, b"abc")
    assert all(hep.payload(whole[:length], b"abc") is None for length in range(len(whole)))
    assert hep.payload(whole, b"abd") is None
    assert hep.payload(whole, b"") is None
    assert hep.payload(b"HEP3\x00\x06", b"abc") is None


def test_no_packet_breaks_the_reader() -> None:
    chance = random.Random(6)
    whole = hep.packet(invite(AUDIO, located()), SECRET.encode())
    one = SipCopies(Address("127.0.0.1", 9), SECRET, clock=lambda: 1.0)
    for _ in range(3_000):
        bent = bytearray(whole)
        for _ in range(chance.randrange(1, 6)):
            bent[chance.randrange(len(bent))] = chance.randrange(256)
        one.take(
            bytes(bent[: chance.randrange(len(bent) + 1)]) if chance.random() < 0.3 else bytes(bent)
        )


# ---- bodies


def test_the_document_beside_the_sdp() -> None:
    assert enclosed(invite(AUDIO, located())) == Enclosed(
        "call@192.0.2.1", {"here@example.net": PLACE}
    )


def test_a_document_alone_in_the_body() -> None:
    message = (
        b"INVITE sip:120@192.0.2.9 SIP/2.0\r\nCall-ID: a\r\nc: application/PIDF+xml\r\n"
        b"Content-ID: <b>\r\n\r\n" + PLACE
    )
    assert enclosed(message) == Enclosed("a", {"b": PLACE})


@pytest.mark.parametrize(
    "kind",
    [
        'multipart/mixed; boundary="cut"',
        "Multipart/Related;type=x;\r\n Boundary=cut;charset=y",
    ],
)
def test_a_boundary_may_be_quoted_and_the_field_folded(kind: str) -> None:
    found = enclosed(invite(AUDIO, located(), kind=kind))
    assert found is not None
    assert list(found.documents) == ["here@example.net"]


@pytest.mark.parametrize(
    "message",
    [
        invite(AUDIO),
        invite(AUDIO, located(), method="UPDATE"),
        invite(AUDIO, located(), kind="multipart/mixed"),
        invite(AUDIO, located(), kind="multipart/mixed;boundary=other"),
        invite(AUDIO, located()).replace(b"i: call", b"x: call"),
        b"INVITE application/pidf+xml",
        b"",
    ],
)
def test_what_encloses_no_document(message: bytes) -> None:
    assert enclosed(message) is None


def test_of_many_documents_the_first_are_kept() -> None:
    found = enclosed(invite(*(located(f"<{number}>") for number in range(40))))
    assert found is not None
    assert list(found.documents) == [str(number) for number in range(MOST_DOCUMENTS)]


# ---- the socket


async def test_a_copy_that_came_before_it_is_asked_for(heard: SipCopies) -> None:
    send(heard, invite(AUDIO, located()))
    assert await heard.of("call@192.0.2.1") == {"here@example.net": PLACE}
    assert heard.state() == {"ok": True, "heard": 1, "discarded": 0}


async def test_a_copy_that_comes_after_it_is_asked_for(heard: SipCopies) -> None:
    asked = asyncio.create_task(heard.of("call@192.0.2.1"))
    await asyncio.sleep(0)
    send(heard, invite(AUDIO, located()))
    assert await asked == {"here@example.net": PLACE}


async def test_a_stranger_on_this_machine_tells_no_place(
    heard: SipCopies, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "WAIT_SECONDS", 0.05)
    send(heard, invite(AUDIO, located()), "another secret")
    assert await heard.of("call@192.0.2.1") == {}
    assert heard.discarded == 1


async def test_what_nobody_asks_for_is_forgotten() -> None:
    now = [0.0]
    one = SipCopies(Address("127.0.0.1", 9), SECRET, clock=lambda: now[0])
    for number in range(3 * copies.MOST_KEPT):
        now[0] = number / 100
        message = invite(AUDIO, located()).replace(b"call@", b"call%d@" % number)
        one.take(hep.packet(message, SECRET.encode()))
    assert len(one._kept) == copies.MOST_KEPT
    now[0] += copies.KEPT_SECONDS + 1
    one.take(hep.packet(invite(AUDIO, located()), SECRET.encode()))
    assert list(one._kept) == ["call@192.0.2.1"]


async def test_a_flood_is_not_read_to_its_end() -> None:
    one = SipCopies(Address("127.0.0.1", 9), SECRET, clock=lambda: 7.0)
    for _ in range(copies.MOST_A_SECOND + 5):
        one.take(hep.packet(invite(AUDIO, located()), SECRET.encode()))
    assert one.discarded == 5


async def test_a_port_that_is_taken_stops_no_start() -> None:
    (port,) = free_ports(1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", port))
        one = SipCopies(Address("127.0.0.1", port), SECRET)
        one.start()
        assert one.state()["ok"] is False
        await one.close()
