"""Lock-out after repeated failures, as a pure model: the time comes in as a value.

Used for logins and addresses on HTTP and for SIP accounts.  Each lock in a row lasts twice as long as the one
before, up to an hour; after a quiet window the row begins anew.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from softswitch.clock import Millis

LONGEST_SECONDS = 3_600
MOST_KEYS = 10_000
"""How many keys are remembered; beyond, the one that failed longest ago is forgotten."""


@dataclass(slots=True)
class _Record:
    failures: list[Millis] = field(default_factory=list)
    locks: int = 0
    until: Millis = 0


class Lockout:
    """``failures`` wrong tries within ``window`` seconds lock a key for ``lock_seconds``, then longer."""

    def __init__(
        self,
        failures: int,
        window: int,
        lock_seconds: int,
        *,
        longest_seconds: int = LONGEST_SECONDS,
        most_keys: int = MOST_KEYS,
    ) -> None:
        self._failures = failures
        self._window = window * 1_000
        self._lock = lock_seconds * 1_000
        self._longest = longest_seconds * 1_000
        self._most_keys = most_keys
        self._records: OrderedDict[str, _Record] = OrderedDict()

    def failed(self, key: str, at: Millis) -> Millis | None:
        """Count a failure; return until when the key is locked by it, None when it is not yet.

        A failure during a lock does not count: others could keep a person out for good.
        """
        record = self._records.setdefault(key, _Record())
        if at < record.until:
            return record.until
        self._records.move_to_end(key)
        self._forget_beyond()
        if record.locks and at - record.until >= self._window:
            record.locks = 0
        record.failures = [time for time in record.failures if at - time < self._window]
        record.failures.append(at)
        if len(record.failures) < self._failures:
            return None
        record.until = at + min(self._lock * 2 ** min(record.locks, 30), self._longest)
        record.locks += 1
        record.failures.clear()
        return record.until

    def locked_until(self, key: str, at: Millis) -> Millis | None:
        """Return until when ``key`` is locked, None when it is free."""
        record = self._records.get(key)
        return record.until if record is not None and at < record.until else None

    def take_back(self, key: str, at: Millis) -> None:
        """Undo the failure counted at ``at``: the try turned out to be right."""
        record = self._records.get(key)
        if record is None:
            return
        if at in record.failures:
            record.failures.remove(at)
        elif record.until > at and record.locks and not record.failures:
            record.until = at
            record.locks -= 1

    def forget(self, key: str) -> bool:
        """Free ``key`` and forget its failures; return whether anything was known of it."""
        return self._records.pop(key, None) is not None

    def locked(self, at: Millis) -> dict[str, Millis]:
        """Return the keys that are locked and until when."""
        return {key: record.until for key, record in self._records.items() if at < record.until}

    def _forget_beyond(self) -> None:
        while len(self._records) > self._most_keys:
            self._records.popitem(last=False)
