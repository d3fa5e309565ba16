"""SIP over WebSocket (RFC 7118), as a browser phone registers: plain and with TLS."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from softswitch.asterisk.model import Line, PhoneKind
from softswitch.asterisk.model import Phone as Account
from softswitch.asterisk.node import AsteriskNode
from softswitch.asterisk.render import REALM
from softswitch.numbers import Extension, PhoneId
from softswitch.ports import PhoneReachable
from softswitch.testing.node import directory, live, session_node
from softswitch.testing.phone.digest import choose, credentials

pytestmark = pytest.mark.asterisk

ACCOUNT, SECRET = "web-1001", "secret-web-1001"


@pytest.fixture(scope="module")
def browser_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AsteriskNode]:
    account = Account(PhoneId(ACCOUNT), SECRET, PhoneKind.BROWSER)
    plan = directory(lines=(Line(Extension("1001"), phones=(account,)),), desks=())
    with session_node(tmp_path_factory.mktemp("browser"), plan) as node:
        yield node


def register(authorization: str = "") -> str:
    number = 2 if authorization else 1
    return (
        "REGISTER sip:switch SIP/2.0\r\n"
        f"Via: SIP/2.0/WS browser.invalid;branch=z9hG4bK{number}\r\n"
        f"From: <sip:{ACCOUNT}@switch>;tag=1\r\nTo: <sip:{ACCOUNT}@switch>\r\n"
        f"Call-ID: browser-1\r\nCSeq: {number} REGISTER\r\nMax-Forwards: 70\r\n"
        f"Contact: <sip:{ACCOUNT}@browser.invalid;transport=ws>;expires=300\r\n"
        f"{authorization}Content-Length: 0\r\n\r\n"
    )


def authorization(answer: str) -> str:
    offered = re.search(r"WWW-Authenticate: ([^\r]+)", answer)
    assert offered is not None
    challenge = choose([offered[1]])
    assert challenge.realm == REALM
    return f"Authorization: {credentials(challenge, 'REGISTER', 'sip:switch', ACCOUNT, SECRET)}\r\n"


def trusting(folder: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(folder / "certificate.pem"))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


@pytest.mark.parametrize("secure", [False, True], ids=["ws", "wss"])
async def test_a_browser_registers_and_is_gone_with_its_socket(
    browser_node: AsteriskNode, secure: bool
) -> None:
    settings = browser_node.settings
    port = settings.https_port if secure else settings.http_port
    url = f"{'wss' if secure else 'ws'}://127.0.0.1:{port}/ws"
    tls = trusting(settings.tls) if secure else None
    async with live(browser_node) as switch:
        after = len(switch.switch_facts.facts)
        async with connect(url, subprotocols=[Subprotocol("sip")], ssl=tls, proxy=None) as socket:
            assert socket.subprotocol == "sip"
            await socket.send(register())
            challenge = str(await socket.recv())
            assert challenge.startswith("SIP/2.0 401")
            await socket.send(register(authorization(challenge)))
            assert str(await socket.recv()).startswith("SIP/2.0 200")
            await switch.switch_facts.wait_for(
                PhoneReachable, lambda f: f.phone_id == ACCOUNT and f.reachable, after=after
            )
            up = len(switch.switch_facts.facts)
        await switch.switch_facts.wait_for(
            PhoneReachable, lambda f: f.phone_id == ACCOUNT and not f.reachable, after=up
        )


async def test_a_socket_without_the_protocol_of_sip_gets_no_sip(
    browser_node: AsteriskNode,
) -> None:
    url = f"ws://127.0.0.1:{browser_node.settings.http_port}/ws"
    with pytest.raises(Exception, match="HTTP"):
        async with connect(url, subprotocols=[Subprotocol("chat")], proxy=None):
            pass
