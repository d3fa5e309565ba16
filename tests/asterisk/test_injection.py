"""Text from SIP on a real Asterisk: nothing in a name or number becomes a line of AMI, of the journal, or a step.

Asterisk 22.10.1 writes CallerIDNum raw into AMI and CEL: with the caller number taken from the From header, one
INVITE made an event of its own on the AMI connection. These tests watch a raw AMI connection for that.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator

import pytest

from softswitch.asterisk.ami import connect
from softswitch.asterisk.journal import Cursor, JournalReader
from softswitch.asterisk.node import AsteriskNode
from softswitch.asterisk.secrets import USER
from softswitch.ports import AuthenticationFailed, ChannelSeen, Entered
from softswitch.testing.facts import eventually
from softswitch.testing.node import LiveSwitch
from softswitch.testing.phone import Phone, RegistrationFailed
from softswitch.testing.phone.wire import UdpWire

pytestmark = pytest.mark.asterisk

EVIL = (
    "1\r\n\r\nEvent: Evil\r\nX-Evil: 1\r\n\r\n",
    "1\nX-Evil: 1",
    "1%0d%0a%0d%0aEvent: Evil",
    "${SHELL(touch /tmp/evil)}1",
    "$[1+1]1",
    "1&PJSIP/p1003",
    "1,2,3",
    "1;X-Evil=1",
    '1"<9>',
    "1)}2",
)


class RawAmi:
    """Everything that Asterisk says on AMI, as bytes."""

    def __init__(self) -> None:
        self.data = b""


@pytest.fixture
async def raw(node: AsteriskNode) -> AsyncIterator[RawAmi]:
    reader, writer = await asyncio.open_connection("127.0.0.1", node.settings.ami_port)
    login = f"Action: Login\r\nUsername: {USER}\r\nSecret: {node.secrets.ami}\r\n\r\n"
    writer.write(login.encode())
    heard = RawAmi()

    async def listen() -> None:
        while data := await reader.read(65536):
            heard.data += data

    task = asyncio.create_task(listen())
    await eventually(lambda: b"FullyBooted" in heard.data)
    yield heard
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    writer.close()


def citizen(
    switch: LiveSwitch, number: str, name: str = ""
) -> contextlib.AbstractAsyncContextManager[Phone]:
    return Phone.open(
        number, display=name, server=switch.sip, username="citizens", password="secretcitizens"
    )


@pytest.mark.parametrize("text", EVIL)
async def test_a_callers_number_and_name(switch: LiveSwitch, raw: RawAmi, text: str) -> None:
    name = text.replace("\r", "").replace("\n", "")  # a SIP stack refuses them in a quoted name
    async with citizen(switch, text, name) as caller:
        call = await caller.dial("120")
        fact = await switch.control_facts.wait_for(Entered)
        assert set(fact.channel.caller_number) <= set("0123456789*#+")
        assert fact.channel.caller_name == ""
        await call.hangup()
        await eventually(lambda: b"Event: Hangup" in raw.data)
    assert b"Evil" not in raw.data
    assert b"SHELL" not in raw.data
    lines, _ = JournalReader(switch.node.settings.journal).read(Cursor())
    assert not [line for line in lines if set(line.number) - set("0123456789*#+")]
    assert b"Evil" not in switch.node.settings.journal.read_bytes()


@pytest.mark.parametrize("text", EVIL)
async def test_the_number_dialled(switch: LiveSwitch, raw: RawAmi, text: str) -> None:
    async with Phone.register(switch.sip, "p1003", "secret1003") as caller:
        call = await caller.dial(f"sip:{_escaped(text)}@{switch.sip[0]}:{switch.sip[1]}")
        assert (await call.ended()).status in (404, 484)
    assert not [f for f in switch.switch_facts.facts if isinstance(f, ChannelSeen)]
    assert b"Evil" not in raw.data


@pytest.mark.parametrize("text", EVIL)
async def test_the_name_and_number_of_a_phone_are_ours_not_its_own(
    switch: LiveSwitch, raw: RawAmi, text: str
) -> None:
    name = text.replace("\r", "").replace("\n", "")
    async with Phone.open(
        "p1003", display=name, server=switch.sip, username="p1003", password="secret1003"
    ) as caller:
        headers = {
            "P-Asserted-Identity": f"<sip:{_escaped(text)}@evil>",
            "Remote-Party-ID": f"<sip:{_escaped(text)}@evil>",
            "Diversion": f"<sip:{_escaped(text)}@evil>",
        }
        call = await caller.dial("120", headers=headers)
        fact = await switch.control_facts.wait_for(Entered)
        assert fact.channel.caller_number == "1003"
        assert fact.channel.caller_name == "Name 1003"
        await call.hangup()
    assert b"Evil" not in raw.data


@pytest.mark.parametrize("text", EVIL)
async def test_an_account_that_does_not_exist(switch: LiveSwitch, raw: RawAmi, text: str) -> None:
    """Without any password one can still be heard of: the failed login is told, its name in no line of its own."""
    login = text.replace("\r", "%0d").replace("\n", "%0a")
    with pytest.raises(RegistrationFailed):
        async with Phone.register(switch.sip, text, "wrong-secret", username=login):
            pass
    fact = await switch.switch_facts.wait_for(AuthenticationFailed)
    assert fact.address == "127.0.0.1"
    assert b"\r\nX-Evil" not in raw.data
    assert b"\r\nEvent: Evil" not in raw.data


@pytest.mark.parametrize("text", EVIL[:2])
async def test_an_account_that_does_not_exist_again_and_again(
    switch: LiveSwitch, raw: RawAmi, text: str
) -> None:
    """After some requests Asterisk tells InvalidAccountID, with the raw account: `eventfilter` drops a forged one."""
    for _ in range(12):
        with pytest.raises(RegistrationFailed):
            async with Phone.register(switch.sip, text, "wrong-secret", username="nobody"):
                pass
    with pytest.raises(RegistrationFailed):
        async with Phone.register(switch.sip, "nobody-else", "wrong-secret"):
            pass
    await eventually(lambda: b"nobody-else" in raw.data)
    assert b"\nX-Evil" not in raw.data
    assert b"\nEvent: Evil" not in raw.data


async def test_a_wrong_secret_is_told_with_account_and_address(switch: LiveSwitch) -> None:
    with pytest.raises(RegistrationFailed):
        async with Phone.register(switch.sip, "p1003", "wrong-secret"):
            pass
    fact = await switch.switch_facts.wait_for(AuthenticationFailed)
    assert fact == AuthenticationFailed("p1003", "127.0.0.1")


async def test_a_user_agent_in_two_lines(
    switch: LiveSwitch, raw: RawAmi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list of contacts shows what a phone calls itself; a header may go on in a second line."""
    send = UdpWire.send
    folded = b"User-Agent: good\r\n\tX-Evil: 1"

    def fold(self: UdpWire, data: bytes, remote: tuple[str, int]) -> None:
        send(self, re.sub(rb"User-Agent: [^\r]*", folded, data), remote)

    monkeypatch.setattr(UdpWire, "send", fold)
    async with Phone.register(switch.sip, "p1003", "secret1003"):
        connection = await connect(
            "127.0.0.1", switch.node.settings.ami_port, USER, switch.node.secrets.ami
        )
        contacts = await connection.listing("PJSIPShowContacts")
        await connection.close()
    ours = next(c for c in contacts if c["Endpoint"] == "p1003")
    assert ours["UserAgent"].startswith("good")
    assert not [name for name in ours if "Evil" in name]


def _escaped(text: str) -> str:
    return "".join(c if c.isalnum() else f"%{ord(c):02x}" for c in text)
