"""The whole matrix of acts, rights, states and levels, against rules written a second time and differently.

The rules are those of ECMA-202 and ECMA-203 (call intrusion: capability above protection), ECMA-264 (call priority
interruption: its own two levels) and ITU-T I.255.3 (a call yields only to one of a higher precedence level).
"""

from __future__ import annotations

import itertools
from collections import Counter

import pytest

from intercept.model import (
    REFUSALS,
    Act,
    Allowed,
    Levels,
    Party,
    Phase,
    Precedence,
    Refused,
    Request,
    Rules,
    decide,
    preempts,
    right_for,
)

RIGHTS = frozenset(right_for(act) for act in Act)
RULES = Rules()
LEVELS = range(4)


def expected(
    act: Act, capability: int, protections: tuple[int, ...], own: Precedence, call: Precedence,
    phase: Phase, citizen: bool, confirmed: bool,
) -> str:  # fmt: skip
    """The rules once more, as a table in the head of an operator."""
    if phase is Phase.GONE:
        return "call_gone"
    if phase in {Phase.RINGING, Phase.WAITING}:
        return "still_ringing"
    if phase is Phase.PARKED:
        return "call_parked"
    if phase is Phase.HELD and act in {Act.INSERT, Act.WHISPER}:
        return "call_held"
    if max(protections) >= capability:
        return "protected"
    if act is Act.RELEASE and int(own) >= int(call):
        return "precedence_blocked"
    if act is not Act.TAKEOVER and citizen and not confirmed:
        return "second"
    return "yes"


def outcome(request: Request) -> str:
    decision = decide(request, RULES)
    if isinstance(decision, Refused):
        return decision.code
    return "second" if decision.second_person else "yes"


@pytest.mark.parametrize("act", Act)
def test_every_combination_of_levels_and_states(act: Act) -> None:
    seen: Counter[str] = Counter()
    for capability, one, two, own, call, phase, citizen, confirmed in itertools.product(
        LEVELS, LEVELS, LEVELS, Precedence, Precedence, Phase, (False, True), (False, True)
    ):
        parties = (
            Party("a", "1001", one, one),
            Party("b", "2001", two, two, citizen),
        )
        request = Request(
            act, RIGHTS, Levels(capability, 0, capability, 0, own), parties, phase, call,
            reason="drill", target="b" if act is Act.WHISPER else None, confirmed=confirmed,
        )  # fmt: skip
        wanted = expected(act, capability, (one, two), own, call, phase, citizen, confirmed)
        assert outcome(request) == wanted, request
        seen[wanted] += 1
    assert sum(seen.values()) == 4**3 * 5 * 5 * 6 * 4
    assert seen["yes"] > 0
    assert seen["protected"] > 0


@pytest.mark.parametrize("act", Act)
def test_intrusion_and_interruption_levels_are_apart(act: Act) -> None:
    can_intrude = Levels(3, 0, 0, 0, Precedence.FLASH_OVERRIDE)
    can_interrupt = Levels(0, 0, 3, 0, Precedence.FLASH_OVERRIDE)
    parties = (Party("a"), Party("b"))
    for levels, allowed in (
        (can_intrude, act is not Act.RELEASE),
        (can_interrupt, act is Act.RELEASE),
    ):
        request = Request(act, RIGHTS, levels, parties, reason="x", target="a")
        assert isinstance(decide(request, RULES), Allowed) == allowed


@pytest.mark.parametrize("act", Act)
@pytest.mark.parametrize("legs", [2, 3, 4, 5])
def test_one_protected_party_of_many_protects_the_call(act: Act, legs: int) -> None:
    levels = Levels(2, 0, 2, 0, Precedence.FLASH_OVERRIDE)
    for protected in range(legs):
        parties = tuple(
            Party(str(n), "", 2 if n == protected else 0, 2 if n == protected else 0)
            for n in range(legs)
        )
        request = Request(act, RIGHTS, levels, parties, reason="x", target="0")
        assert outcome(request) == "protected"


@pytest.mark.parametrize("act", Act)
def test_without_the_right_nothing_is_allowed(act: Act) -> None:
    full = Levels(3, 3, 3, 3, Precedence.FLASH_OVERRIDE)
    parties = (Party("a"), Party("b"))
    request = Request(act, RIGHTS - {right_for(act)}, full, parties, reason="x", target="a")
    assert outcome(request) == "no_right"


@pytest.mark.parametrize("act", Act)
@pytest.mark.parametrize("reason", ["", "   ", "\n"])
def test_a_reason_is_needed_unless_the_centre_waives_it(act: Act, reason: str) -> None:
    full = Levels(3, 3, 3, 3, Precedence.FLASH_OVERRIDE)
    request = Request(act, RIGHTS, full, (Party("a"), Party("b")), reason=reason, target="a")
    assert outcome(request) == "reason_required"
    assert isinstance(decide(request, Rules(reason_required=False)), Allowed)


def test_the_tone_sounds_before_an_insert_unless_the_right_waives_it() -> None:
    full = Levels(3, 3, 3, 3, Precedence.FLASH_OVERRIDE)
    parties = (Party("a"), Party("b"))
    loud = decide(Request(Act.INSERT, RIGHTS, full, parties, reason="x"), RULES)
    assert loud == Allowed(warning_tone=True)
    quiet = Request(Act.INSERT, RIGHTS, full, parties, reason="x", waive_tone=True)
    assert outcome(quiet) == "tone_not_waived"
    rights = RIGHTS | {"intercept.waive_tone"}
    allowed = decide(Request(Act.INSERT, rights, full, parties, reason="x", waive_tone=True), RULES)
    assert allowed == Allowed(warning_tone=False)


@pytest.mark.parametrize("act", Act)
def test_the_own_call_can_be_released_and_nothing_else(act: Act) -> None:
    full = Levels(3, 3, 3, 3, Precedence.FLASH_OVERRIDE)
    parties = (Party("a"), Party("b"))
    request = Request(act, RIGHTS, full, parties, in_call=True, reason="x", target="a")
    assert outcome(request) == ("yes" if act is Act.RELEASE else "own_call")


@pytest.mark.parametrize("act", Act)
@pytest.mark.parametrize("phase", Phase)
def test_a_conference_is_like_a_call_but_nobody_has_it_to_take_over(act: Act, phase: Phase) -> None:
    full = Levels(3, 3, 3, 3, Precedence.FLASH_OVERRIDE)
    parties = (Party("a"), Party("b"), Party("c"))
    asked = Request(act, RIGHTS, full, parties, phase, reason="x", target="a")
    in_room = Request(act, RIGHTS, full, parties, phase, conference=True, reason="x", target="a")
    if act is Act.TAKEOVER and phase is not Phase.GONE:
        assert outcome(in_room) == "is_conference"
    else:
        assert outcome(in_room) == outcome(asked)


def test_every_capability_against_every_protection_of_both_parties() -> None:
    """The lowest capability enters nothing, the highest level of protection is never entered."""
    for act, capability, one, two in itertools.product(Act, LEVELS, LEVELS, LEVELS):
        levels = Levels(capability, 0, capability, 0, Precedence.FLASH_OVERRIDE)
        request = Request(
            act, RIGHTS, levels, (Party("a", "", one, one), Party("b", "", two, two)),
            reason="x", target="a",
        )  # fmt: skip
        assert (outcome(request) == "yes") == (capability > one and capability > two)
        if capability == 0 or 3 in (one, two):
            assert outcome(request) == "protected"


def test_whisper_names_a_party_of_the_call() -> None:
    full = Levels(3, 3, 3, 3, Precedence.FLASH_OVERRIDE)
    parties = (Party("a"), Party("b"))
    assert outcome(Request(Act.WHISPER, RIGHTS, full, parties, reason="x")) == "target_required"
    stranger = Request(Act.WHISPER, RIGHTS, full, parties, reason="x", target="c")
    assert outcome(stranger) == "target_not_in_call"


def test_a_call_yields_only_to_a_higher_one() -> None:
    for new, present in itertools.product(Precedence, Precedence):
        assert preempts(new, present) == (new.value < present.value)
    words = [level.word for level in Precedence]
    assert words == ["flash-override", "flash", "immediate", "priority", "routine"]


def test_every_refusal_speaks_both_languages() -> None:
    assert len({refusal.code for refusal in REFUSALS}) == len(REFUSALS)
    for refusal in REFUSALS:
        assert refusal.en.endswith(".")
        assert any("\u4e00" <= sign <= "\u9fff" for sign in refusal.zh)
        assert refusal.next_en
