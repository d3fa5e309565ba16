"""Lock-out as a pure model: time is a value."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from softswitch.access.lockout import Lockout

SECOND = 1_000


def test_the_last_of_the_allowed_failures_locks() -> None:
    lockout = Lockout(3, 60, 30)
    assert [lockout.failed("a", at) for at in (0, 1, 2)] == [None, None, 2 + 30 * SECOND]
    assert lockout.locked_until("a", 2) == 2 + 30 * SECOND
    assert lockout.locked_until("a", 2 + 30 * SECOND) is None
    assert lockout.locked_until("b", 2) is None


def test_failures_outside_the_window_do_not_count() -> None:
    lockout = Lockout(2, 60, 30)
    assert [lockout.failed("a", at * 60 * SECOND) for at in range(5)] == [None] * 5


def test_each_lock_in_a_row_is_twice_as_long_up_to_the_longest() -> None:
    lockout = Lockout(1, 60, 30, longest_seconds=100)
    at, lengths = 0, []
    for _ in range(4):
        until = lockout.failed("a", at)
        assert until is not None
        lengths.append((until - at) // SECOND)
        at = until
    assert lengths == [30, 60, 100, 100]


def test_after_a_quiet_window_the_row_begins_anew() -> None:
    lockout = Lockout(1, 60, 30)
    first = lockout.failed("a", 0)
    assert first is not None
    later = first + 60 * SECOND
    assert lockout.failed("a", later) == later + 30 * SECOND


def test_failures_during_a_lock_do_not_lengthen_it() -> None:
    lockout = Lockout(1, 60, 30)
    until = lockout.failed("a", 0)
    assert [lockout.failed("a", at) for at in (1, 2, 3)] == [until] * 3


def test_a_try_that_was_right_is_taken_back() -> None:
    lockout = Lockout(2, 60, 30)
    lockout.failed("a", 0)
    lockout.take_back("a", 0)
    assert lockout.failed("a", 1) is None
    assert lockout.failed("a", 2) is not None
    lockout.take_back("a", 2)  # the try that locked was right: the lock goes
    assert lockout.locked_until("a", 3) is None
    lockout.take_back("nobody", 0)


def test_forgetting_frees() -> None:
    lockout = Lockout(1, 60, 30)
    lockout.failed("a", 0)
    assert lockout.locked(1) == {"a": 30 * SECOND}
    assert lockout.forget("a")
    assert not lockout.forget("a")
    assert lockout.locked(1) == {}


def test_memory_is_bounded() -> None:
    lockout = Lockout(1, 60, 30, most_keys=10)
    for number in range(100):
        lockout.failed(f"{number}", number)
    assert len(lockout.locked(100)) == 10


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 40_000)), max_size=60))
def test_nobody_gets_more_tries_than_allowed_in_a_window(steps: list[tuple[str, int]]) -> None:
    lockout = Lockout(4, 60, 30)
    at, tries = 0, dict[str, list[int]]()
    for key, wait in steps:
        at += wait
        if lockout.locked_until(key, at) is None:
            tries.setdefault(key, []).append(at)
            lockout.failed(key, at)
    for times in tries.values():
        for first, fifth in zip(times, times[4:], strict=False):
            assert fifth - first >= 30 * SECOND
