"""How fast a campaign goes and how long it will take, from counts that are looked at now and then. Pure."""

from __future__ import annotations

from collections import deque
from typing import Any

from smsgateway.model import WAITING, MessageState, Progress
from softswitch.clock import Millis

WINDOW: Millis = 10_000


class Pace:
    """The last ten seconds of one campaign."""

    def __init__(self) -> None:
        self._seen: deque[tuple[Millis, int]] = deque()

    def look(self, progress: Progress, at: Millis) -> dict[str, Any]:
        """Note the counts at ``at``; return them with rate (messages a second) and seconds left, as they are shown.

        A clock that was set back begins anew: a rate is never negative.
        """
        waiting = sum(progress[state] for state in WAITING)
        gone = progress.total - waiting
        if self._seen and (at < self._seen[-1][0] or gone < self._seen[-1][1]):
            self._seen.clear()
        self._seen.append((at, gone))
        while len(self._seen) > 2 and self._seen[0][0] < at - WINDOW:
            self._seen.popleft()
        return {
            "counts": {state.word: progress[state] for state in MessageState},
            "total": progress.total, "waiting": waiting, "sent": progress.sent,
            "resent": progress.resent, "throttled": progress.throttled,
            "rate": (rate := self._rate()),
            "left": None if not rate or not waiting else round(waiting / rate),
        }  # fmt: skip

    def _rate(self) -> float:
        (first, before), (last, after) = self._seen[0], self._seen[-1]
        return round((after - before) * 1000 / (last - first), 1) if last > first else 0.0


def is_over(progress: Progress, expires_at: Millis | None, at: Millis) -> bool:
    """Return whether nothing more will happen: all is final, or receipts are not to be waited for any longer.

    Centres give up at the end of the validity; their last receipts come within the hour.
    """
    if not progress.is_over:
        return False
    if not progress[MessageState.SUBMITTED]:
        return True
    return expires_at is not None and at > expires_at + LATE


LATE: Millis = 3_600_000
