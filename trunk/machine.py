"""What a machine must have for the 2M lines of a plan: DAHDI, a span for each, and an Asterisk of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from softswitch.errors import conflict, unavailable
from trunk.checks import CORE, Fault
from trunk.model import Plan, Sip, Trunk

DEVICE = Path("/dev/dahdi/ctl")
SPANS = Path("/proc/dahdi")


def faults(plan: Plan, device: Path = DEVICE, spans: Path = SPANS) -> Iterator[Fault]:
    """Give what this machine lacks for lines of the core: DAHDI, a card, a node. Other nodes check their own."""
    wired = _wired(plan, CORE)
    if not wired:
        return
    yield from lacks(plan, CORE, device, spans)
    index, first = wired[0]
    # One card less in the way of calls that need none: a node's Asterisk may end and begin without the core's.
    yield (
        ("trunk", index, "node"),
        conflict(
            "lines_on_core",
            f"Trunk {first.name} is on the core, whose own Asterisk drives no lines.",
            "Describe a [[node]] for it; its Asterisk may run on this machine: docs/how-to/connect-e1.md.",
        ),
    )


def lacks(plan: Plan, node: str, device: Path = DEVICE, spans: Path = SPANS) -> Iterator[Fault]:
    """Give what this machine lacks for being a node: DAHDI, and a card for each span of it."""
    wired = _wired(plan, node)
    if wired and not device.exists():
        index, first = wired[0]
        yield (
            ("trunk", index),
            unavailable(
                "no_dahdi",
                f"Trunk {first.name} needs DAHDI, and {device} is not there.",
                "Install DAHDI and load its driver, or put the trunk on a node: docs/how-to/connect-e1.md.",
            ),
        )
    for number, span in enumerate(plan.spans):
        if span.node == node and not span.dynamic and not (spans / str(span.number)).exists():
            yield (
                ("span", number),
                conflict(
                    "no_card",
                    f"Span {span.number} is described, and DAHDI has no such span.",
                    "Look at the cards with dahdi_hardware, and at the cable of each; then correct [[span]].",
                ),
            )


def _wired(plan: Plan, node: str) -> list[tuple[int, Trunk]]:
    return [
        (index, trunk)
        for index, trunk in enumerate(plan.trunks)
        if trunk.node == node and not isinstance(trunk.line, Sip)
    ]
