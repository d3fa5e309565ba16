"""Breaker, ledger, admission and guard: pure, with time and failure as inputs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softswitch.errors import Refusal
from softswitch.ports import (
    Channel,
    ChannelGone,
    ChannelSeen,
    ChannelState,
    Connected,
    DialBegan,
    HangupAsked,
)
from tests.trunk.plans import GOOD, plan
from trunk.admission import admit, victim
from trunk.breaker import RULES, Breaker, Circuit
from trunk.config import read
from trunk.guard import HOUR, Usage, check_destination, check_limits, class_of
from trunk.hanging import FORSAKEN_MILLIS, SETUP_MILLIS, forsaken, stalled, unblocked
from trunk.ledger import Expected, Ledger, Source, TrunkCall
from trunk.model import Attempt, Limits
from trunk.ports import CircuitState, CircuitTold, DriverFact, LineTold

# ---- breaker


def test_failures_in_a_row_open_it_and_a_call_that_gets_through_closes_it() -> None:
    breaker = Breaker()
    for at in range(RULES.failures_in_row):
        assert breaker.allows(at)
        breaker.failed(at, "cause 41")
    assert breaker.state is Circuit.OPEN
    opened = breaker.since
    assert not breaker.allows(opened + RULES.pause - 1)
    assert breaker.allows(opened + RULES.pause)
    breaker.tries(opened + RULES.pause)
    assert breaker.state.value == Circuit.HALF_OPEN.value
    assert not breaker.allows(opened + RULES.pause + 1), "one call at a time may try"
    breaker.succeeded(opened + RULES.pause + 2)
    assert breaker.state.value == Circuit.CLOSED.value


def test_the_pause_doubles_up_to_its_limit() -> None:
    breaker, at = Breaker(), 0
    for _ in range(RULES.failures_in_row):
        breaker.failed(at, "x")
    pauses = []
    for _ in range(7):
        pauses.append(breaker.pause)
        at = breaker.since + breaker.pause
        breaker.tries(at)
        breaker.failed(at, "x")
    assert pauses[:4] == [RULES.pause * n for n in (1, 2, 4, 8)]
    assert pauses[-1] == RULES.longest_pause


def test_a_share_that_is_too_low_opens_it_without_a_row_of_failures() -> None:
    breaker = Breaker(replace(RULES, failures_in_row=100))
    results = [True, *[False] * 9]
    for at, through in enumerate(results):
        if through:
            breaker.succeeded(at)
        else:
            breaker.failed(at, "cause 38")
    assert breaker.share == 0.1
    assert breaker.state is Circuit.OPEN


def test_a_line_that_is_down_lets_nothing_out_until_it_is_up() -> None:
    breaker = Breaker()
    breaker.line(10, "red alarm")
    assert not any(breaker.allows(at) for at in (10, 10_000, 10_000_000))
    breaker.line(20, "")
    assert breaker.allows(20)
    assert breaker.state is Circuit.CLOSED


def test_a_trial_that_never_ends_is_forgotten() -> None:
    breaker = Breaker()
    for _ in range(3):
        breaker.failed(0, "x")
    breaker.tries(RULES.pause)
    assert not breaker.allows(RULES.pause + RULES.patience - 1)
    assert breaker.allows(RULES.pause + RULES.patience)


EVENTS = st.lists(st.sampled_from(["ok", "bad", "try", "down", "up", "wait"]), max_size=60)


@given(EVENTS)
def test_whatever_happens_it_comes_back(events: list[str]) -> None:
    breaker, at = Breaker(), 0
    for event in events:
        at += 60_000 if event == "wait" else 1
        if event == "ok":
            breaker.succeeded(at)
        elif event == "bad":
            breaker.failed(at, "x")
        elif event == "try":
            breaker.tries(at)
        elif event in ("down", "up"):
            breaker.line(at, "alarm" if event == "down" else "")
        assert breaker.pause <= RULES.longest_pause
    breaker.line(at, "")
    at += RULES.longest_pause + RULES.patience
    assert breaker.allows(at)
    breaker.tries(at)
    breaker.succeeded(at)
    assert breaker.state is Circuit.CLOSED


# ---- ledger


def channel(
    id_: str, trunk: str = "a", state: ChannelState = ChannelState.DOWN, **more: Any
) -> Channel:
    return Channel(id_, f"PJSIP/{trunk}-{id_}", more.pop("linked", id_), state, trunk, **more)


def ledger() -> Ledger:
    made = plan(("X.", "a", "b"))
    book = Ledger()
    book.follow({trunk.name: made.circuits(trunk) for trunk in made.trunks})
    return book


def test_a_call_from_seizure_to_release() -> None:
    book = ledger()
    book.expect("1", Expected("a", "13800000000", "1001", "r0", 3))
    assert book.free("a") == 1, "a circuit is claimed before the channel is seen"
    book.apply(ChannelSeen(channel("1")), 10)
    assert book.free("a") == 1
    book.apply(ChannelSeen(channel("1", state=ChannelState.RINGING)), 20)
    book.apply(ChannelSeen(channel("1", state=ChannelState.UP)), 30)
    book.apply(HangupAsked("1"), 40)
    (call,) = book.apply(ChannelGone("1", "1", 16), 1_030)
    assert (call.number, call.user, call.level, call.circuit) == ("13800000000", "1001", 3, "a/1")
    assert (call.rang_at, call.answered_at, call.talked) == (20, 30, 1_000)
    assert call.source is Source.FAR
    counters = book.counters["a"]
    assert (counters.attempts, counters.seizures, counters.answers) == (1, 1, 1)
    assert counters.causes == {16: 1}
    assert book.free("a") == 2


def test_who_ended_a_call() -> None:
    book = ledger()
    for key, cause, asked in (("1", 16, False), ("2", 8, False), ("3", 17, True)):
        book.apply(ChannelSeen(channel(key)), 0)
        if asked:
            book.apply(HangupAsked(key), 1)
        (call,) = book.apply(ChannelGone(key, key, cause), 2)
        expected = {"1": Source.NEAR, "2": Source.PREEMPTED, "3": Source.FAR}
        assert call.source is expected[key]


def test_calls_that_come_in_are_told_apart() -> None:
    book = ledger()
    incoming = channel("1", state=ChannelState.DIALING, dialed="110", caller_number="13900000001")
    book.apply(ChannelSeen(incoming), 0)
    call = book.calls["1"]
    assert (call.outgoing, call.number, call.caller) == (False, "110", "13900000001")
    assert book.counters["a"].incoming == 1


def test_a_dialled_call_learns_whose_it_is() -> None:
    book = ledger()
    book.expect("phone", Expected("a", "1", "2001", "r", 4), Expected("b", "21", "2001", "r", 4))
    book.apply(ChannelSeen(channel("out", "b", linked="phone")), 0)
    book.apply(DialBegan("out", "phone"), 1)
    assert (book.calls["out"].number, book.calls["out"].user) == ("21", "2001")
    assert book.free("a") == 2


def test_the_next_attempt_of_a_leg_may_be_expected_before_the_last_one_is_gone() -> None:
    book = ledger()
    book.expect("1", Expected("a", "1"))
    book.apply(ChannelSeen(channel("1")), 0)
    book.expect("1", Expected("b", "21"))
    book.apply(ChannelGone("1", "1", 34), 1)
    book.apply(ChannelSeen(channel("1", "b")), 2)
    assert book.calls["1"].number == "21"


def test_what_ended_while_nobody_looked_is_ended() -> None:
    book = ledger()
    book.apply(ChannelSeen(channel("1")), 0)
    book.apply(ChannelSeen(channel("2")), 0)
    ended = book.apply(Connected(0, (channel("2", state=ChannelState.UP),), ()), 5)
    assert [call.channel_id for call in ended] == ["1"]
    assert set(book.calls) == {"2"}


def test_a_set_up_that_nobody_answers_is_stalled() -> None:
    book = ledger()
    book.apply(ChannelSeen(channel("1")), 0)
    book.apply(ChannelSeen(channel("2")), 0)
    book.apply(ChannelSeen(channel("2", state=ChannelState.RINGING)), 1)
    assert not stalled(book.calls.values(), SETUP_MILLIS)
    assert [c.channel_id for c in stalled(book.calls.values(), SETUP_MILLIS + 1)] == ["1"]


FACTS = st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["seen", "up", "gone", "claim"])))


@given(FACTS)
def test_circuits_are_never_lost_or_found(facts: list[tuple[int, str]]) -> None:
    book, at = ledger(), 0
    for number, what in facts:
        at += 1
        if what == "claim":
            book.expect(str(number), Expected("a", "1"))
        elif what == "gone":
            book.apply(ChannelGone(str(number), str(number), 16), at)
        else:
            state = ChannelState.UP if what == "up" else ChannelState.DOWN
            book.apply(ChannelSeen(channel(str(number), state=state)), at)
        assert book.busy("a") == len({c.circuit for c in book.calls.values()} - {""})
    for number in range(6):
        book.apply(ChannelGone(str(number), str(number), 16), at)
        book.forget(str(number))
    assert (book.free("a"), book.free("b")) == (2, 2)


# ---- who gets a circuit


def attempts(*trunks: str) -> list[Attempt]:
    return [Attempt(name, "1", "", "r") for name in trunks]


def test_routine_calls_leave_the_reserve_free() -> None:
    made = plan(("X.", "a", "b"))
    trunks = {t.name: replace(t, reserved=1) for t in made.trunks}
    breakers = {name: Breaker() for name in trunks}
    book = ledger()
    book.apply(ChannelSeen(channel("1")), 0)
    routine = admit(attempts("a", "b"), trunks, book, breakers, 4, 0)
    assert [a.trunk for a in routine.attempts] == ["b"]
    assert routine.refused == {"a": "reserved"}
    urgent = admit(attempts("a", "b"), trunks, book, breakers, 3, 0)
    assert [a.trunk for a in urgent.attempts] == ["a", "b"]


def test_when_every_breaker_is_open_the_call_is_tried_all_the_same() -> None:
    made = plan(("X.", "a", "b"))
    trunks = {t.name: t for t in made.trunks}
    breakers = {name: Breaker() for name in trunks}
    for breaker in breakers.values():
        for _ in range(3):
            breaker.failed(0, "x")
    found = admit(attempts("a", "b"), trunks, ledger(), breakers, 4, 1)
    assert [a.trunk for a in found.attempts] == ["a", "b"]


CALLS = st.lists(
    st.builds(
        lambda key, level, at: TrunkCall(
            str(key), "n", "a", "c", True, str(key), "1", "2", at, level=level
        ),
        st.integers(),
        st.integers(0, 4),
        st.integers(0, 9),
    ),
    max_size=8,
)


@given(CALLS, st.integers(0, 4))
def test_only_a_lower_call_gives_way_and_the_lowest_does(
    calls: list[TrunkCall], level: int
) -> None:
    chosen = victim(calls, ["a"], level)
    lower = [call for call in calls if call.level > level]
    assert (chosen is None) == (not lower)
    if chosen is not None:
        assert chosen.level == max(call.level for call in lower)
    assert victim(calls, ["a"], 4) is None, "a routine call clears nobody"


# ---- the guard


def test_who_may_call_what() -> None:
    known = class_of(read(GOOD), "1001")
    assert known is not None
    check_destination("1001", known, "0101234567")
    for number in ("0049123", "95588"):
        with pytest.raises(Refusal) as refused:
            check_destination("1001", known, number)
        assert refused.value.code == "destination_forbidden"
    assert class_of(read(GOOD), "2001") is None
    check_destination("2001", None, "0049123")


def test_caps() -> None:
    usage = Usage()
    limits = Limits(calls=2, calls_per_hour=3, minutes_per_day=10)
    check_limits("x", limits, 1, usage, 0)
    with pytest.raises(Refusal):
        check_limits("x", limits, 2, usage, 0)
    for at in range(3):
        usage.start(at)
    with pytest.raises(Refusal):
        check_limits("x", limits, 0, usage, 10)
    check_limits("x", limits, 0, usage, HOUR + 10)
    usage.end(HOUR, 10 * 60_000)
    with pytest.raises(Refusal):
        check_limits("x", limits, 0, usage, HOUR + 10)
    check_limits("x", limits, 0, usage, HOUR * 26)


def test_unusual_traffic_is_many_times_the_usual() -> None:
    usage = Usage()
    for hour in range(24):
        for call in range(10):
            usage.start(hour * HOUR + call)
    at = 24 * HOUR
    for call in range(30):
        usage.start(at + call)
    assert not usage.is_unusual(at + 100)
    for call in range(30):
        usage.start(at + 200 + call)
    assert usage.is_unusual(at + 300)


def test_a_claim_on_the_next_trunk_outlives_late_word_of_the_first() -> None:
    book = ledger()
    book.expect("phone", Expected("a", "1", "2001", "r", 4), Expected("b", "21", "2001", "r", 4))
    book.claim("phone", "b")
    assert (book.free("a"), book.free("b")) == (2, 1)
    book.apply(ChannelSeen(channel("out", "a", linked="phone")), 0)
    book.apply(DialBegan("out", "phone"), 1)
    assert book.calls["out"].user == "2001"
    assert book.free("b") == 1
    book.apply(ChannelSeen(channel("out2", "b", linked="phone")), 2)
    book.apply(DialBegan("out2", "phone"), 3)
    assert book.free("b") == 1, "the circuit itself, and no claim"
    assert not book._claims


def test_a_caller_on_a_line_that_died_while_he_waited_is_gone() -> None:
    def call(key: str, **more: Any) -> TrunkCall:
        return TrunkCall(
            key, key, "a", "a/1", **{"outgoing": False, "call_id": key, "number": "110", "caller": "1",
            "started_at": 1_000, **more},
        )  # fmt: skip

    waits = call("waits")
    calls = [
        waits,
        call("answered", answered_at=2_000),
        call("ours", outgoing=True),
        call("came-later", started_at=6_000),
    ]
    breakers = {"a": Breaker()}
    assert not forsaken(calls, breakers, 10**9), "the line is well"
    breakers["a"].line(5_000, "the far end does not answer OPTIONS")
    assert not forsaken(calls, breakers, 5_000 + FORSAKEN_MILLIS - 1)
    assert forsaken(calls, breakers, 5_000 + FORSAKEN_MILLIS) == [waits]
    breakers["a"].line(200_000, "")
    assert not forsaken(calls, breakers, 10**9)


def test_what_we_have_blocked_and_its_node_has_not_is_found_unless_the_line_is_down() -> None:
    told: list[DriverFact] = [
        CircuitTold("a/1:1", CircuitState.IDLE),
        CircuitTold("a/1:2", CircuitState.BLOCKED_HERE),
        CircuitTold("a/1:3", CircuitState.BLOCKED_FAR),
        CircuitTold("a/1:4", CircuitState.BUSY),
        CircuitTold("a/1:5", CircuitState.IDLE),
    ]
    blocked = {"a": {f"a/1:{slot}" for slot in range(1, 5)}}
    assert unblocked([*told, LineTold("a", "")], blocked) == {"a": ["a/1:1", "a/1:3"]}
    assert unblocked([*told, LineTold("a", "D channel down")], blocked) == {}
