"""Stacks of others against ours: pjsua2 and pyVoIP, directly and through Asterisk."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from softswitch.testing.node import free_ports
from softswitch.testing.patience import PATIENCE
from softswitch.testing.phone import Phone
from softswitch.testing.pjsua import Softphone
from tests.phone.asterisk import PASSWORD, Ports, users

pytestmark = pytest.mark.asterisk


@pytest.fixture
async def softphone() -> AsyncIterator[Softphone]:
    async with Softphone.start(tone=650) as softphone:
        yield softphone


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
async def test_pjsua_directly(softphone: Softphone, transport: str) -> None:
    async with Phone.open("alice", transport=transport, tone=450) as alice:
        await softphone.open("bob", transport=transport)
        softphone.dial(alice.uri)
        call = await alice.incoming()
        assert call.caller_number == "bob"
        await call.answer()
        await softphone.answered()
        await call.hears(650)
        await softphone.hears(450)
        await softphone.hears_not(650)
        await call.send_digits("15#")
        await softphone.receives("15#")
        softphone.send_digits("2*")
        await call.receives("2*")
        softphone.hold()
        await call.held()
        softphone.resume()
        await call.resumed()
        await call.hears(650)
        await call.hold()
        await call.resume()
        await softphone.hears(450)
        softphone.hangup()
        assert (await call.ended()).by_remote
        assert await softphone.disconnected() == 200


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
async def test_pjsua_through_asterisk(softphone: Softphone, ports: Ports, transport: str) -> None:
    server = ports.server(transport)
    one, two, *_ = users(transport)
    await softphone.open(two, server=server, password=PASSWORD, transport=transport)
    async with Phone.register(server, one, PASSWORD, transport=transport, tone=450) as alice:
        call = await alice.dial(two)
        assert one in await softphone.incoming()
        await softphone.answer()
        await call.answered()
        await call.hears(650)
        await softphone.hears(450)
        await softphone.hears_not(650)
        await call.send_digits("15#")
        await softphone.receives("15#")
        softphone.hangup()
        assert (await call.ended()).cause == 16


async def test_pyvoip_through_asterisk(ports: Ports) -> None:
    """REGISTER, a call and audio both ways with a third stack."""
    server = ports.server("udp")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.phone.pyvoip_child",
        str(server[1]), "1004", PASSWORD, str(free_ports(1)[0]),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    try:
        assert (await event(process, "registered"))["status"] == "REGISTERED"
        async with Phone.register(server, "1001", PASSWORD, tone=450) as alice:
            call = await alice.dial("1004")
            assert (await event(process, "incoming"))["caller"] == "1001"
            await call.answered()
            await call.hears(850)
            while (await event(process, "heard"))["tones"][:1] != [450]:
                pass
            await call.hangup()
            await event(process, "ended")
    finally:
        await process.communicate(b"")  # the end of its input ends it


async def event(process: asyncio.subprocess.Process, name: str) -> dict[str, Any]:
    """The next event of this name that the child tells."""
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE):
        async for line in process.stdout:
            # pyVoIP prints what it has to say between our events.
            if line.startswith(b"{"):
                fields: dict[str, Any] = json.loads(line)
                if fields["event"] == name:
                    return fields
    raise AssertionError(f"pyVoIP ended before it told {name}")
