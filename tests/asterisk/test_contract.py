"""One suite for the fake switch and for Asterisk: what the core may rely on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from softswitch.asterisk.node import AsteriskNode
from softswitch.ports import (
    ActFailed,
    Channel,
    ChannelHeld,
    ChannelSeen,
    ChannelState,
    Connected,
    ControlDown,
    Disconnected,
    Entered,
    KeyPressed,
    Left,
    Leg,
    LegEnded,
    LegRinging,
    RecordingBegan,
    TransferAsked,
)
from tests.asterisk.rig import CITIZEN, Rig, control_is_back, fake_rig, gone, real_rig


@pytest.fixture(params=["fake", pytest.param("asterisk", marks=pytest.mark.asterisk)])
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    if request.param == "fake":
        async with fake_rig() as fake:
            yield fake
    else:
        node: AsteriskNode = request.getfixturevalue("node")
        async with real_rig(node) as real:
            yield real


async def ring(rig: Rig, channel_id: str, phone: str = "p1001", **more: object) -> None:
    await rig.calls.place(Leg(channel_id, phone, ("leg", channel_id), CITIZEN, **more))  # type: ignore[arg-type]
    await rig.control_facts.wait_for(LegRinging, lambda f: f.channel_id == channel_id)


async def entered(rig: Rig, channel_id: str) -> Entered:
    return await rig.control_facts.wait_for(Entered, lambda f: f.channel.id == channel_id)


async def talk(rig: Rig, name: str) -> tuple[str, str]:
    """A citizen and the desk 1001 in the bridge ``name``."""
    caller = await rig.citizen_calls("120")
    desk = f"{name}-desk"
    await ring(rig, desk, originator=caller)
    await rig.lift(desk)
    await entered(rig, desk)
    await rig.calls.answer(caller)
    await rig.calls.open_bridge(name)
    await rig.calls.join(name, caller, desk)
    await in_bridge(rig, name, caller, desk)
    return caller, desk


async def in_bridge(rig: Rig, bridge_id: str, *channel_ids: str) -> None:
    missing = set(channel_ids)

    def is_there(fact: ChannelSeen) -> bool:
        if fact.channel.bridge_id == bridge_id:
            missing.discard(fact.channel.id)
        return not missing

    await rig.switch_facts.wait_for(ChannelSeen, is_there)


async def test_a_citizen_enters_with_number_and_words(rig: Rig) -> None:
    caller = await rig.citizen_calls("110")
    fact = await entered(rig, caller)
    assert fact.args == ("emergency", "110")
    assert fact.channel.caller_number == CITIZEN
    assert fact.channel.linked_id == caller
    assert fact.channel.context == "emergency"
    await rig.switch_facts.wait_for(RecordingBegan, lambda f: f.channel_id == caller)


async def test_a_leg_rings_answers_and_comes_with_its_words(rig: Rig) -> None:
    await ring(rig, "words-1")
    await rig.lift("words-1")
    fact = await entered(rig, "words-1")
    assert fact.args == ("leg", "words-1")
    assert fact.channel.state is ChannelState.UP
    assert fact.channel.endpoint == "p1001"


async def test_a_leg_that_is_declined_ends_with_busy(rig: Rig) -> None:
    await ring(rig, "busy-1")
    await rig.reject("busy-1")
    fact = await rig.control_facts.wait_for(LegEnded, lambda f: f.channel_id == "busy-1")
    assert fact.cause == 17


async def test_auto_answer(rig: Rig) -> None:
    await rig.calls.place(Leg("auto-1", "p1001", ("leg",), CITIZEN, auto_answer=True))
    await entered(rig, "auto-1")


async def test_the_same_leg_twice_rings_once(rig: Rig) -> None:
    leg = Leg("twice-1", "p1001", ("leg",), CITIZEN)
    await rig.calls.place(leg)
    await rig.control_facts.wait_for(LegRinging, lambda f: f.channel_id == "twice-1")
    await rig.calls.place(leg)
    await rig.calls.hangup("twice-1")
    await gone(rig, "twice-1")
    assert rig.rung("p1001") == 1


async def test_an_unknown_phone_is_refused(rig: Rig) -> None:
    with pytest.raises(ActFailed):
        await rig.calls.place(Leg("nobody-1", "nobody", ("leg",)))


async def test_two_legs_in_a_bridge_share_the_calls_id(rig: Rig) -> None:
    caller, desk = await talk(rig, "call-a")
    snapshot = await rig.plain.snapshot()
    ours = {c.id: c for c in snapshot.channels if c.id in (caller, desk)}
    assert {c.linked_id for c in ours.values()} == {caller}
    assert {c.bridge_id for c in ours.values()} == {"call-a"}
    assert all(c.state is ChannelState.UP for c in ours.values())


async def test_leaving_and_closing_a_bridge_twice_is_harmless(rig: Rig) -> None:
    _, desk = await talk(rig, "call-b")
    await rig.calls.leave("call-b", desk)
    await rig.switch_facts.wait_for(
        ChannelSeen,
        lambda f: f.channel.id == desk and f.channel.bridge_id == "",
        after=_index(rig, desk, "call-b"),
    )
    await rig.calls.leave("call-b", desk)
    await rig.calls.join("call-b", desk)
    await rig.calls.join("call-b", desk)
    await rig.calls.open_bridge("call-b")
    await rig.calls.close_bridge("call-b")
    await rig.calls.close_bridge("call-b")


def _index(rig: Rig, channel_id: str, bridge_id: str) -> int:
    return next(
        index
        for index, fact in enumerate(rig.switch_facts.facts)
        if isinstance(fact, ChannelSeen)
        and fact.channel.id == channel_id
        and fact.channel.bridge_id == bridge_id
    )


async def test_hangup_carries_its_cause_and_may_be_repeated(rig: Rig) -> None:
    _, desk = await talk(rig, "call-c")
    await rig.calls.hangup(desk, 8)
    assert (await gone(rig, desk)).cause == 8
    fact = await rig.control_facts.wait_for(LegEnded, lambda f: f.channel_id == desk)
    assert fact.cause == 8
    await rig.calls.hangup(desk, 8)


async def test_acts_on_a_channel_that_is_gone_say_so(rig: Rig) -> None:
    for act in (
        rig.calls.answer("never"),
        rig.calls.ring("never"),
        rig.calls.music("never", True),
        rig.calls.play("never", "playback-x", "tone:ring"),
        rig.calls.release("never", "from-phones", "1001"),
    ):
        with pytest.raises(ActFailed) as refused:
            await act
        assert refused.value.status == 404
    with pytest.raises(ActFailed):
        await rig.calls.join("no-bridge", "never")
    await rig.calls.hangup("never")
    await rig.calls.leave("no-bridge", "never")
    await rig.calls.close_bridge("no-bridge")


async def test_keys_of_the_other_side_arrive(rig: Rig) -> None:
    caller, _ = await talk(rig, "call-d")
    await rig.press(caller, "1#")
    await rig.control_facts.wait_for(KeyPressed, lambda f: f == KeyPressed(caller, "1"))
    await rig.control_facts.wait_for(KeyPressed, lambda f: f == KeyPressed(caller, "#"))


async def test_hold_is_told(rig: Rig) -> None:
    _, desk = await talk(rig, "call-e")
    await rig.hold(desk)
    await rig.switch_facts.wait_for(ChannelHeld, lambda f: f == ChannelHeld(desk, True))


async def test_music_ring_play_and_keys_towards_a_leg(rig: Rig) -> None:
    caller = await rig.citizen_calls("119")
    await rig.calls.ring(caller)
    await rig.calls.ring(caller, False)
    await rig.calls.answer(caller)
    await rig.calls.music(caller, True)
    await rig.calls.music(caller, False)
    await rig.calls.play(caller, f"play-{caller}", "tone:ring")
    await rig.calls.send_keys(caller, "12#")
    await rig.calls.open_bridge("call-f")
    await rig.calls.join("call-f", caller)
    await rig.calls.bridge_music("call-f", True)
    await rig.calls.bridge_music("call-f", False)
    await rig.calls.close_bridge("call-f")


async def test_a_caller_who_gives_up_is_told(rig: Rig) -> None:
    caller = await rig.citizen_calls("122")
    await rig.hang_up(caller)
    await rig.control_facts.wait_for(LegEnded, lambda f: f.channel_id == caller)
    await gone(rig, caller)


async def test_a_plain_call_is_absorbed_with_both_legs(rig: Rig) -> None:
    first, second = await rig.plain_call("p1003", "p1004")
    names = [rig.channel_name(first), rig.channel_name(second)]
    await rig.plain.redirect(names, "softswitch-absorb", "call-g")
    for channel in (first, second):
        fact = await entered(rig, channel)
        assert fact.args == ("absorb", "call-g")
    await rig.calls.open_bridge("call-g")
    await rig.calls.join("call-g", first, second)
    await in_bridge(rig, "call-g", first, second)


async def test_a_plain_call_is_cleared_with_a_cause(rig: Rig) -> None:
    first, _ = await rig.plain_call("p1003", "p1004")
    await rig.plain.hangup(rig.channel_name(first), 8)
    assert (await gone(rig, first)).cause == 8
    await rig.plain.hangup(rig.channel_name(first), 8)


async def test_a_plain_call_is_cleared_with_the_cause_for_both(rig: Rig) -> None:
    first, second = await rig.plain_call("p1003", "p1004")
    names = rig.channel_name(first), rig.channel_name(second)
    await rig.plain.clear_dialled(*names, 8)
    assert (await gone(rig, first)).cause == 8
    assert (await gone(rig, second)).cause == 8
    await rig.plain.clear_dialled(*names, 8)


async def test_a_plain_call_can_be_recorded_once(rig: Rig) -> None:
    first, _ = await rig.plain_call("p1003", "p1004")
    name = rig.channel_name(first)
    await asyncio.gather(rig.plain.record(name, first), rig.plain.record(name, first))
    await rig.switch_facts.wait_for(RecordingBegan, lambda f: f.channel_id == first)
    await rig.plain.record(name, first)
    began = [f for f in rig.switch_facts.facts if isinstance(f, RecordingBegan)]
    assert [f.channel_id for f in began].count(first) == 1


async def test_a_leg_can_be_released_into_the_dialplan(rig: Rig) -> None:
    caller = await rig.citizen_calls("120")
    await rig.calls.release(caller, "emergency", "110")
    await rig.control_facts.wait_for(Left, lambda f: f.channel_id == caller)


async def test_a_transfer_by_the_phone_is_asked_of_us(rig: Rig) -> None:
    _, desk = await talk(rig, "call-h")
    await rig.refer(desk, "1003")
    fact = await rig.control_facts.wait_for(TransferAsked)
    assert fact == TransferAsked(desk, "1003")


async def test_the_snapshot_equals_what_the_events_told(rig: Rig) -> None:
    await talk(rig, "call-i")
    await rig.plain_call("p1003", "p1004")
    caller = await rig.citizen_calls("119")
    await rig.switch_facts.wait_for(RecordingBegan, lambda f: f.channel_id == caller)
    snapshot = await rig.plain.snapshot()
    listed = {c.id: _comparable(c) for c in snapshot.channels}
    assert len(listed) == 5
    await rig.switch_facts.until(lambda: _told(rig) == listed)


def _comparable(channel: Channel) -> tuple[object, ...]:
    return (
        channel.name,
        channel.linked_id,
        channel.state,
        channel.endpoint,
        channel.caller_number,
        channel.connected_number,
        channel.bridge_id,
    )


def _told(rig: Rig) -> dict[str, tuple[object, ...]]:
    return {
        f.channel.id: _comparable(f.channel)
        for f in rig.switch_facts.facts
        if isinstance(f, ChannelSeen)
    }


async def test_after_a_cut_the_stream_begins_with_what_is_up(rig: Rig) -> None:
    caller, desk = await talk(rig, "call-j")
    after = len(rig.switch_facts.facts)
    await rig.break_switch()
    await rig.switch_facts.wait_for(Disconnected, after=after)
    again = await rig.switch_facts.wait_for(Connected, after=after)
    assert {c.id for c in again.channels} == {caller, desk}
    assert {c.bridge_id for c in again.channels} == {"call-j"}


async def test_after_a_cut_control_begins_with_what_is_under_dispatch(rig: Rig) -> None:
    caller, desk = await talk(rig, "call-k")
    after = len(rig.control_facts.facts)
    await rig.break_control()
    await rig.control_facts.wait_for(ControlDown, after=after)
    again = await control_is_back(rig, after)
    assert {c.id: args for c, args in again.channels} == {
        caller: ("emergency", "120"),
        desk: ("leg", desk),
    }
    assert {c.linked_id for c, _ in again.channels} == {caller}
    assert set(again.bridges["call-k"]) == {caller, desk}
    # It is controllable, and its events arrive again.
    await rig.calls.hangup(desk)
    await rig.control_facts.wait_for(LegEnded, lambda f: f.channel_id == desk, after=after)


@pytest.mark.parametrize("turns", [0, 1, 2, 3, 5])
async def test_a_cut_in_the_middle_of_a_command_rings_nobody_twice(rig: Rig, turns: int) -> None:
    after = len(rig.control_facts.facts)
    placing = asyncio.create_task(_placed(rig, f"cut-{turns}"))
    for _ in range(turns):
        await asyncio.sleep(0)
    await rig.break_control()
    done = await placing
    await control_is_back(rig, after)
    snapshot = await rig.plain.snapshot()
    assert any(c.id == f"cut-{turns}" for c in snapshot.channels) == done
    assert rig.rung("p1001") <= 1


async def _placed(rig: Rig, channel_id: str) -> bool:
    try:
        await rig.calls.place(Leg(channel_id, "p1001", ("leg",), CITIZEN))
    except ActFailed:
        return False
    return True


async def test_a_cut_in_the_middle_of_a_harmless_command_ends_done(rig: Rig) -> None:
    caller, desk = await talk(rig, "call-l")
    after = len(rig.control_facts.facts)
    acting = asyncio.gather(
        rig.calls.leave("call-l", desk), rig.calls.open_bridge("call-m"), return_exceptions=True
    )
    await rig.break_control()
    assert list(await acting) == [None, None]
    up = await control_is_back(rig, after)
    assert caller in {c.id for c, _ in up.channels}
    await rig.calls.join("call-m", desk)
    await in_bridge(rig, "call-m", desk)
