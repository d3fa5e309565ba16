"""A caller is found however the carrier writes his number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softswitch.directory.lookup import candidates, canonical


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("13800000000", "13800000000"),
        ("013800000000", "13800000000"),
        ("+8613800000000", "13800000000"),
        ("008613800000000", "13800000000"),
        ("+868132205566", "08132205566"),
        ("08132205566", "08132205566"),
        ("2205566", "08132205566"),
        ("+861012345678", "01012345678"),
        ("+86 21".replace(" ", "") + "61234567", "02161234567"),
        ("4008123456", "4008123456"),
        ("+864008123456", "4008123456"),
        ("+4930123456", "+4930123456"),
        ("004930123456", "+4930123456"),
        ("1001", "1001"),
        ("120", "120"),
        ("12345", "12345"),
    ],
)
def test_one_form_for_every_way_to_write_it(written: str, meant: str) -> None:
    assert canonical(written, "0813") == meant


def test_without_an_own_area_code_a_local_number_stays() -> None:
    assert canonical("2205566") == "2205566"


def test_a_local_number_is_looked_for_in_both_forms() -> None:
    assert candidates("08132205566", "0813") == ("08132205566", "2205566")
    assert candidates("2205566", "0813") == ("08132205566", "2205566")


@given(st.from_regex(r"\A\+?[0-9*#]{1,20}\Z"), st.sampled_from(["", "0813", "010"]))
def test_the_canonical_form_is_its_own_canonical_form(number: str, area_code: str) -> None:
    once = canonical(number, area_code)
    assert canonical(once, area_code) == once
    assert once in candidates(number, area_code)
