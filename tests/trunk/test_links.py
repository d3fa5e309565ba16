"""SIP trunks as carriers offer them: TLS with SRTP, and by registration."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from softswitch.app import System
from softswitch.asterisk.model import Phone, PhoneKind
from softswitch.numbers import PhoneId
from softswitch.testing.carrier import HOST, running_carrier
from softswitch.testing.system import LOCAL, running_system, sip_phone, until, until_told
from tests.trunk.certificates import DAY, authority
from tests.trunk.kit import Rig
from trunk.books import SILENT_TLS

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

MEMBER = "08132200000"
NOWHERE = "127.0.0.99"
"""The carrier shall not know us by our address."""

TLS = """
[[trunk]]
name = "secure"
kind = "sip"
host = "127.0.0.2"
port = {port}
transport = "tls"
srtp = true
options_seconds = 2
ca = '''
{ca}'''

[[route]]
name = "all"
patterns = ["0."]
to = ["secure"]
strip = 1
"""
REGISTERED = """
[[trunk]]
name = "member"
kind = "sip"
host = "127.0.0.2"
port = {port}
mode = "register"
username = "08132200000"
secret = "member-secret"
options_seconds = 2
inward = [{{ pattern = "0813220XXXX", strip = 7 }}]

[[route]]
name = "all"
patterns = ["0."]
to = ["member"]
strip = 1
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ours(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    async with running_system(tmp_path_factory.mktemp("links")) as system:
        yield system


async def test_over_tls_the_voice_is_encrypted_too(ours: System, tmp_path: Path) -> None:
    """The carrier's certificate is signed by an authority that only this trunk's description knows."""
    us = (LOCAL, ours.settings.sips_address().port)
    signer = authority("Carrier CA")
    signer.sign_into(tmp_path / "tls", HOST)
    async with running_carrier(tmp_path, us, transport="tls", srtp=True) as carrier:
        rig = Rig(ours, carrier)
        await rig.apply(TLS.format(port=carrier.sips_port, ca=signer.pem))
        async with sip_phone(ours, "2001", tone=450) as phone:
            call = await phone.dial("0200000")
            await call.answered()
            await call.hears(450)
            # With media_encryption=sdes neither end takes an offer without SRTP (RFC 4568).
            (shown,) = {line.split("!")[0] for line in await carrier.channels()}
            assert shown.startswith("PJSIP/us-")
            await call.hangup()
        await rig.quiet()


@pytest.mark.parametrize("wrong", ["name", "time", "signer"])
async def test_a_certificate_that_is_not_the_carriers_own_gets_no_call(
    ours: System, tmp_path: Path, wrong: str
) -> None:
    """For another address, out of date, or signed by somebody else: whoever holds it hears and reads nothing."""
    us = (LOCAL, ours.settings.sips_address().port)
    signer = authority("Carrier CA")
    signer.sign_into(
        tmp_path / "tls",
        "127.0.0.3" if wrong == "name" else HOST,
        until=-DAY if wrong == "time" else DAY,
    )
    known = authority("Carrier CA") if wrong == "signer" else signer
    async with running_carrier(tmp_path, us, transport="tls", srtp=True) as carrier:
        text = TLS.format(port=carrier.sips_port, ca=known.pem)
        await ours.trunks.service.apply("test", text)
        rig = Rig(ours, carrier)
        await until(
            lambda: rig.trunk("secure")["why"] == SILENT_TLS,
            what="the trunk is down",
        )
        async with sip_phone(ours, "2001") as phone:
            ended = await (await phone.dial("0200000")).ended()
            assert ended.cause is not None
        assert not await carrier.channels()
        assert not rig.calls("secure")
        await rig.quiet()


async def test_a_registered_trunk_calls_and_is_called(ours: System, tmp_path: Path) -> None:
    us = (NOWHERE, 5060)
    account = Phone(PhoneId(MEMBER), "member-secret", PhoneKind.GATEWAY)
    async with running_carrier(tmp_path, us, members=(account,)) as carrier:
        rig = Rig(ours, carrier)
        await rig.apply(REGISTERED.format(port=carrier.sip_port))
        await until_registered(rig)
        async with sip_phone(ours, "2001", tone=450) as phone:
            call = await phone.dial("0200000")
            await call.answered()
            await call.hears(450)
            await call.hangup()
            await rig.quiet()
            await carrier.call_member(MEMBER, "13900000009", "08132202001")
            incoming = await phone.incoming()
            assert incoming.caller_number == "13900000009"
            (came,) = await until(lambda: rig.calls("member"))
            assert not came.outgoing
            await incoming.answer()
            await incoming.hears(450)
            await incoming.hangup()
        await rig.quiet()


async def until_registered(rig: Rig) -> None:
    """Wait until the carrier knows where we are."""

    async def registered() -> bool:
        shown = await rig.carrier.node.command(f"pjsip show aor {MEMBER}")
        return "Contact:" in shown and f"sip:{MEMBER}" in shown

    await until_told(registered, what="the trunk is registered")
