"""Blind and attended transfer among three phones (RFC 3515, RFC 3891)."""

from collections.abc import AsyncIterator

import pytest

from softswitch.testing.phone import Phone, RequestRefused

Three = tuple[Phone, Phone, Phone]


@pytest.fixture(params=["udp", "tls"])
async def three(request: pytest.FixtureRequest) -> AsyncIterator[Three]:
    transport: str = request.param
    async with (
        Phone.open("alice", transport=transport, tone=450) as alice,
        Phone.open("bob", transport=transport, tone=650) as bob,
        Phone.open("carol", transport=transport, tone=850) as carol,
    ):
        yield alice, bob, carol


async def test_blind(three: Three) -> None:
    alice, bob, carol = three
    call = await alice.dial(bob.uri)
    at_bob = await bob.incoming()
    await at_bob.answer()
    await call.answered()
    carol.auto_answer = True
    await at_bob.transfer(carol.uri)
    assert await at_bob.transferred() == 200
    at_carol = await carol.incoming()
    assert "bob" in at_carol.headers["Referred-By"]
    await at_bob.hangup()
    assert call.transferred_to is not None
    await call.transferred_to.hears(850)
    await at_carol.hears(450)


async def test_blind_to_one_who_is_busy(three: Three) -> None:
    alice, bob, carol = three
    call = await alice.dial(bob.uri)
    at_bob = await bob.incoming()
    await at_bob.answer()
    await call.answered()
    carol.max_calls = 0
    await at_bob.transfer(carol.uri)
    assert await at_bob.transferred() == 486
    assert at_bob.transfer_progress.statuses == [100, 486]
    await call.hears(650)


async def test_attended(three: Three) -> None:
    alice, bob, carol = three
    call = await alice.dial(bob.uri)
    at_bob = await bob.incoming()
    await at_bob.answer()
    await call.answered()
    await at_bob.hold()
    second = await bob.dial(carol.uri)
    at_carol = await carol.incoming()
    await at_carol.answer()
    await second.answered()
    await at_bob.transfer_to(second)
    assert await at_bob.transferred() == 200
    assert (await second.ended()).by_remote
    assert at_carol.replaced_by is not None
    assert call.transferred_to is not None
    await at_carol.replaced_by.hears(450)
    await call.transferred_to.hears(850)
    await at_bob.hangup()
    await call.ended()


async def test_replacing_an_unknown_call_is_refused() -> None:
    async with Phone.open("alice") as alice, Phone.open("bob") as bob:
        headers = {"Replaces": "nobody@nowhere;to-tag=1;from-tag=2", "Require": "replaces"}
        call = await alice.dial(bob.uri, headers=headers)
        assert (await call.ended()).status == 481
        call = await alice.dial(bob.uri)
        await (await bob.incoming()).answer()
        await call.answered()
        with pytest.raises(RequestRefused, match="400"):
            await call.send("REFER", {"Refer-To": "nonsense"})
