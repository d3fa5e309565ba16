"""From the facts of calls to the counts of the daily report, and from the clock to what is told of a roster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import Connection

from softswitch.clock import Millis
from softswitch.events import CallAbandoned, CallAnswered, CallStarted, Fact, IncidentDrafted
from softswitch.layers.duty import store
from softswitch.store.event_log import Stored

KINDS: tuple[type[Fact], ...] = (CallStarted, CallAnswered, CallAbandoned, IncidentDrafted)
QUARTER: Millis = 900_000


def consume(conn: Connection, facts: Sequence[Stored]) -> None:
    """Count. It runs in the transaction that moves the cursor, so each fact counts once."""
    found: Counter[tuple[Millis, str]] = Counter()
    for stored in facts:
        kind = _kind(stored.event)
        if kind:
            at: Millis = stored.event.at  # type: ignore[attr-defined]  # all of KINDS have it
            found[(at // QUARTER * QUARTER, kind)] += 1
    for (quarter, kind), more in found.items():
        store.count(conn, quarter, kind, more)


def _kind(event: Fact) -> str:
    if isinstance(event, CallStarted):
        return "emergency_calls" if event.kind_of_call == "emergency" else "other_calls"
    if isinstance(event, CallAnswered):
        return "answered_calls"
    if isinstance(event, CallAbandoned):
        return "abandoned_calls"
    return "incidents"
