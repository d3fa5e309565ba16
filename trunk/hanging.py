"""Calls and circuits that hang: what nobody hears any more, and no signal has ended. Pure; time is an input."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from softswitch.clock import Millis
from trunk.breaker import Breaker
from trunk.ledger import TrunkCall
from trunk.ports import CircuitState, CircuitTold, DriverFact, LineTold

SETUP_MILLIS = 12_000
"""An outgoing call that has neither rung nor ended by then goes to the next trunk."""
FORSAKEN_MILLIS = 120_000
"""A caller who waits on a line that has been dead so long, and was well when he called, is gone: nobody said so."""
FORGOTTEN_MILLIS = 120_000
"""How long a node may say that a circuit is busy that carries no call of the core."""


def stalled(calls: Iterable[TrunkCall], at: Millis) -> list[TrunkCall]:
    """Return outgoing calls that the far end has said nothing to for too long."""
    return [
        call
        for call in calls
        if call.outgoing
        and not call.stalled
        and call.heard_at is None
        and call.rang_at is None
        and call.answered_at is None
        and at - call.started_at > SETUP_MILLIS
    ]


def forsaken(
    calls: Iterable[TrunkCall], breakers: Mapping[str, Breaker], at: Millis
) -> list[TrunkCall]:
    """Return incoming calls without an answer whose line died after they came, and has stayed dead."""
    return [
        call
        for call in calls
        if not call.outgoing
        and call.answered_at is None
        and breakers[call.trunk].down
        and call.started_at < breakers[call.trunk].down_since <= at - FORSAKEN_MILLIS
    ]


def busy_trunks(circuits: Iterable[str], calls: Iterable[TrunkCall]) -> set[str]:
    """Return those circuits whose trunk carries a call: which of its circuits it is on, its node alone knows."""
    talking = {call.trunk for call in calls}
    return {circuit for circuit in circuits if trunk_of(circuit) in talking}


def forgotten(held: Mapping[str, Millis], at: Millis) -> list[str]:
    """Return circuits that have been busy for nobody for too long."""
    return sorted(name for name, since in held.items() if at - since > FORGOTTEN_MILLIS)


def unblocked(
    facts: Iterable[DriverFact], blocked: Mapping[str, Collection[str]]
) -> dict[str, list[str]]:
    """Return by trunk the circuits that are ``blocked`` and that a call could seize all the same.

    While a line is down there is nobody to tell, and no call either.
    """
    told = list(facts)
    down = {fact.trunk for fact in told if isinstance(fact, LineTold) and fact.fault}
    found: dict[str, list[str]] = {}
    for fact in told:
        if isinstance(fact, CircuitTold) and fact.state in _OPEN:
            name = trunk_of(fact.circuit)
            if name not in down and fact.circuit in blocked.get(name, ()):
                found.setdefault(name, []).append(fact.circuit)
    return found


_OPEN = frozenset({CircuitState.IDLE, CircuitState.BLOCKED_FAR})


def trunk_of(circuit: str) -> str:
    """Return the trunk of a circuit."""
    return circuit.partition("/")[0]
