from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softswitch.recordings.byterange import Part, RangeRefusal, parse_range


@pytest.mark.parametrize(
    ("field", "part"),
    [
        ("bytes=0-", Part(0, 1000, 1000)),
        ("bytes=0-0", Part(0, 1, 1000)),
        ("bytes=500-9999", Part(500, 1000, 1000)),
        ("bytes=-100", Part(900, 1000, 1000)),
        ("bytes=-5000", Part(0, 1000, 1000)),
        (None, None),
        ("", None),
        ("bytes=-", None),
        ("bytes=5-2", None),
        ("bytes=0-1,3-4", None),
        ("items=0-1", None),
        ("bytes=٣-٤", None),
    ],
)
def test_one_range_is_understood_and_others_mean_the_whole(
    field: str | None, part: Part | None
) -> None:
    assert parse_range(field, 1000) == part


@pytest.mark.parametrize("field", ["bytes=1000-", "bytes=1000-2000", "bytes=-0"])
def test_a_range_behind_the_end_is_refused(field: str) -> None:
    with pytest.raises(RangeRefusal) as caught:
        parse_range(field, 1000)
    assert caught.value.whole == 1000


@given(
    st.text(max_size=40) | st.from_regex(r"bytes=\d{0,20}-\d{0,20}", fullmatch=True),
    st.integers(0, 10**9),
)
def test_whatever_is_asked_the_part_lies_inside(field: str, whole: int) -> None:
    try:
        part = parse_range(field, whole)
    except RangeRefusal:
        return
    assert part is None or 0 <= part.start < part.stop <= whole
