"""The pure decisions: who is heard, whose hand is next, the pace, the lists, and the roll call as a machine."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from softswitch.conferences.model import (
    Hands,
    MemberState,
    Pacer,
    RoomRole,
    call_list,
    is_heard,
    left_state,
    redial_pause,
    unanswered_state,
)
from softswitch.conferences.notice_model import (
    Person,
    PersonState,
    Rules,
    begin_try,
    due,
    fail_try,
    is_over,
    next_due_at,
    succeed,
)
from softswitch.conferences.rollcall import (
    DESK_TRIES,
    Do,
    EntryState,
    Roll,
    RollKind,
    RollState,
    roll_of,
)

NUMBERS = st.lists(st.sampled_from([str(n) for n in range(2001, 2012)]), max_size=15)


@given(NUMBERS, NUMBERS, NUMBERS)
def test_everybody_is_rung_once_in_order(one: list[str], two: list[str], there: list[str]) -> None:
    found = call_list(one, two, present=there)
    wanted = list(dict.fromkeys(n for n in one + two if n not in there))
    assert list(found.numbers) == wanted
    assert set(found.repeated) == {n for n in one + two if (one + two).count(n) > 1 or n in there}


@given(st.lists(st.tuples(st.sampled_from("rln"), st.sampled_from("abcde")), max_size=60))
def test_hands_keep_their_order_and_nobody_has_two(steps: list[tuple[str, str]]) -> None:
    hands, expected = Hands(), list[str]()
    for what, who in steps:
        if what == "r":
            assert hands.raise_(who) == (who not in expected)
            expected += [who] if who not in expected else []
        elif what == "l":
            assert hands.lower(who) == (who in expected)
            expected = [each for each in expected if each != who]
        else:
            assert hands.next() == (expected.pop(0) if expected else None)
        assert hands.queue == expected
        assert [hands.place(each) for each in expected] == list(range(1, len(expected) + 1))


@given(st.sampled_from(RoomRole), st.booleans(), st.booleans(), st.booleans())
def test_who_is_heard(role: RoomRole, muted: bool, lecture: bool, floor: bool) -> None:
    heard = is_heard(role, muted=muted, lecture=lecture, floor=floor)
    if muted:
        assert not heard
    elif floor or role is RoomRole.CHAIR:
        assert heard
    else:
        assert heard == (role is RoomRole.SPEAKER or (role is RoomRole.MEMBER and not lecture))


@given(
    st.lists(st.floats(0, 0.2), min_size=1, max_size=200),
    st.integers(1, 200),
    st.integers(1, 50),
)
def test_the_pace_is_never_exceeded(gaps: list[float], rate: int, burst: int) -> None:
    pacer, at = Pacer(float(rate), burst), 100.0
    turns = []
    for gap in gaps:
        at += gap
        turns.append(at + pacer.wait(at))
    assert turns == sorted(turns)
    for first in range(0, len(turns), 7):
        for last in range(first, len(turns)):
            span = turns[last] - turns[first]
            assert last - first + 1 <= burst + 1 + rate * span + 1e-6


def test_causes() -> None:
    assert unanswered_state(17) is MemberState.BUSY
    assert unanswered_state(1) is MemberState.DEAD_NUMBER
    assert unanswered_state(20) is MemberState.UNREACHABLE
    assert unanswered_state(0, timed_out=True) is MemberState.NO_ANSWER
    assert left_state(16) is MemberState.LEFT
    assert left_state(41) is MemberState.DROPPED
    assert redial_pause(0) is not None
    assert redial_pause(99) is None


# ---- roll calls -------------------------------------------------------------------------------------------

STEP = st.sampled_from(["desk", "no desk", "answer", "leave", "fail", "next", "key"])


def step(roll: Roll, what: str) -> list[Do]:
    index = roll.current
    if what == "desk":
        return [] if roll.desk_in else [act.do for act in roll.desk_came()]
    if what == "no desk":
        return [act.do for act in roll.desk_left()]
    if what == "next":
        return [act.do for act in roll.next()]
    if index < 0:
        return []
    ringing = roll.entries[index].state is EntryState.RINGING
    if what == "answer" and ringing:
        return [act.do for act in roll.answered(index)]
    if what == "key":
        return [act.do for act in roll.key(index)]
    if what == "leave" and not ringing:
        return [act.do for act in roll.left(index, "left")]
    if what == "fail" and ringing:
        return [act.do for act in roll.left(index, "busy")]
    return []


@given(
    st.integers(1, 6), st.sampled_from(RollKind), st.integers(1, 3), st.booleans(),
    st.lists(STEP, max_size=60),
)  # fmt: skip
def test_a_roll_call_rings_each_once_one_at_a_time_in_order(
    count: int, kind: RollKind, enough: int, confirm: bool, steps: list[str]
) -> None:
    roll = roll_of([str(n) for n in range(count)], kind, enough, confirm)
    rung, finished = list[int](), 0
    for what in steps:
        before = roll.is_over
        for do in step(roll, what):
            assert not before
            if do is Do.RING:
                rung.append(roll.current)
            finished += do is Do.FINISH
        active = [e for e in roll.entries if e.state in (EntryState.RINGING, EntryState.TALKING)]
        if not roll.is_over:
            assert len(active) == (1 if roll.current >= 0 else 0)
    assert rung == sorted(set(rung))
    assert finished == int(roll.is_over)
    if roll.is_over:
        assert not [e for e in roll.entries if e.state in (EntryState.WAITING, EntryState.RINGING)]
        assert {e.number for e in roll.absent} | {e.number for e in roll.present} == {
            e.number for e in roll.entries
        }


def test_a_hunt_ends_with_the_first_answer() -> None:
    roll = roll_of(["1", "2", "3"], RollKind.HUNT, 1, False)
    roll.desk_came()
    roll.left(0, "busy")
    assert [act.do for act in roll.answered(1)] == [Do.FINISH]
    assert roll.state is RollState.DONE
    assert [e.why for e in roll.absent] == ["busy", "not_rung"]


def test_a_hunt_by_key_goes_on_when_the_key_is_not_pressed() -> None:
    roll = roll_of(["1", "2"], RollKind.HUNT, 1, True)
    roll.desk_came()
    assert roll.answered(0) == []
    assert [act.do for act in roll.left(0, "left")] == [Do.RING]
    assert roll.entries[0].why == "not_confirmed"
    roll.answered(1)
    assert [act.do for act in roll.key(1)] == [Do.FINISH]


def test_the_desk_is_rung_again_a_few_times() -> None:
    roll = roll_of(["1"], RollKind.ROLL, 1, False)
    roll.desk_came()
    for _ in range(DESK_TRIES):
        assert [act.do for act in roll.desk_left()] == [Do.RING_DESK]
    assert roll.desk_left() == []
    assert roll.state is RollState.NO_DESK
    roll.left(0, "busy")
    assert [act.do for act in roll.desk_came()] == [Do.FINISH]


# ---- notification -----------------------------------------------------------------------------------------

OUTCOME = st.sampled_from(["confirm", "busy", "dead_number", "no_answer"])


@given(
    st.lists(st.lists(OUTCOME, max_size=8), min_size=1, max_size=6),
    st.integers(1, 5),
    st.integers(1, 3),
)
def test_the_schedule_ends_and_never_rings_twice_for_one_try(
    outcomes: list[list[str]], tries: int, at_once: int
) -> None:
    rules = Rules(tries, 1_000, True, at_once)
    people = [Person(f"p{i}", str(i), deputy="9" if i % 2 else "") for i in range(len(outcomes))]
    at, legs = 0, list[str]()
    while not is_over(people):
        ready = due(people, rules, at)
        assert len(ready) <= at_once
        if not ready:
            later = next_due_at(people)
            assert later is not None
            assert later > at
            at = later
            continue
        for person in ready:
            begin_try(person)
            assert person.channel_id is not None
            legs.append(person.channel_id)
            left = outcomes[people.index(person)]
            what = left[person.tries - 1] if person.tries <= len(left) else "no_answer"
            if what == "confirm":
                succeed(person, True, at)
                continue
            deputy = fail_try(person, rules, what, at, dead=what == "dead_number")
            assert deputy == (person.state is PersonState.ESCALATED)
            assert not deputy or person.deputy
    assert len(legs) == len(set(legs))
    for person, left in zip(people, outcomes, strict=True):
        assert person.tries <= tries
        told = person.state is PersonState.CONFIRMED
        first_dead = next((i for i, o in enumerate(left) if o == "dead_number"), 99)
        assert told == ("confirm" in left[: min(tries, first_dead)])
