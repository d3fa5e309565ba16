"""What the contract suite needs of a switch: the same handles on the fake and on Asterisk with SIP phones."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Protocol

from softswitch.asterisk.node import AsteriskNode
from softswitch.ports import (
    CallActs,
    ChannelGone,
    ChannelSeen,
    Connected,
    ControlFact,
    ControlUp,
    Entered,
    PhoneReachable,
    PlainActs,
    SwitchFact,
)
from softswitch.testing.facts import FactLog
from softswitch.testing.node import LiveSwitch, live
from softswitch.testing.phone import Call, IncomingCall, Phone
from softswitch.testing.switch import FakeSwitch

PHONES = ("p1001", "p1003", "p1004")
CITIZEN = "13800138000"


class Rig(Protocol):
    """A switch with phones of `PHONES`, and the people at them."""

    calls: CallActs
    plain: PlainActs
    control_facts: FactLog[ControlFact]
    switch_facts: FactLog[SwitchFact]

    async def citizen_calls(self, digits: str) -> str:
        """A citizen dials; return the channel."""

    async def plain_call(self, caller: str, called: str) -> tuple[str, str]:
        """One phone calls another and they talk; return both channels."""

    async def lift(self, channel_id: str) -> None:
        """The person at a phone that rings answers."""

    async def reject(self, channel_id: str) -> None:
        """The person at a phone that rings declines as busy."""

    async def hang_up(self, channel_id: str) -> None: ...

    async def press(self, channel_id: str, digits: str) -> None: ...

    async def refer(self, channel_id: str, number: str) -> None: ...

    async def hold(self, channel_id: str) -> None: ...

    async def break_control(self) -> None:
        """Cut the control connection; it comes back by itself."""

    async def break_switch(self) -> None:
        """Cut the stream of facts; it comes back by itself."""

    def channel_name(self, channel_id: str) -> str: ...

    def rung(self, phone_id: str) -> int:
        """How often a phone was asked to ring."""


class _Common:
    switch_facts: FactLog[SwitchFact]

    def channel_name(self, channel_id: str) -> str:
        for fact in reversed(self.switch_facts.facts):
            if isinstance(fact, ChannelSeen) and fact.channel.id == channel_id:
                return fact.channel.name
        raise AssertionError(f"{channel_id} was never seen")


class FakeRig(_Common):
    def __init__(self, fake: FakeSwitch) -> None:
        self.fake = fake
        self.plain: PlainActs = fake
        self.calls: CallActs = fake.control
        self.switch_facts = FactLog(fake.facts())
        self.control_facts = FactLog(fake.control.facts())

    async def citizen_calls(self, digits: str) -> str:
        return self.fake.call_emergency(digits, CITIZEN)

    async def plain_call(self, caller: str, called: str) -> tuple[str, str]:
        first, second = self.fake.plain_call(caller, called)
        self.fake.answer(second)
        await self.switch_facts.wait_for(
            ChannelSeen, lambda f: f.channel.id == second and f.channel.bridge_id != ""
        )
        return first, second

    async def lift(self, channel_id: str) -> None:
        self.fake.answer(channel_id)

    async def reject(self, channel_id: str) -> None:
        self.fake.hang_up(channel_id, 17)

    async def hang_up(self, channel_id: str) -> None:
        self.fake.hang_up(channel_id)

    async def press(self, channel_id: str, digits: str) -> None:
        self.fake.press(channel_id, digits)

    async def refer(self, channel_id: str, number: str) -> None:
        self.fake.refer(channel_id, number)

    async def hold(self, channel_id: str) -> None:
        self.fake.hold(channel_id)

    async def break_control(self) -> None:
        self.fake.control.cut()
        self.fake.control.connect()

    async def break_switch(self) -> None:
        self.fake.cut()
        self.fake.connect()

    def rung(self, phone_id: str) -> int:
        return sum(1 for leg in self.fake.control.placed if leg.phone_id == phone_id)


class RealRig(_Common):
    """The person who acts at a channel is found by the SIP account in its name."""

    def __init__(self, switch: LiveSwitch, phones: dict[str, Phone], citizen: Phone) -> None:
        self.switch = switch
        self.plain: PlainActs = switch.plain
        self.calls: CallActs = switch.calls
        self.switch_facts = switch.switch_facts
        self.control_facts = switch.control_facts
        self.phones = phones
        self.citizen = citizen
        # Counted where the bytes arrive: a phone forgets calls that have ended.
        self._invited: dict[str, set[bytes]] = {}
        for name, phone in phones.items():
            seen = self._invited[name] = set()
            phone.lose_incoming = _count_calls(seen)

    async def citizen_calls(self, digits: str) -> str:
        after = len(self.control_facts.facts)
        await self.citizen.dial(digits)
        entered = await self.control_facts.wait_for(
            Entered, lambda f: f.args == ("emergency", digits), after=after
        )
        await self.switch_facts.wait_for(ChannelSeen, lambda f: f.channel.id == entered.channel.id)
        return entered.channel.id

    async def plain_call(self, caller: str, called: str) -> tuple[str, str]:
        after = len(self.switch_facts.facts)
        call = await self.phones[caller].dial(called[1:])
        incoming = await self.phones[called].incoming()
        await incoming.answer()
        await call.answered()

        async def bridged(endpoint: str) -> str:
            seen = await self.switch_facts.wait_for(
                ChannelSeen,
                lambda f: f.channel.endpoint == endpoint and f.channel.bridge_id != "",
                after=after,
            )
            return seen.channel.id

        return await bridged(caller), await bridged(called)

    def _call(self, channel_id: str) -> Call:
        endpoint = self.channel_name(channel_id)[6:].rpartition("-")[0]
        return (self.citizen if endpoint == "citizens" else self.phones[endpoint]).calls[-1]

    def _incoming(self, channel_id: str) -> IncomingCall:
        call = self._call(channel_id)
        assert isinstance(call, IncomingCall)
        return call

    async def lift(self, channel_id: str) -> None:
        await self._incoming(channel_id).answer()

    async def reject(self, channel_id: str) -> None:
        await self._incoming(channel_id).reject(486)

    async def hang_up(self, channel_id: str) -> None:
        await self._call(channel_id).hangup()

    async def press(self, channel_id: str, digits: str) -> None:
        await self._call(channel_id).send_digits(digits)

    async def refer(self, channel_id: str, number: str) -> None:
        await self._call(channel_id).transfer(number)

    async def hold(self, channel_id: str) -> None:
        await self._call(channel_id).hold()

    async def break_control(self) -> None:
        connection = self.switch.calls._connection
        assert connection is not None
        connection._socket.transport.abort()

    async def break_switch(self) -> None:
        connection = self.switch.plain._connection
        assert connection is not None
        connection._writer.transport.abort()

    def rung(self, phone_id: str) -> int:
        return len(self._invited[phone_id])


def _count_calls(seen: set[bytes]) -> Callable[[bytes], bool]:
    def look(data: bytes) -> bool:
        if data.startswith(b"INVITE ") and (found := re.search(rb"Call-ID: *(\S+)", data)):
            seen.add(found[1])
        return False  # nothing is lost

    return look


@asynccontextmanager
async def fake_rig() -> AsyncIterator[Rig]:
    fake = FakeSwitch()
    rig = FakeRig(fake)
    for phone in PHONES:
        fake.add_phone(phone)
    await rig.switch_facts.first()
    await rig.control_facts.first()
    yield rig
    await rig.switch_facts.close()
    await rig.control_facts.close()


@asynccontextmanager
async def real_rig(node: AsteriskNode) -> AsyncIterator[Rig]:
    async with AsyncExitStack() as stack:
        switch = await stack.enter_async_context(live(node))
        phones = {
            phone: await stack.enter_async_context(
                Phone.register(switch.sip, phone, f"secret{phone[1:]}", auto_answer=None)
            )
            for phone in PHONES
        }
        citizen = await stack.enter_async_context(
            Phone.open(CITIZEN, server=switch.sip, username="citizens", password="secretcitizens")
        )
        await switch.switch_facts.until(lambda: _reachable(switch) >= set(PHONES))
        yield RealRig(switch, phones, citizen)


def _reachable(switch: LiveSwitch) -> set[str]:
    facts = switch.switch_facts.facts
    told = [f for f in facts if isinstance(f, PhoneReachable)]
    known = [phone for f in facts if isinstance(f, Connected) for phone in f.phones]
    return {f.phone_id for f in (*known, *told) if f.reachable}


async def gone(rig: Rig, channel_id: str) -> ChannelGone:
    """Wait until a channel is gone."""
    return await rig.switch_facts.wait_for(ChannelGone, lambda f: f.channel_id == channel_id)


async def control_is_back(rig: Rig, after: int) -> ControlUp:
    """Wait until control is connected again."""
    return await rig.control_facts.wait_for(ControlUp, after=after)
