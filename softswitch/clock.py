"""Time as an input: instants are integers, milliseconds since 1970-01-01 UTC."""

from __future__ import annotations

import time
from collections.abc import Callable

Millis = int
Clock = Callable[[], Millis]


def now() -> Millis:
    """Return the present instant of the system clock."""
    return time.time_ns() // 1_000_000
