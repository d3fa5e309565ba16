"""Calls from phone to phone on loopback: set-up, end, keys, hold, what goes wrong."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable

import pytest

from softswitch.testing import audio
from softswitch.testing.patience import PATIENCE
from softswitch.testing.phone import (
    CallEndedEarly,
    IncomingCall,
    NotReached,
    OutgoingCall,
    Phone,
    RequestRefused,
    State,
    WaitTimeout,
)

Pair = tuple[Phone, Phone]
Talk = tuple[OutgoingCall, IncomingCall]


@pytest.fixture(params=["udp", "tcp", "tls"])
async def pair(request: pytest.FixtureRequest) -> AsyncIterator[Pair]:
    transport: str = request.param
    async with (
        Phone.open("alice", transport=transport, tone=450, t1=0.1) as alice,
        Phone.open("bob", transport=transport, tone=650, t1=0.1) as bob,
    ):
        yield alice, bob


async def connect(alice: Phone, bob: Phone) -> Talk:
    call = await alice.dial(bob.uri)
    incoming = await bob.incoming()
    await incoming.answer()
    await call.answered()
    await incoming.confirmed()
    return call, incoming


async def test_a_call_from_ring_to_release(pair: Pair) -> None:
    alice, bob = pair
    call = await alice.dial(bob.uri, headers={"X-Class": "120"}, display="Zhang Wei")
    incoming = await bob.incoming()
    assert (incoming.caller_number, incoming.caller_name) == ("alice", "Zhang Wei")
    assert incoming.headers["x-class"] == "120"
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
    assert (end.by_remote, end.cause, end.reason) == (True, 8, "Preemption")
    times = call.times
    assert times.invited
    assert times.ringing
    assert times.answered
    assert times.invited < times.ringing < times.answered < end.at
    assert call.ear.first_packet is not None
    assert call.ear.bad_packets == 0


async def test_media_is_secured_on_tls_only(pair: Pair) -> None:
    call, incoming = await connect(*pair)
    assert (call.local.key is not None) == (pair[0].transport == "tls")
    await call.hears(650, frames=20)
    assert call.ear.lost == incoming.ear.lost == 0


async def test_keys_arrive_once_and_in_order(pair: Pair) -> None:
    call, incoming = await connect(*pair)
    await call.send_digits("1120#")
    await incoming.receives("1120#")
    await incoming.send_digits("*D", info=True)
    await call.receives("*D")
    assert incoming.ear.lost == 0


async def test_a_key_may_end_the_call_while_it_is_held_down() -> None:
    async with Phone.open("alice") as alice, Phone.open("bob") as bob:
        call, incoming = await connect(alice, bob)
        pressing = asyncio.create_task(call.send_digits("1", frames=500))
        await incoming.receives("1")
        await incoming.hangup()
        await pressing


async def test_hold_and_resume(pair: Pair) -> None:
    call, incoming = await connect(*pair)
    await call.hears(650)
    await call.hold()
    await incoming.held()
    await incoming.hears_silence()
    await call.stops_hearing(650)
    await call.resume()
    await incoming.resumed()
    await incoming.hears(450)
    await call.hears(650)
    await incoming.hold("inactive")
    await call.held()
    sent = call.media.sent_frames
    await call.hears_silence()
    assert call.media.sent_frames == sent


async def test_both_hold_at_once(pair: Pair) -> None:
    """Two re-INVITEs that cross get 491, and each side tries again."""
    call, incoming = await connect(*pair)
    await asyncio.gather(call.hold(), incoming.hold())
    await call.held()
    await incoming.held()


async def test_refusals_tell_status_and_cause(pair: Pair) -> None:
    alice, bob = pair
    call = await alice.dial(bob.uri)
    incoming = await bob.incoming()
    await incoming.reject(486, headers={"Reason": "Q.850;cause=17"})
    end = await call.ended()
    assert (end.by_remote, end.status, end.cause) == (True, 486, 17)
    with pytest.raises(CallEndedEarly, match="486 Busy Here"):
        await call.answered()


async def test_a_caller_who_gives_up(pair: Pair) -> None:
    alice, bob = pair
    call = await alice.dial(bob.uri)
    incoming = await bob.incoming()
    await call.ringing()
    assert (await call.hangup("SIP;cause=200")).status == 487
    end = await incoming.ended()
    assert end.by_remote
    assert end.status == 487
    assert incoming.end is not None
    assert incoming.end.reasons[0].cause == 200


async def test_giving_up_before_any_response(pair: Pair) -> None:
    """CANCEL waits for the first provisional response."""
    alice, bob = pair
    call = await alice.dial(bob.uri)
    await call.hangup()
    incoming = await bob.incoming()
    assert (await incoming.ended()).by_remote
    assert not alice.calls
    assert not bob.calls


async def test_early_media(pair: Pair) -> None:
    alice, bob = pair
    call = await alice.dial(bob.uri)
    incoming = await bob.incoming()
    await incoming.ring(early=True)
    await call.early()
    await call.hears(650)
    assert call.state is State.EARLY
    await incoming.answer()
    await call.answered()
    await incoming.hears(450)


@pytest.mark.parametrize(
    "headers",
    [
        {"Call-Info": "<sip:127.0.0.1>;answer-after=0"},
        {"Alert-Info": "<http://127.0.0.1>;info=alert-autoanswer"},
        {"Alert-Info": "Ring Answer"},
    ],
)
async def test_auto_answer_by_header(headers: dict[str, str]) -> None:
    async with Phone.open("alice") as alice, Phone.open("bob") as bob:
        call = await alice.dial(bob.uri, headers=headers)
        await call.answered()
        assert (await bob.incoming()).state is State.ANSWERED


async def test_busy_and_unknown_extension() -> None:
    async with Phone.open("alice") as alice, Phone.open("bob", max_calls=0) as bob:
        assert (await (await alice.dial(bob.uri)).ended()).status == 486
        call = await alice.dial(bob.uri, headers={"Require": "resource-priority"})
        end = await call.ended()
        assert end.status == 420
        assert end.headers is not None
        assert end.headers["Unsupported"] == "resource-priority"


async def test_a_clip_is_heard_whole(pair: Pair) -> None:
    call, incoming = await connect(*pair)
    call.sound(None)
    await incoming.hears_silence()
    position = incoming.ear.total
    await call.play(audio.tone(850, seconds=0.4))
    await incoming.hears_silence(frames=5)
    heard = [frame for frame in incoming.ear.after(position) if frame.has(850)]
    assert len(heard) == 20
    await call.play_digits("5")
    assert any(audio.goertzel(f.samples, 770) > 0.05 for f in incoming.ear.after(position))


async def test_message_and_options(pair: Pair) -> None:
    alice, bob = pair
    assert (await alice.message(bob.uri, "集合")).status == 200
    assert await bob.gets_message() == "集合"
    call, _ = await connect(alice, bob)
    assert (await call.send("OPTIONS")).status == 200
    with pytest.raises(RequestRefused, match="501"):
        await call.send("PUBLISH")


async def test_lost_messages_are_sent_again() -> None:
    """Every other datagram is lost on both sides: the timers bring the call up and down."""
    async with (
        Phone.open("alice", tone=450, t1=0.02) as alice,
        Phone.open("bob", tone=650, t1=0.02) as bob,
    ):
        for phone in (alice, bob):
            phone.lose_incoming = _every_other()
        call, incoming = await connect(alice, bob)
        await call.hears(650)
        await call.hangup()
        assert (await incoming.ended()).by_remote
        assert len(bob.arrived) == 0


def _every_other() -> Callable[[bytes], bool]:
    state = [False]

    def lose(data: bytes) -> bool:
        state[0] = not state[0]
        return state[0]

    return lose


async def test_an_answer_without_ack_ends_the_call() -> None:
    async with Phone.open("alice", t1=0.01) as alice, Phone.open("bob", t1=0.01) as bob:
        bob.lose_incoming = lambda data: data.startswith(b"ACK ")
        call = await alice.dial(bob.uri)
        incoming = await bob.incoming()
        await incoming.answer()
        end = await incoming.ended()
        assert "no ACK" in end.text
        assert call.times.answered is not None


async def test_who_answers_and_hangs_up_at_once_waits_for_the_ack() -> None:
    async with Phone.open("alice") as alice, Phone.open("bob") as bob:
        lost: list[bytes] = []

        def lose_the_first(data: bytes) -> bool:
            if data.startswith(b"ACK ") and not lost:
                lost.append(data)
                return True
            return False

        bob.lose_incoming = lose_the_first
        call = await alice.dial(bob.uri)
        incoming = await bob.incoming()
        await incoming.answer()
        await incoming.hangup()
        await call.ended()
        assert lost
        assert incoming.times.confirmed is not None


async def test_nobody_there() -> None:
    async with Phone.open("alice", t1=0.01) as alice, Phone.open("bob", transport="tcp") as bob:
        call = await alice.dial(bob.uri.split(";")[0])
        assert (await call.ended()).status == 408
    async with Phone.open("carol", transport="tcp") as carol:
        with pytest.raises(NotReached, match="no TCP connection"):
            await carol.dial("sip:x@127.0.0.1:9;transport=tcp")


async def test_garbage_does_not_disturb_a_call() -> None:
    async with Phone.open("alice", tone=450) as alice, Phone.open("bob", tone=650) as bob:
        call, incoming = await connect(alice, bob)
        for junk in (b"\xff" * 500, b"INVITE", b"BYE sip:x SIP/2.0\r\n\r\n", b"SIP/2.0 999 x\r\n"):
            alice.send_raw(junk, bob.address)
            call.media.send_raw(junk)
        await bob.watch.until(lambda: len(bob.bad_messages) == 4 or None, 5, lambda: "four")
        await incoming.hears(450)
        assert incoming.ear.bad_packets + incoming.ear.other_packets == 4


async def test_lost_frames_are_counted() -> None:
    async with Phone.open("alice", tone=450) as alice, Phone.open("bob") as bob:
        call, incoming = await connect(alice, bob)
        await incoming.hears(450)
        position = incoming.ear.total
        left = iter(range(5))
        call.media.lose_outgoing = lambda packet: next(left, None) is not None
        await incoming.ear.watch.until(
            lambda: incoming.ear.lost or None, PATIENCE, lambda: "frames are missed"
        )
        assert incoming.ear.lost == 5
        numbers = [frame.sequence for frame in incoming.ear.after(position - 1)]
        steps = [(b - a) & 0xFFFF for a, b in itertools.pairwise(numbers)]
        assert [step for step in steps if step != 1] == [6]


async def test_forced_source_address() -> None:
    async with (
        Phone.open("alice", local=("127.0.0.9", 0), tone=450) as alice,
        Phone.open("bob") as bob,
    ):
        call, incoming = await connect(alice, bob)
        assert incoming.remote[0] == "127.0.0.9"
        assert incoming.media.agreed is not None
        assert incoming.media.agreed.address == "127.0.0.9"
        await incoming.hears(450)
        assert call.end is None


async def test_messages_say_what_was_seen_instead() -> None:
    async with Phone.open("alice", tone=450) as alice, Phone.open("bob", tone=650) as bob:
        call, incoming = await connect(alice, bob)
        await incoming.hears(450, frames=25)
        with pytest.raises(WaitTimeout, match=r"bob ← alice: should hear 850 Hz.*450 Hz in"):
            await incoming.hears(850, timeout=0.1)
        with pytest.raises(AssertionError, match=r"should not hear 450 Hz.*heard in 2 of 2"):
            await incoming.hears_not(450)
        with pytest.raises(WaitTimeout, match="alice should be called"):
            await alice.incoming(timeout=0.01)
        with pytest.raises(WaitTimeout, match=r"should end; it is answered, seen: .*180 Ringing"):
            await call.ended(timeout=0.01)
