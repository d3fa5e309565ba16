"""The calling party's category, as SIP and ISUP tell it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softswitch.calls.category import Category, category


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("payphone", Category.PAYPHONE),
        ("PayPhone", Category.PAYPHONE),
        ("mobile-vplmn", Category.ROAMING),
        ("prison", Category.PRISON),
        ("15", Category.PAYPHONE),
        ("11", Category.PRIORITY),
        ("3", Category.OPERATOR),
        ("13", Category.TEST),
        ("10", None),
        ("0", None),
        ("ordinary", None),
        ("unknown", None),
        ("", None),
        ("１５", None),
        ("99999999999999999999", None),
    ],
)
def test_words_and_codes(told: str, meant: Category | None) -> None:
    assert category(told) is meant


@given(st.text(max_size=40))
def test_any_text_is_read(text: str) -> None:
    assert category(text) in (None, *Category)
