"""The order of the queue and whom a call is offered to: pure."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from softswitch.calls.intake import (
    CallDuty,
    Desk,
    Duty,
    Offer,
    Stage,
    Waiting,
    in_order,
    next_steps,
    served_levels,
)


def waiting(call_id: str, rank: int = 0, since: int = 0, skill: str | None = None) -> Waiting:
    return Waiting(call_id, "120", rank, since, skill)


def desk(extension: str, idle: int = 0, *, skills: tuple[str, ...] = (), **more: object) -> Desk:
    duty = more.get("duty", Duty.READY)
    assert isinstance(duty, Duty)
    return Desk(extension, duty, bool(more.get("free", True)), idle, frozenset(skills))


def test_class_before_age() -> None:
    queue = [waiting("late", 0, 9), waiting("traffic", 1, 1), waiting("early", 0, 5)]
    assert [w.call_id for w in in_order(queue)] == ["early", "late", "traffic"]


def ordered(*queue: Waiting) -> list[str]:
    for call_id, level in served_levels(queue).items():
        next(w for w in queue if w.call_id == call_id).level = level
    return [w.call_id for w in in_order(queue)]


def claiming(call_id: str, precedence: int, rank: int = 0, since: int = 0) -> Waiting:
    return Waiting(call_id, "120", rank, since, precedence=precedence)


def test_every_pair_of_levels_the_higher_first_whatever_class_and_age() -> None:
    for one, other in itertools.product(range(5), repeat=2):
        older, younger = claiming("older", one, 0, 1), claiming("younger", other, 9, 2)
        wanted = ["older", "younger"] if one <= other else ["younger", "older"]
        assert ordered(older, younger) == wanted


def test_class_then_age_within_a_level() -> None:
    queue = [claiming("c", 1, 1, 1), claiming("b", 1, 0, 9), claiming("a", 1, 0, 5)]
    assert ordered(*queue, claiming("last", 2, 0, 0)) == ["a", "b", "c", "last"]


def test_a_dispatcher_moves_a_call_before_one_that_claims_a_level_and_behind_one_that_claims_none() -> (
    None
):
    flash, raised = claiming("flash", 1, 1, 1), claiming("raised", 2, 0, 5)
    raised.moved = -2
    assert ordered(flash, raised) == ["raised", "flash"]
    routine, lowered = claiming("routine", 4, 1, 5), claiming("lowered", 0, 9, 1)
    lowered.moved = 8
    assert ordered(routine, lowered) == ["routine", "lowered"]
    # A newcomer of the highest level does not pass one that was moved before it, unless its class is higher.
    assert ordered(flash, raised, claiming("override", 0, 0, 9)) == ["raised", "override", "flash"]


def test_the_desk_idle_longest_gets_the_first_call() -> None:
    steps = next_steps([waiting("x")], [desk("1001", 50), desk("1002", 10)], None)
    assert steps == [Offer("x", "1002", Stage.DESK)]


def test_a_desk_is_used_once() -> None:
    steps = next_steps([waiting("x"), waiting("y", 0, 1)], [desk("1001")], None)
    assert steps == [Offer("x", "1001", Stage.DESK)]


def test_a_refused_call_goes_to_the_next_desk_then_to_duty() -> None:
    call = waiting("x")
    call.refused_by.add("1001")
    desks = [desk("1001", 0), desk("1002", 5)]
    assert next_steps([call], desks, "1390") == [Offer("x", "1002", Stage.NEXT)]
    call.refused_by.add("1002")
    assert next_steps([call], desks, "1390") == [CallDuty("x")]


def test_without_a_duty_number_the_round_begins_again() -> None:
    call = waiting("x")
    call.refused_by.add("1001")
    assert next_steps([call], [desk("1001")], None) == [Offer("x", "1001", Stage.NEXT)]


def test_nobody_on_duty_goes_to_the_duty_number_at_once() -> None:
    desks = [desk("1001", duty=Duty.PAUSED), desk("1002", duty=Duty.OFF)]
    assert next_steps([waiting("x")], desks, "1390") == [CallDuty("x")]
    assert next_steps([waiting("x")], [], "1390") == [CallDuty("x")]
    assert next_steps([waiting("x")], [], None) == []


def test_skills_decide_who_is_asked() -> None:
    desks = [desk("1001", 0, skills=("police",)), desk("1002", 9, skills=("medical",))]
    assert next_steps([waiting("x", skill="medical")], desks, None) == [
        Offer("x", "1002", Stage.DESK)
    ]


def test_what_rings_or_is_taken_is_left_alone() -> None:
    ringing, taken = waiting("x"), waiting("y")
    ringing.offered_to, taken.claimed_by = "1001", "1002"
    assert next_steps([ringing, taken], [desk("1003")], "1390") == []


WAITING = st.builds(
    lambda i, rank, since, refused: Waiting(f"c{i}", "120", rank, since, refused_by=refused),
    st.integers(0, 50),
    st.integers(0, 3),
    st.integers(0, 9),
    st.sets(st.sampled_from(["1001", "1002", "1003"])),
)
DESKS = st.lists(
    st.builds(
        Desk,
        st.sampled_from(["1001", "1002", "1003"]),
        st.sampled_from(Duty),
        st.booleans(),
        st.integers(0, 9),
    ),
    unique_by=lambda d: d.extension,
)


@given(st.lists(WAITING, unique_by=lambda w: w.call_id), DESKS)
def test_offers_go_only_to_free_desks_on_duty_and_in_order(
    queue: list[Waiting], desks: list[Desk]
) -> None:
    steps = next_steps(queue, desks, None)
    by_extension = {d.extension: d for d in desks}
    offered = [step.extension for step in steps if isinstance(step, Offer)]
    assert len(offered) == len(set(offered))
    assert all(by_extension[e].free and by_extension[e].duty is Duty.READY for e in offered)
    places = [w.call_id for w in in_order(queue)]
    assert [places.index(s.call_id) for s in steps] == sorted(
        places.index(s.call_id) for s in steps
    )
    free = [d for d in desks if d.free and d.duty is Duty.READY]
    assert len(offered) == min(len(free), len(queue))
