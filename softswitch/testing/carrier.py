"""A carrier for tests: a second real Asterisk at 127.0.0.2, whose numbers do what they say.

    async with running_carrier(tmp_path, {"first": ("127.0.0.1", port)}) as carrier:
        ...                                        # our trunks: host = "127.0.0.2", port = carrier.sip_port

A number that it is called with begins with the digit of what becomes of it:

    1 CCC ...   is cleared at once with the Q.850 cause CCC; 41, 44 and 47 as SIP 503 (RFC 3398, 7.2.4.1), which
                Asterisk does not do by itself
    2 ...       is answered; an echo
    3 ...       rings until the caller gives up; the caller's name is what Resource-Priority said
    4 ...       is not spoken to at all: 100 Trying and nothing else
    7 ...       rings; the caller's name is what P-Asserted-Identity said
    6 ...       sends the sound of ringing, and never says that it rings (SIP 183)
    5 CCC ...   rings, and is cleared with cause CCC after a moment

`call` has it call us from a number. Only numbers are identified, so one carrier has many.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from softswitch.asterisk.model import Directory, Phone
from softswitch.asterisk.node import AsteriskNode
from softswitch.asterisk.outside import Outside, OutsideRoute, OutsideTrunk, TrunkAccount
from softswitch.setup.asterisk import find_asterisk
from softswitch.setup.cache import cache_folder
from softswitch.testing.node import node_settings

HOST = "127.0.0.2"

_NUMBERS = """
[in-us]
exten => _1XXX.,1,GotoIf($["${EXTEN:1:3}" = "041" | "${EXTEN:1:3}" = "044" | "${EXTEN:1:3}" = "047"]?busy)
 same => n,Hangup($[0 + ${EXTEN:1:3}])
 same => n(busy),PJSIPHangup(503)
exten => _2!,1,Gosub(trunk-caller,s,1)
 same => n,Answer()
 same => n,Echo()
exten => _3!,1,Set(CALLERID(name)=${PJSIP_HEADER(read,Resource-Priority)})
 same => n,Ringing()
 same => n,Wait(60)
exten => _7!,1,Set(ONE=${PJSIP_HEADER(read,P-Asserted-Identity)})
 same => n,Set(CALLERID(name)=${FILTER(0-9a-z=,${ONE}${PJSIP_HEADER(read,P-Asserted-Identity,2)})})
 same => n,Ringing()
 same => n,Wait(60)
exten => _4!,1,Wait(60)
exten => _6!,1,Progress()
 same => n,Playtones(ring)
 same => n,Wait(60)
exten => _5XXX.,1,Ringing()
 same => n,Wait(0.2)
 same => n,Hangup($[0 + ${EXTEN:1:3}])

[from-trunks]
exten => _2!,1,Gosub(trunk-caller,s,1)
 same => n,Answer()
 same => n,Echo()

[calls-us]
exten => _X!,1,Set(CALLERID(num)=${CUT(EXTEN,-,1)})
 same => n,Dial(PJSIP/${CUT(EXTEN,-,2)}@us,60,b(telling^s^1))

[telling]
exten => s,1,ExecIf($[${LEN(${ASSERTED})} > 0]?Set(PJSIP_HEADER(add,P-Asserted-Identity)=${ASSERTED}))
 same => n,ExecIf($[${LEN(${PLACE})} > 0]?Set(PJSIP_HEADER(add,Geolocation)=${PLACE}))
 same => n,Return()

[calls-member]
exten => _X!,1,Set(CALLERID(num)=${CUT(EXTEN,-,1)})
 same => n,Dial(PJSIP/${CUT(EXTEN,-,2)}@${CUT(EXTEN,-,3)},60)
"""


@dataclass(slots=True)
class Carrier:
    """A running carrier."""

    node: AsteriskNode

    @property
    def sip_port(self) -> int:
        """Where it listens for SIP, at 127.0.0.2."""
        return self.node.settings.sip_port

    @property
    def sips_port(self) -> int:
        """The same over TLS."""
        return self.node.settings.sips_port

    async def call(self, caller: str, called: str) -> None:
        """Call a number of ours; who answers hears an echo of himself."""
        await self.node.command(
            f"channel originate Local/{caller}-{called}@calls-us application Echo"
        )

    async def tell(self, *, asserted: str = "", place: str = "") -> None:
        """Send these headers P-Asserted-Identity (beside its own) and Geolocation with the calls to come."""
        for name, value in (("ASSERTED", asserted), ("PLACE", place)):
            await self.node.command(f'dialplan set global {name} "{value}"')

    async def call_member(self, member: str, caller: str, called: str) -> None:
        """Call a number of ours through the registration of a member."""
        await self.node.command(
            f"channel originate Local/{caller}-{called}-{member}@calls-member application Echo"
        )

    async def channels(self) -> list[str]:
        """Return what is up at the carrier, a line for each channel."""
        text = await self.node.command("core show channels concise")
        return [line for line in text.splitlines() if line.startswith("PJSIP/")]

    async def hang_up_all(self) -> None:
        """End every call there."""
        await self.node.command("channel request hangup all")


@asynccontextmanager
async def running_carrier(
    data: Path, us: tuple[str, int], *, members: tuple[Phone, ...] = (), **more: Any
) -> AsyncIterator[Carrier]:
    """Run a carrier that knows us by our address; ``more`` changes our account there (``TrunkAccount``).

    ``members`` are accounts that may register with it.
    """
    settings = node_settings(data, bind=HOST)
    account = TrunkAccount("us", us[0], us[1], qualify_seconds=0, **more)
    trunk = OutsideTrunk("us", "PJSIP/{number}@us")
    outside = Outside(
        accounts=(account,), trunks=(trunk,), routes=(OutsideRoute("us", ("X.",), ("us",)),)
    )
    node = AsteriskNode(
        settings, find_asterisk(cache_folder()), Directory(outside=outside, gateways=members)
    )
    await node.start()
    try:
        plan = settings.etc / "extensions.conf"
        plan.write_text(plan.read_text() + _NUMBERS)
        await node.command("dialplan reload")
        await node.command("module load res_clioriginate.so")
        yield Carrier(node)
    finally:
        await node.stop()
