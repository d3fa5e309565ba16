"""Phone to phone on loopback, over each transport."""

import pytest

from softswitch.testing.phone import Phone

TRANSPORTS = ["udp", "tcp", "tls"]


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_two_phones_talk(transport: str) -> None:
    async with (
        Phone.open("alice", transport=transport, tone=450) as alice,
        Phone.open("bob", transport=transport, tone=650) as bob,
    ):
        call = await alice.dial(bob.uri)
        incoming = await bob.incoming()
        assert incoming.caller_number == "alice"
        await call.ringing()
        await incoming.answer()
        await call.answered()
        await incoming.confirmed()
        await call.hears(650)
        await incoming.hears(450)
        await call.hears_not(450, 850)
        await incoming.hears_not(650, 850)
        await incoming.hangup('Q.850;cause=8;text="Preemption"')
        end = await call.ended()
        assert end.by_remote
        assert end.cause == 8
        assert end.reason == "Preemption"
