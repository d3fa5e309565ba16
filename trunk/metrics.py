"""Trunks in numbers, as Prometheus reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from trunk.books import Books
from trunk.build import Trunks
from trunk.ledger import Counters


class Metrics(Protocol):
    """Where metrics are told."""

    def metric(
        self,
        name: str,
        help_: str,
        read: Callable[[], float | Mapping[str, float]],
        *,
        kind: str = "gauge",
    ) -> None: ...


def report(trunks: Trunks, reporting: Metrics) -> None:
    """Tell the metrics of trunks."""
    books = trunks.books
    _states(books, reporting)
    for field, help_ in _COUNTERS:
        reporting.metric(f"trunk_{field}_total", help_, _counted(books, field), kind="counter")
    seconds = _each(books, lambda name: books.ledger.counters[name].millis / 1000)
    reporting.metric("trunk_seconds_total", "Seconds talked.", seconds, kind="counter")
    reporting.metric(
        "trunk_causes_total", "Ended calls by Q.850 cause.",
        _divided(books, "cause", lambda counters: counters.causes), kind="counter",
    )  # fmt: skip
    reporting.metric(
        "trunk_ended_total", "Ended calls by who ended them.",
        _divided(books, "source", lambda counters: counters.sources), kind="counter",
    )  # fmt: skip
    reporting.metric(
        "trunk_stuck_total", "Stuck channels that were cleared.",
        lambda: float(trunks.watch.stuck_cleared), kind="counter",
    )  # fmt: skip
    reporting.metric(
        "trunk_forsaken_total", "Waiting callers whose line had died.",
        lambda: float(trunks.watch.forsaken_cleared), kind="counter",
    )  # fmt: skip
    reporting.metric(
        "trunk_records_lost_total", "Records of calls that could not be kept.",
        lambda: float(trunks.service.lost_records), kind="counter",
    )  # fmt: skip
    reporting.metric(
        "trunk_next_attempt_seconds", "The longest way to a next trunk, of the last 1,000.",
        lambda: max(trunks.service.gaps, default=0.0),
    )  # fmt: skip


def _states(books: Books, reporting: Metrics) -> None:
    ledger = books.ledger
    for name, help_, read in (
        ("trunk_up", "Whether a trunk is in service.", lambda t: float(books.state(t) == "up")),
        ("trunk_circuits_busy", "Circuits that carry a call.", ledger.busy),
        ("trunk_circuits", "Circuits that are not blocked.", ledger.capacity),
        ("trunk_circuits_blocked", "Circuits out of use.", lambda t: len(ledger.blocked[t])),
        ("trunk_circuits_reserved", "Circuits kept for precedence.", lambda t: books.trunks[t].reserved),
    ):  # fmt: skip
        reporting.metric(name, help_, _each(books, read))


def _each(books: Books, read: Callable[[str], float]) -> Callable[[], Mapping[str, float]]:
    return lambda: {f'trunk="{name}"': float(read(name)) for name in books.trunks}


def _counted(books: Books, field: str) -> Callable[[], Mapping[str, float]]:
    return _each(books, lambda name: getattr(books.ledger.counters[name], field))


def _divided(
    books: Books, label: str, read: Callable[[Counters], Mapping[Any, int]]
) -> Callable[[], Mapping[str, float]]:
    return lambda: {
        f'trunk="{name}",{label}="{part}"': float(count)
        for name in books.trunks
        for part, count in read(books.ledger.counters[name]).items()
    }


_COUNTERS = (
    ("attempts", "Outgoing call set-ups."),
    ("seizures", "Set-ups that the far end took."),
    ("answers", "Outgoing calls that were answered."),
    ("incoming", "Incoming calls."),
    ("incoming_answers", "Incoming calls that were answered."),
    ("overflows", "Calls that went on to another trunk."),
    ("preemptions", "Calls cleared for one of higher precedence."),
    ("refusals", "Calls that found no circuit."),
)
