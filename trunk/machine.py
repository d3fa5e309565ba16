"""What a machine must have for the 2M lines of a plan: DAHDI, a span for each, and an Asterisk of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from softswitch.errors import conflict, unavailable
from trunk.checks import Fault
from trunk.model import Plan, Sip

DEVICE = Path("/dev/dahdi/ctl")
SPANS = Path("/proc/dahdi")


def faults(plan: Plan, device: Path = DEVICE, spans: Path = SPANS) -> Iterator[Fault]:
    """Give what this machine lacks for lines of the core: DAHDI, a card, a node. Other nodes check their own."""
    wired = [
        (index, trunk)
        for index, trunk in enumerate(plan.trunks)
        if trunk.node == "core" and not isinstance(trunk.line, Sip)
    ]
    if not wired:
        return
    index, first = wired[0]
    if not device.exists():
        yield (
            ("trunk", index),
            unavailable(
                "no_dahdi",
                f"Trunk {first.name} needs DAHDI, and {device} is not there.",
                "Install DAHDI and load its driver, or put the trunk on a node: docs/how-to/connect-e1.md.",
            ),
        )
    for number, span in enumerate(plan.spans):
        if span.node == "core" and not span.dynamic and not (spans / str(span.number)).exists():
            yield (
                ("span", number),
                conflict(
                    "no_card",
                    f"Span {span.number} is described, and DAHDI has no such span.",
                    "Look at the cards with dahdi_hardware, and at the cable of each; then correct [[span]].",
                ),
            )
    # One card less in the way of calls that need none: a node's Asterisk may end and begin without the core's.
    yield (
        ("trunk", index, "node"),
        conflict(
            "lines_on_core",
            f"Trunk {first.name} is on the core, whose own Asterisk drives no lines.",
            "Describe a [[node]] for it; its Asterisk may run on this machine: docs/how-to/connect-e1.md.",
        ),
    )
