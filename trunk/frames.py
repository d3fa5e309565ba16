"""Which frames a 2M line must have for the signalling on it. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from softswitch.errors import Refusal, invalid
from trunk.model import R2, Framing, Plan, Span, Trunk
from trunk.places import Place

_E1 = 31
"""Timeslots that an E1 line has beside the frame's own."""


def faults(plan: Plan, trunk: Trunk) -> Iterator[tuple[Place, Refusal]]:
    """Give the spans of a trunk whose frames carry other signalling; a span without a card has none."""
    used = {slot.span for slot, _ in trunk.slots()}
    for index, span in enumerate(plan.spans):
        if span.node != trunk.node or span.number not in used or span.dynamic:
            continue
        fitting = _fitting(trunk, span)
        if span.framing not in fitting:
            named = ", ".join(f'"{each}"' for each in fitting)
            yield (
                ("span", index, "framing"),
                invalid(
                    "bad_framing",
                    f"Span {span.number} has frames {span.framing}, which do not carry the signalling of {trunk.name}.",
                    f"Choose framing from: {named}.",
                ),
            )


def _fitting(trunk: Trunk, span: Span) -> tuple[Framing, ...]:
    """The bits of MFC/R2 are in the multiframe of timeslot 16 (ITU-T G.704, 5.1.3); else that is a timeslot as any."""
    if isinstance(trunk.line, R2):
        return (Framing.CAS,)
    return (Framing.CCS,) if span.size == _E1 else (Framing.ESF, Framing.D4)
