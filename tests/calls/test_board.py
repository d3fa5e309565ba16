"""The board against facts: pure, no switch."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from softswitch.calls.board import Board, drift
from softswitch.calls.model import CallState, ExtensionState, LegState, extension_state
from softswitch.ports import (
    Channel,
    ChannelGone,
    ChannelHeld,
    ChannelSeen,
    ChannelState,
    Connected,
    DialBegan,
    PhoneReachable,
    SwitchFact,
)


def channel(
    channel_id: str,
    state: ChannelState = ChannelState.DIALING,
    *,
    linked: str = "",
    endpoint: str = "",
    bridge: str = "",
) -> Channel:
    return Channel(
        channel_id,
        f"PJSIP/{endpoint or 'x'}-{channel_id}",
        linked or channel_id,
        state,
        endpoint=endpoint,
        bridge_id=bridge,
    )


def play(board: Board, *facts: SwitchFact, at: int = 0) -> None:
    for step, fact in enumerate(facts):
        board.apply(fact, at + step)


def plain_call(board: Board) -> None:
    """1001 dials 1002 and they talk."""
    play(
        board,
        ChannelSeen(channel("a", endpoint="1001")),
        DialBegan("b", "a"),
        ChannelSeen(channel("b", ChannelState.RINGING, linked="a", endpoint="1002")),
        ChannelSeen(channel("b", ChannelState.UP, linked="a", endpoint="1002", bridge="x")),
        ChannelSeen(channel("a", ChannelState.UP, endpoint="1001", bridge="x")),
    )


def test_a_plain_call_rings_and_talks() -> None:
    board = Board()
    play(
        board,
        ChannelSeen(channel("a", endpoint="1001")),
        DialBegan("b", "a"),
        ChannelSeen(channel("b", ChannelState.RINGING, linked="a", endpoint="1002")),
    )
    assert board.calls["a"].state() is CallState.RINGING
    assert board.legs["a"].state is LegState.DIALING
    assert board.legs["b"].state is LegState.RINGING
    assert extension_state(board.legs_of(["1002"]), True) is ExtensionState.RINGING
    plain_call(board)
    assert board.calls["a"].state() is CallState.TALKING
    assert [leg.channel.id for leg in board.peers(board.legs["a"])] == ["b"]
    assert board.calls["a"].answered_at is not None


def test_a_leg_that_dials_out_through_a_down_state_is_ringing_side() -> None:
    board = Board()
    play(board, DialBegan("b", ""), ChannelSeen(channel("b", endpoint="1002")))
    assert not board.legs["b"].incoming


def test_hold_and_resume_show_on_leg_and_call() -> None:
    board = Board()
    plain_call(board)
    play(board, ChannelHeld("a", True), at=50)
    assert board.legs["a"].state is LegState.HELD
    assert board.legs["a"].since == 50
    assert board.calls["a"].state() is CallState.HELD
    play(board, ChannelHeld("a", False), at=60)
    assert board.calls["a"].state() is CallState.TALKING


def test_the_end_of_the_last_leg_ends_the_call() -> None:
    board = Board()
    plain_call(board)
    assert board.apply(ChannelGone("b", "a", 16), 90).ended_calls == []
    last = board.apply(ChannelGone("a", "a", 16), 91)
    assert [call.id for call in last.ended_calls] == ["a"]
    assert board.calls == {}
    assert board.by_phone == {}


def test_linked_ids_that_merge_merge_the_calls() -> None:
    board = Board()
    plain_call(board)
    play(board, ChannelSeen(channel("c", ChannelState.UP, endpoint="1003")))
    changes = board.apply(
        ChannelSeen(channel("c", ChannelState.UP, linked="a", endpoint="1003", bridge="x")), 70
    )
    assert changes.merged == [("c", "a")]
    assert set(board.calls["a"].legs) == {"a", "b", "c"}
    assert "c" not in board.calls


def test_a_snapshot_replaces_everything_and_leaves_no_drift() -> None:
    board = Board()
    plain_call(board)
    truth = Connected(
        1,
        (
            channel("a", ChannelState.UP, endpoint="1001", bridge="x"),
            channel("n", endpoint="1003"),
        ),
        (PhoneReachable("1001", True),),
    )
    changes = board.apply(truth, 100)
    assert drift(board, truth) == []
    assert [leg.channel.id for leg, _ in changes.ended_legs] == ["b"]
    assert board.is_registered(["1001"])


def test_drift_tells_what_differs() -> None:
    board = Board()
    plain_call(board)
    truth = Connected(1, (channel("a", ChannelState.RINGING, endpoint="1001"),), ())
    found = drift(board, truth)
    assert any("b is on the board only" in line for line in found)
    assert any("a state" in line for line in found)


def test_an_extension_without_phone_and_without_calls() -> None:
    assert extension_state([], False) is ExtensionState.UNREGISTERED
    assert extension_state([], True) is ExtensionState.IDLE


IDS = st.sampled_from(["a", "b", "c", "d", "e"])
FACTS = st.one_of(
    st.builds(
        lambda i, s, linked, bridge: ChannelSeen(
            channel(i, s, linked=linked, endpoint=f"10{i}", bridge=bridge)
        ),
        IDS,
        st.sampled_from(ChannelState),
        IDS,
        st.sampled_from(["", "x", "y"]),
    ),
    st.builds(lambda i: ChannelGone(i, i, 16), IDS),
    st.builds(ChannelHeld, IDS, st.booleans()),
    st.builds(lambda i: DialBegan(i, ""), IDS),
)


@given(st.lists(FACTS, max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_order_of_facts_keeps_the_books_consistent(facts: list[SwitchFact]) -> None:
    board = Board()
    play(board, *facts)
    assert {c for call in board.calls.values() for c in call.legs} == set(board.legs)
    assert all(call.legs for call in board.calls.values())
    assert {c for ids in board.by_phone.values() for c in ids} == set(board.legs)
    truth = Connected(0, tuple(leg.channel for leg in board.legs.values()), ())
    assert drift(board, truth) == []
    empty = Connected(0, (), ())
    board.apply(empty, 1)
    assert not board.calls
    assert not board.legs
    assert not board.by_phone
