"""A log that a centre cannot flood: one line in a while, with the count of those that were kept back."""

from __future__ import annotations

import logging
import time


class QuietLog:
    """Lets a warning through once in ``seconds``."""

    def __init__(self, log: logging.Logger, seconds: float = 10.0) -> None:
        self._log = log
        self._seconds = seconds
        self._next = 0.0
        self._kept_back = 0

    def warning(self, text: str, *values: object) -> None:
        """Write a warning, or only count it."""
        at = time.monotonic()
        if at < self._next:
            self._kept_back += 1
            return
        more = f" ({self._kept_back} more like it)" if self._kept_back else ""
        self._next, self._kept_back = at + self._seconds, 0
        self._log.warning(f"{text}{more}", *values)
