"""What a machine must have for the 2M lines of a plan: DAHDI, and a span for each that is described."""

from __future__ import annotations

from pathlib import Path

from softswitch.errors import conflict, unavailable
from trunk.model import Plan, Sip

DEVICE = Path("/dev/dahdi/ctl")
SPANS = Path("/proc/dahdi")


def check(plan: Plan, device: Path = DEVICE, spans: Path = SPANS) -> None:
    """Refuse a plan whose trunks on this machine itself have no DAHDI or no card. Other nodes check their own."""
    wired = [t for t in plan.trunks if t.node == "core" and not isinstance(t.line, Sip)]
    if not wired:
        return
    first = wired[0].name
    if not device.exists():
        raise unavailable(
            "no_dahdi",
            f"Trunk {first} needs DAHDI, and {device} is not there.",
            "Install DAHDI and load its driver, or put the trunk on a node: docs/how-to/connect-e1.md.",
        )
    for span in plan.spans:
        if span.node == "core" and not span.dynamic and not (spans / str(span.number)).exists():
            raise conflict(
                "no_card",
                f"Span {span.number} is described, and DAHDI has no such span.",
                "Look at the cards with dahdi_hardware, and at the cable of each; then correct [[span]].",
            )
