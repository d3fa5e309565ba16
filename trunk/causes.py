"""What a cause of release (ITU-T Q.850) means for a call that tries one trunk after another."""

from __future__ import annotations

from enum import Enum

NO_ROUTE = 3
PREEMPTED = 8
NORMAL = 16
BUSY = 17
NO_ANSWER = 19
ABSENT = 20
REJECTED = 21
OUT_OF_ORDER = 27
NO_CIRCUIT = 34
NETWORK_OUT_OF_ORDER = 38
TEMPORARY_FAILURE = 41
SWITCH_CONGESTION = 42
CIRCUIT_NOT_AVAILABLE = 44
RESOURCE_UNAVAILABLE = 47

OVERFLOW = frozenset({34, 38, 41, 42, 44, 47})
"""The way is at fault, not the number: no circuit, network out of order, temporary failure, congestion of switching
equipment, requested circuit not available (glare), resource unavailable."""

FINAL = frozenset({1, 17, 18, 19, 21, 22, 28})
"""The number itself has answered so: unallocated, busy, no response, no answer, rejected, changed, incomplete."""

WAY_DEAD = frozenset({0, 3, 20, 27, 127})
"""What Asterisk tells when nothing left at all (no contact, no registration, D channel down, unknown group): the far
end has said nothing, so the next trunk is tried."""

FAULTS = OVERFLOW - {NO_CIRCUIT, CIRCUIT_NOT_AVAILABLE} | WAY_DEAD - {NO_ROUTE}
"""Causes that speak against the health of a trunk; busy circuits and glare do not."""

_MERGED = {256: CIRCUIT_NOT_AVAILABLE}
"""Causes of Asterisk's own: libss7 tells 256 to the loser of a dual seizure."""


class Next(Enum):
    """What follows when an attempt has failed."""

    NEXT_TRUNK = "next trunk"
    END = "end"


def q850(cause: int) -> int:
    """Return the Q.850 cause behind what Asterisk tells, 1 to 127; 0: none was told."""
    cause = _MERGED.get(cause, cause)
    return cause if 0 <= cause <= 127 else 0


def after(cause: int, *, rang: bool) -> Next:
    """Decide after a failed attempt. Once the far end rang, the number was reached and its word is final."""
    if rang:
        return Next.END
    told = q850(cause)
    return Next.NEXT_TRUNK if told in OVERFLOW or told in WAY_DEAD else Next.END
