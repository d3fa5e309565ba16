"""Hostile words inside a call: in its dialog, and on its media ports. The call goes on, or ends as calls end."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from softswitch.app import System
from softswitch.testing.phone import IncomingCall, NotReached, OutgoingCall, Phone
from softswitch.testing.system import sip_phone, until
from tests.robustness.calls import help_comes
from tests.robustness.hostile import COMMAND
from tests.robustness.torture import SDP, Sender

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="session")]

STRANGER = "127.0.0.9"
Pair = tuple[OutgoingCall, IncomingCall]

# A method, headers and a body that are sent inside the dialog.
REQUESTS: dict[str, tuple[str, dict[str, str], str]] = {
    "key that is none": ("INFO", {"Content-Type": "application/dtmf-relay"}, "Signal=XYZ\r\nDuration=-1\r\n"),
    "key of thousand signs": ("INFO", {"Content-Type": "application/dtmf-relay"}, f"Signal={'1' * 1_000}\r\n"),
    "key with lines": ("INFO", {"Content-Type": "application/dtmf"}, "1\r\nEvent: Hangup\r\n\r\n"),
    "unknown body": ("INFO", {"Content-Type": "x/y"}, "\0\xff" * 400),
    "transfer to a function": ("REFER", {"Refer-To": f"<sip:${{SHELL({COMMAND})}}@127.0.0.1>"}, ""),
    "transfer with lines": ("REFER", {"Refer-To": "<sip:1%0d%0aEvent%3a%20Hangup@127.0.0.1>"}, ""),
    "transfer to separators": ("REFER", {"Refer-To": "<sip:2003%26PJSIP%2Fline%2C1%3B@127.0.0.1>"}, ""),
    "transfer to thousand digits": ("REFER", {"Refer-To": f"<sip:{'1' * 1_000}@127.0.0.1>"}, ""),
    "transfer to nowhere": ("REFER", {"Refer-To": "<sip:>"}, ""),
    "transfer without a target": ("REFER", {}, ""),
    "transfer into no call": ("REFER", {"Refer-To": "<sip:2003@127.0.0.1?Replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2>"}, ""),
    "transfer by tel": ("REFER", {"Refer-To": "<tel:120>"}, ""),
    "offer without audio": ("INVITE", {"Content-Type": "application/sdp"}, SDP.partition("m=")[0]),
    "offer of another kind": ("INVITE", {"Content-Type": "application/sdp"}, SDP.replace("PCMA", "X" * 500)),
    "offer to another port": ("INVITE", {"Content-Type": "application/sdp"}, SDP.replace("40000", "99999")),
    "offer that is none": ("UPDATE", {"Content-Type": "application/sdp"}, "v=1\r\n" * 300),
    "unknown event": ("SUBSCRIBE", {"Event": "x" * 500, "Expires": "-1"}, ""),
    "unknown method": ("BREW", {}, ""),
    "message": ("MESSAGE", {"Content-Type": "text/plain"}, "${SHELL(id)}\r\n\r\nEvent: Hangup\r\n"),
    "notice of nothing": ("NOTIFY", {"Event": "refer", "Subscription-State": "x"}, "SIP/9.9 999"),
}  # fmt: skip


@asynccontextmanager
async def talking(system: System) -> AsyncIterator[Pair]:
    async with (
        sip_phone(system, "1002", tone=450) as one,
        sip_phone(system, "2002", tone=650) as two,
    ):
        call = await one.dial("2002")
        incoming = await two.incoming()
        await incoming.answer()
        await call.hears(650)
        await incoming.hears(450)
        yield call, incoming
        if call.end is None:
            await call.hangup()
        if incoming.end is None:
            await incoming.hangup()


@pytest.mark.parametrize("name", REQUESTS)
async def test_a_hostile_request_inside_a_call(system: System, name: str) -> None:
    method, headers, body = REQUESTS[name]
    async with talking(system) as (call, incoming):
        request = call.request(method)
        for key, value in headers.items():
            request.headers.add(key, value)
        request.body = body.encode("latin-1")
        taken = False
        with contextlib.suppress(NotReached):  # what nobody understands may go without an answer
            response = await call.phone.transact(
                request, call.remote, call.dialog.next_sequence, timeout=0.7
            )
            taken = response.status < 300
        if not taken:
            await call.hears(650)
            await incoming.hears(450)
    await until(lambda: not system.center.board.legs, what="no channel is left")


async def test_rubbish_on_the_media_ports_is_not_heard(system: System) -> None:
    """A stranger sends RTP, RTCP, STUN, DTLS and noise to both media ports of a call (RFC 7983)."""
    settings = system.settings
    async with talking(system) as (call, incoming):
        packets = [
            struct.pack("!BBHII", 0x80, 8, n, n * 160, 0xDEADBEEF) + b"\x55" * 160
            for n in range(50)
        ]
        packets += [
            b"\x80\xc8\xff\xff" + b"\0" * 24,
            b"\x81\xcb\0\1" + b"\xde\xad\xbe\xef",
        ]  # SR, BYE
        packets += [
            struct.pack("!HHI", 1, 0xFFFF, 0x2112A442) + b"\0" * 12,
            b"\x16\xfe\xff" + b"\0" * 50,
        ]
        packets += [b"", b"\0", b"\xff" * 9_000, b"\x80", b"\xbf\x7f" + b"\xff" * 20]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.bind((STRANGER, 0))
            for each in (call, incoming):
                assert each.media.agreed is not None
                host, port = each.media.agreed.address, each.media.agreed.port
                assert settings.rtp.first <= port <= settings.rtp.last
                for packet in packets:
                    for target in (port, port + 1):
                        stranger.sendto(packet, (host, target))
        await call.hears(650, frames=25)
        await incoming.hears(450, frames=25)
        assert call.ear.bad_packets == incoming.ear.bad_packets == 0
    await help_comes(system)


async def test_a_bye_and_a_cancel_of_a_stranger_end_nothing(system: System) -> None:
    """Who knows the ids of a dialog but comes from elsewhere without its tags is told 481 (RFC 3261 section 12.2.2)."""
    server = ("127.0.0.1", system.settings.sip.port)
    async with talking(system) as (call, incoming):
        async with Phone.open("stranger", server=server, local=(STRANGER, 0)) as phone:
            sender = Sender(phone.address, server, "UDP")
            for tag in ("", ";tag=", ";tag=guess"):
                for method in ("BYE", "CANCEL"):
                    phone.send_raw(
                        sender.request(
                            method, call_id=call.dialog.call_id, from_="<sip:1002@x>;tag=guess",
                            to=f"<sip:2002@x>{tag}", cseq=f"1 {method}",
                        )
                    )  # fmt: skip
            await until(lambda: phone.trace, what="the switch answers")
        await call.hears(650, frames=10)
        await incoming.hears(450, frames=10)
