"""The phone against a real Asterisk 22: another stack than our own on the other end."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from softswitch.testing.phone import Phone, RegistrationFailed
from softswitch.testing.phone.wire import StreamWire
from tests.phone.asterisk import PASSWORD, Ports, users

pytestmark = pytest.mark.asterisk
TRANSPORTS = ["udp", "tcp", "tls"]
Pair = tuple[Phone, Phone]


@pytest.fixture(params=TRANSPORTS)
async def pair(ports: Ports, request: pytest.FixtureRequest) -> AsyncIterator[Pair]:
    transport: str = request.param
    server = ports.server(transport)
    one, two, *_ = users(transport)
    async with (
        Phone.register(server, one, PASSWORD, transport=transport, tone=450) as alice,
        Phone.register(server, two, PASSWORD, transport=transport, tone=650) as bob,
    ):
        yield alice, bob


async def test_call_keys_hold_and_cause(pair: Pair) -> None:
    alice, bob = pair
    call = await alice.dial(bob.user)
    incoming = await bob.incoming()
    assert incoming.caller_number == alice.user
    assert incoming.caller_name == f"Phone {alice.user}"
    await call.ringing()
    await incoming.answer()
    await call.answered()
    await call.hears(650)
    await incoming.hears(450)
    await incoming.hears_not(650)
    await call.send_digits("12#")
    await incoming.receives("12#")
    await call.hold()
    await incoming.stops_hearing(450)
    await call.resume()
    await incoming.hears(450)
    await call.hears(650)
    await incoming.hangup()
    end = await call.ended()
    assert (end.by_remote, end.cause) == (True, 16)
    assert call.ear.bad_packets == incoming.ear.bad_packets == 0


async def test_attended_transfer(pair: Pair, ports: Ports) -> None:
    alice, bob = pair
    async with Phone.register(
        ports.server("udp"), "1003", PASSWORD, tone=850, auto_answer=True
    ) as carol:
        call = await alice.dial(bob.user)
        at_bob = await bob.incoming()
        await at_bob.answer()
        await call.answered()
        await at_bob.hold()
        second = await bob.dial("1003")
        await second.hears(850)
        await at_bob.transfer_to(second)
        assert await at_bob.transferred() == 200
        await call.hears(850)
        at_carol = await carol.incoming()
        await at_carol.hears(450)
        await at_bob.hangup()
        await second.ended()
        await call.hears(850)


async def test_blind_transfer(pair: Pair, ports: Ports) -> None:
    alice, bob = pair
    async with Phone.register(ports.server("udp"), "1003", PASSWORD, tone=850) as carol:
        call = await alice.dial(bob.user)
        at_bob = await bob.incoming()
        await at_bob.answer()
        await at_bob.hears(450)  # before its bridge stands, Asterisk transfers nothing
        await at_bob.transfer("1003")
        at_carol = await carol.incoming()
        await at_carol.answer()
        assert await at_bob.transferred() == 200
        await call.hears(850)
        await at_carol.hears(450)


async def test_a_conference_is_heard_by_all(ports: Ports) -> None:
    tones = {"1001": 450, "1002": 650, "1003": 850}
    async with AsyncExitStack() as stack:
        calls = {}
        for user, tone in tones.items():
            phone = await stack.enter_async_context(
                Phone.register(ports.server("udp"), user, PASSWORD, tone=tone)
            )
            calls[tone] = await phone.dial("room")
            await calls[tone].answered()
        for tone, call in calls.items():
            await call.hears(*(set(tones.values()) - {tone}))
            await call.hears_not(tone)


async def test_refusals(ports: Ports) -> None:
    server = ports.server("udp")
    async with Phone.register(server, "1001", PASSWORD) as alice:
        end = await (await alice.dial("busy")).ended()
        assert (end.status, end.cause) == (486, 17)
        assert (await (await alice.dial("999")).ended()).status == 404
        call = await alice.dial("cause")
        assert (await call.ended()).cause == 8
    with pytest.raises(RegistrationFailed, match="401"):
        async with Phone.register(server, "1001", "wrong"):
            raise AssertionError("must not be registered")


async def test_early_media_and_cancel(ports: Ports) -> None:
    async with Phone.register(ports.server("udp"), "1001", PASSWORD) as alice:
        call = await alice.dial("early")
        await call.early()
        await call.hears(850)
        assert (await call.hangup()).status == 487


async def test_md5_alone_and_a_lost_connection(ports: Ports) -> None:
    """1004 is challenged with MD5 only; a phone whose connection breaks registers anew."""
    async with Phone.register(ports.server("tcp"), "1004", PASSWORD, transport="tcp") as phone:
        registration, wire = phone.registration, phone.wire
        assert registration is not None
        assert isinstance(wire, StreamWire)
        (connection,) = wire.connections.values()
        assert connection.transport is not None
        connection.transport.abort()
        await phone.watch.until(lambda: registration.count == 2, 5, phone.seen)
        assert (await (await phone.dial("busy")).ended()).cause == 17


async def test_a_registration_is_refreshed_and_ended(ports: Ports) -> None:
    async with (
        Phone.register(ports.server("udp"), "1001", PASSWORD, tone=450) as alice,
        Phone.register(ports.server("udp"), "1002", PASSWORD, tone=650) as bob,
    ):
        registration = bob.registration
        assert registration is not None
        await registration.register()
        assert registration.count == 2
        await registration.unregister()
        end = await (await alice.dial("1002")).ended()
        assert end.status in {480, 503}
