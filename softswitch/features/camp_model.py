"""Camp-on, the decisions: who is called when an extension is free again, and what becomes of a call back.

A service like CCBS (ETSI EN 300 359): the caller's phone rings first, then that of the one who was busy. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from softswitch.clock import Millis

MOST_FOR_TARGET = 20
MOST_FOR_CALLER = 10
SHORTEST: Millis = 60_000
LONGEST: Millis = 86_400_000
USUAL: Millis = 2_700_000
"""45 minutes, the usual life of such a request."""


class CampState(StrEnum):
    """What is known of a camp-on."""

    WAITING = "waiting"
    CALLING = "calling"
    DONE = "done"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    FAILED = "failed"


OPEN = frozenset({CampState.WAITING, CampState.CALLING})


@dataclass(slots=True)
class Camp:
    """One who waits for a busy extension. ``why`` tells why it came to nothing."""

    id: str
    caller: str
    target: str
    created_at: Millis
    expires_at: Millis
    state: CampState = CampState.WAITING
    why: str = ""
    call_id: str | None = None
    tries: int = 0

    @property
    def order(self) -> tuple[Millis, str]:
        """The place in the queue."""
        return (self.created_at, self.id)


def in_order(camps: Iterable[Camp], target: str) -> list[Camp]:
    """Return those who wait for an extension, the first first."""
    return sorted(
        (c for c in camps if c.target == target and c.state in OPEN), key=lambda c: c.order
    )


def to_call(camps: Iterable[Camp], ready: Callable[[str], bool]) -> list[Camp]:
    """Return whom to call now: for each free extension the first whose own phone is free.

    Nobody is called while another of the same queue is, and nobody twice at the same moment.
    """
    everyone = [camp for camp in camps if camp.state in OPEN]
    taken = {n for c in everyone if c.state is CampState.CALLING for n in (c.caller, c.target)}
    chosen: list[Camp] = []
    for camp in sorted(everyone, key=lambda c: c.order):
        if camp.state is not CampState.WAITING or taken & {camp.caller, camp.target}:
            continue
        if ready(camp.target) and ready(camp.caller):
            chosen.append(camp)
            taken |= {camp.caller, camp.target}
    return chosen


BUSY = 17
"""Q.850 17, user busy."""


def after_call(*, connected: bool, answered: bool, cause: int) -> tuple[CampState, str]:
    """Return what a call back leaves: both talked, or who was missing.

    ``answered``: the caller's own phone was. One who is busy at that moment keeps his place (CCBS retention).
    """
    if connected:
        return CampState.DONE, ""
    if cause == BUSY:
        return CampState.WAITING, "busy"
    return CampState.FAILED, "no_answer" if answered else "caller_did_not_answer"
