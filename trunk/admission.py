"""Who gets a circuit, and who must give one up. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from softswitch.clock import Millis
from trunk.breaker import Breaker
from trunk.ledger import Ledger, TrunkCall
from trunk.model import Attempt, Trunk
from trunk.selection import ROUTINE

EMERGENCY = 0
"""Calls of an emergency are placed like flash override (ITU-T I.255.3), and never give a circuit up."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """The attempts that can be made, in order, and why each of the others cannot."""

    attempts: tuple[Attempt, ...]
    refused: Mapping[str, str]

    @property
    def is_full(self) -> bool:
        """Whether nothing but a lack of circuits stands in the way."""
        return not self.attempts and any(why in _FULL for why in self.refused.values())


_FULL = frozenset({"busy", "reserved"})


def admit(
    attempts: Sequence[Attempt],
    trunks: Mapping[str, Trunk],
    ledger: Ledger,
    breakers: Mapping[str, Breaker],
    level: int,
    at: Millis,
    over_limit: Callable[[str], bool] = lambda trunk: False,
) -> Admitted:
    """Return which attempts have a circuit now. Routine calls leave the reserved ones free.

    When every trunk is out of service the attempts go out all the same: a breaker may be wrong, and a call that is
    tried is worth more than one that is not.
    """
    possible: list[Attempt] = []
    broken: list[Attempt] = []
    refused: dict[str, str] = {}
    for attempt in attempts:
        trunk = trunks[attempt.trunk]
        why = lacks(trunk, ledger, level) or ("limit" if over_limit(trunk.name) else "")
        if why:
            refused[trunk.name] = why
        elif not breakers[trunk.name].allows(at):
            refused[trunk.name] = "out_of_service"
            broken.append(attempt)
        else:
            possible.append(attempt)
    if not possible and not any(why in _FULL for why in refused.values()):
        possible = broken
    return Admitted(tuple(possible), refused)


def lacks(trunk: Trunk, ledger: Ledger, level: int) -> str:
    """Return why a call of ``level`` finds no circuit now: ``blocked``, ``busy``, ``reserved``; empty: it does."""
    free = ledger.free(trunk.name)
    if not ledger.capacity(trunk.name):
        return "blocked"
    if free <= 0:
        return "busy"
    if level >= ROUTINE and free <= trunk.reserved:
        return "reserved"
    return ""


def victim(calls: Iterable[TrunkCall], trunks: Sequence[str], level: int) -> TrunkCall | None:
    """Return the call that gives its circuit to one of ``level``: the lowest precedence, of these the youngest.

    Only a call of lower precedence is cleared (ITU-T I.255.3, 3.2); a routine call clears nobody.
    """
    lower = [call for call in calls if call.trunk in trunks and call.level > level]
    return max(lower, key=lambda call: (call.level, call.started_at), default=None)
