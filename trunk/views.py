"""Trunks as screens and the API show them: JSON-ready values. Times are milliseconds since 1970."""

from __future__ import annotations

from typing import Any

from softswitch import chinese
from softswitch.clock import Millis
from trunk.books import Books
from trunk.ledger import Counters, TrunkCall
from trunk.model import R2, Pri, Sip, Ss7, Trunk
from trunk.ports import CircuitState

Json = dict[str, Any]
MOST_IDLE = 480
"""A gateway has as many circuits as calls; only so many of them are shown."""


def trunk_view(books: Books, trunk: Trunk, states: dict[str, CircuitState]) -> Json:
    """Return one trunk with its circuits."""
    breaker, ledger = books.breakers[trunk.name], books.ledger
    share, why = breaker.share, breaker.down or breaker.why
    return {
        "name": trunk.name,
        "kind": trunk.kind.value,
        "node": trunk.node,
        "line": line_text(trunk),
        "line_zh": chinese.word(line_text(trunk)),
        "enabled": trunk.enabled,
        "state": books.state(trunk.name),
        "why": why,
        "why_zh": chinese.word(why),
        "since": breaker.since,
        "failures": breaker.failures,
        "answer_seizure": None if share is None else round(share, 3),
        "capacity": ledger.capacity(trunk.name),
        "busy": ledger.busy(trunk.name),
        "free": ledger.free(trunk.name),
        "reserved": trunk.reserved,
        "blocked": len(ledger.blocked[trunk.name]),
        "looped": trunk.name in books.looped,
        "counters": counters_view(ledger.counters[trunk.name]),
        "circuits": circuits_view(books, trunk, states),
    }


def line_text(trunk: Trunk) -> str:
    """Return in a few words where a trunk leads."""
    line = trunk.line
    if isinstance(line, Sip):
        return f"{line.host}:{line.port}/{line.transport}" if line.host else "registers here"
    if isinstance(line, Pri):
        return f"{line.variant}, D {line.d_channel}"
    if isinstance(line, Ss7):
        return f"{line.variant}, {line.own}-{line.adjacent}"
    assert isinstance(line, R2)
    return f"R2 {line.variant}"


def counters_view(counters: Counters) -> Json:
    """Return what a trunk has done since the start of this process."""
    return {
        "attempts": counters.attempts,
        "seizures": counters.seizures,
        "answers": counters.answers,
        "incoming": counters.incoming,
        "incoming_answers": counters.incoming_answers,
        "minutes": round(counters.millis / 60_000, 1),
        "overflows": counters.overflows,
        "preemptions": counters.preemptions,
        "refusals": counters.refusals,
        "causes": {str(cause): count for cause, count in sorted(counters.causes.items())},
        "sources": {source.value: count for source, count in sorted(counters.sources.items())},
    }


def circuits_view(books: Books, trunk: Trunk, states: dict[str, CircuitState]) -> list[Json]:
    """Return every circuit with what is on it; of a SIP trunk only those that are in use or blocked."""
    blocked = books.ledger.blocked[trunk.name]
    found: list[Json] = []
    for circuit, call in books.ledger.circuits(trunk.name)[:MOST_IDLE]:
        told = states.get(circuit.id)
        state = "busy" if call else (told.value if told else "idle")
        if circuit.id in blocked:
            state = "draining" if call else "blocked_here"
        if isinstance(trunk.line, Sip) and state == "idle":
            continue
        found.append(
            {
                "id": circuit.id,
                "slot": str(circuit.slot) if circuit.slot else None,
                "cic": circuit.cic,
                "state": state,
                "looped": circuit.id in books.looped,
                "call": None if call is None else call_view(call),
            }
        )
    return found


def call_view(call: TrunkCall) -> Json:
    """Return the call on a circuit."""
    return {
        "call_id": call.call_id,
        "channel_id": call.channel_id,
        "outgoing": call.outgoing,
        "number": call.number,
        "caller": call.caller,
        "user": call.user,
        "level": call.level,
        "since": call.started_at,
        "answered_at": call.answered_at,
    }


def record_view(row: Json) -> Json:
    """Return the record of a call that is over."""
    answered: Millis | None = row["answered_at"]
    return {**row, "talked": 0 if answered is None else row["ended_at"] - answered}
