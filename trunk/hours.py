"""Times of the week as an operator writes them: ``mon-fri 08:00-18:00``, ``sat,sun 00:00-24:00``, ``22:00-06:00``."""

from __future__ import annotations

import re

from softswitch.errors import invalid
from softswitch.numbers import quoted
from trunk.model import Hours

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = "|".join(DAYS)
_TEXT = re.compile(
    rf"(?:(?P<days>(?:{_DAY})(?:-(?:{_DAY}))?(?:,(?:{_DAY})(?:-(?:{_DAY}))?)*) +)?"
    r"(?P<start>[0-2][0-9]:[0-5][0-9])-(?P<end>[0-2][0-9]:[0-5][0-9])"
)


def hours(text: str, field: str = "hours") -> Hours:
    """Return the times that ``text`` says, or refuse it."""
    found = _TEXT.fullmatch(text.strip().lower())
    start, end = (_minute(found[name]) for name in ("start", "end")) if found else (-1, -1)
    if found is None or not 0 <= start < 1_440 or not 0 < end <= 1_440 or start == end:
        raise invalid(
            "bad_hours",
            f"{quoted(text)} is no time of the week.",
            "Write for example mon-fri 08:00-18:00.",
            field=field,
        )
    return Hours(_days(found["days"]), start, end)


def _minute(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


def _days(text: str | None) -> frozenset[int]:
    if text is None:
        return frozenset(range(7))
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        begin, end = DAYS.index(first), DAYS.index(last or first)
        found |= {day % 7 for day in range(begin, end + 1 if end >= begin else end + 8)}
    return frozenset(found)
