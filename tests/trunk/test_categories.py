"""The caller's category as a code of ISUP: what goes out is what would be read."""

from __future__ import annotations

from typing import get_args

import pytest

from softswitch.calls.category import Category, category
from trunk.bodies import Category as Configured
from trunk.categories import ISUP_CODES


def test_every_category_that_is_configured_has_a_code() -> None:
    assert {*ISUP_CODES, "ordinary"} == set(get_args(Configured))


@pytest.mark.parametrize("word", list(ISUP_CODES))
def test_a_code_is_read_as_it_was_meant(word: str) -> None:
    assert category(str(ISUP_CODES[word])) is Category(word)
