"""Time as an input: instants are integers, milliseconds since 1970-01-01 UTC."""

from __future__ import annotations

import time
from collections.abc import Callable

Millis = int
Clock = Callable[[], Millis]

LATEST: Millis = 253_402_300_799_999
"""The end of the year 9999: a later instant is a mistake, and one beyond 64 bits fits no database."""


def now() -> Millis:
    """Return the present instant of the system clock."""
    return time.time_ns() // 1_000_000
