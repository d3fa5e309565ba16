"""Nothing in the numbering plan comes before an emergency number, whatever is added in whatever order."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softswitch import numbers
from softswitch.directory import features, numbering
from softswitch.directory.model import FIRST_EMERGENCY_NUMBERS, ExtensionEntry, ExtensionKind
from softswitch.errors import Refusal

FIRST = [each.digits for each in FIRST_EMERGENCY_NUMBERS]
_short = st.text("0127", min_size=2, max_size=6)
_steps = st.lists(
    st.tuples(st.sampled_from(["extension", "emergency", "drop"]), _short), max_size=40
)


def _apply(step: tuple[str, str], extensions: set[str], emergency: set[str]) -> None:
    what, number = step
    if what == "extension":
        numbering.check_new_extension(numbers.extension(number), extensions, emergency)
        extensions.add(number)
    elif what == "emergency":
        numbering.check_new_emergency(numbers.emergency_digits(number), extensions, emergency)
        emergency.add(number)
    else:
        extensions.discard(number)


@given(_steps)
def test_no_order_of_changes_lets_anything_shadow_an_emergency_number(
    steps: list[tuple[str, str]],
) -> None:
    extensions: set[str] = set()
    emergency: set[str] = set(FIRST)
    for step in steps:
        with contextlib.suppress(Refusal):
            _apply(step, extensions, emergency)
        for digits in emergency:
            fixed = {*extensions, *features.codes(), *(emergency - {digits})}
            assert not [number for number in fixed if digits.startswith(number)]


@given(_short)
def test_a_number_is_refused_only_for_a_reason(number: str) -> None:
    reason = any(digits.startswith(number) for digits in FIRST) or features.reserved_by(number)
    if reason:
        with pytest.raises(Refusal):
            numbering.check_new_extension(numbers.extension(number), [], FIRST)
    else:
        numbering.check_new_extension(numbers.extension(number), [], FIRST)


@pytest.mark.parametrize("number", ["120", "12", "11", "700", "701", "799"])
def test_extensions_that_are_refused(number: str) -> None:
    with pytest.raises(Refusal):
        numbering.check_new_extension(numbers.extension(number), [], FIRST)


@pytest.mark.parametrize("number", ["1201", "1001", "7001", "70", "800"])
def test_extensions_that_are_free(number: str) -> None:
    numbering.check_new_extension(numbers.extension(number), [], FIRST)


@pytest.mark.parametrize("digits", ["110", "1101", "700", "7015", "799"])
def test_emergency_numbers_that_are_refused(digits: str) -> None:
    with pytest.raises(Refusal):
        numbering.check_new_emergency(digits, [], FIRST)


def test_an_extension_stands_in_the_way_of_new_emergency_digits_and_is_named() -> None:
    with pytest.raises(Refusal, match="extension 95") as refused:
        numbering.check_new_emergency("95598", ["1001", "95"], FIRST)
    assert refused.value.code == "emergency_number_shadowed"


def test_the_last_emergency_number_stays() -> None:
    with pytest.raises(Refusal, match="last"):
        numbering.check_removal_of_emergency("120", [FIRST_EMERGENCY_NUMBERS[2]])
    numbering.check_removal_of_emergency("120", FIRST_EMERGENCY_NUMBERS)


def test_a_new_desk_rings_last() -> None:
    desks = [
        ExtensionEntry(numbers.extension("1001"), "a", ExtensionKind.DESK, position=4),
        ExtensionEntry(numbers.extension("2001"), "b"),
    ]
    assert numbering.next_position(desks) == 5
    assert numbering.next_position([]) == 1


def test_codes_are_distinct_and_none_is_the_beginning_of_another() -> None:
    stars = [feature.code for feature in features.FEATURE_CODES]
    assert len(set(features.codes())) == len(features.codes())
    takers = [feature.code for feature in features.FEATURE_CODES if feature.takes]
    assert not [(a, b) for a in takers for b in stars if a != b and b.startswith(a)]


def test_a_number_in_the_wide_digits_of_a_chinese_keyboard_is_the_same_number() -> None:
    wide, plain = "＋８６（８１３）－５５０　１２３４", "+86 (813) 550-1234"
    assert numbers.phone_number(wide) == numbers.phone_number(plain)
    assert numbers.phone_number("＊２１＃") == "*21#"


def test_what_is_pasted_with_a_number_is_left_out() -> None:
    assert numbers.bare("\ufeff+86\u00a0813–550．１２３４\t") == "+868135501234"
    assert numbers.bare("一二０") == "一二0"
