"""Loops back to the far end: what a node's dialplan is asked for. Pure.

A whole line is looped by its card (``dahdi_maint``), where the card's driver can. A timeslot is looped by DAHDI itself:
what it receives there it sends back, as long as nobody else sends.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from trunk.model import Circuit

CONTEXT = "softswitch-loop"
"""Of the node's dialplan (dialplans/node): a call to one of its names is answered when that could be done."""


def of_lines(circuits: Iterable[Circuit], on: bool) -> Iterator[str]:
    """Give the name for each span that has one of these circuits."""
    spans = {circuit.slot.span for circuit in circuits if circuit.slot}
    return (f"whole-{on:d}-{span}" for span in sorted(spans))


def of_circuits(circuits: Iterable[Circuit], on: bool) -> Iterator[str]:
    """Give the name for each row of DAHDI's channels without a gap."""
    channels = sorted({circuit.channel for circuit in circuits if circuit.channel})
    rows: list[tuple[int, int]] = []
    for channel in channels:
        if rows and rows[-1][1] == channel - 1:
            rows[-1] = (rows[-1][0], channel)
        else:
            rows.append((channel, channel))
    return (f"part-{on:d}-{first}-{last}" for first, last in rows)
