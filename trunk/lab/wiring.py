"""The lines between the exchange and our node: four spans, two cables, and what DAHDI is told of them.

Spans 1 and 2 are the node's, 3 and 4 the exchange's: one kernel holds both ends. A cable is a pair of
virtual network interfaces with TDM over Ethernet on it, so that it can be pulled.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

IP = "/usr/bin/ip"
TC = "/usr/sbin/tc"
"""In the guest; its shell would take busybox's own, which lay no cables and delay nothing."""
SLOTS = 31
SIGNALLING_SLOT = 16


class Cable(StrEnum):
    """A 2M line between the two."""

    PRI = "pri"
    SS7 = "ss7"


@dataclass(frozen=True, slots=True)
class End:
    """One end of a cable: its span and its network interface."""

    span: int
    interface: str
    peer: str

    @property
    def dynamic(self) -> str:
        """DAHDI's address of this span, as `dynamic=` takes it."""
        return f"eth,{self.interface}/{mac(self.peer)}/0"

    def channel(self, slot: int) -> int:
        """Give DAHDI's number of a timeslot."""
        return (self.span - 1) * SLOTS + slot

    def bearers(self) -> tuple[str, str]:
        """Give the channels of the timeslots 1 to 15 and 17 to 31."""
        first, last = self.channel(1), self.channel(SLOTS)
        middle = self.channel(SIGNALLING_SLOT)
        return f"{first}-{middle - 1}", f"{middle + 1}-{last}"

    def system_conf(self, signalling: str) -> list[str]:
        """Give DAHDI's lines about this span; `signalling` is `dchan` or `mtp2`."""
        return [
            f"bchan={','.join(self.bearers())}",
            f"{signalling}={self.channel(SIGNALLING_SLOT)}",
        ]


NODE = {Cable.PRI: End(1, "b0", "a0"), Cable.SS7: End(2, "b1", "a1")}
EXCHANGE = {Cable.PRI: End(3, "a0", "b0"), Cable.SS7: End(4, "a1", "b1")}
SIGNALLING = {Cable.PRI: "dchan", Cable.SS7: "mtp2"}


def mac(interface: str) -> str:
    """Give the address of an interface: locally administered, and made of its name."""
    return f"02:00:00:00:00:{interface}"


def cables() -> str:
    """Return the shell commands that lay the cables."""
    lines = []
    for cable in Cable:
        node, exchange = NODE[cable].interface, EXCHANGE[cable].interface
        lines.append(
            f"{IP} link add {node} address {mac(node)} type veth peer name {exchange} address {mac(exchange)}"
        )
        lines += [f"{IP} link set {name} up" for name in (node, exchange)]
    return "\n".join(lines) + "\n"


def system_conf(node_lines: list[str]) -> str:
    """Return DAHDI's file of both ends: the node's lines, as its description renders them, and the exchange's."""
    ends = [EXCHANGE[cable] for cable in Cable]
    lines = [f"dynamic={end.dynamic},{SLOTS},0" for end in ends]
    for end, cable in zip(ends, Cable, strict=True):
        lines += end.system_conf(SIGNALLING[cable])
    return "\n".join([*node_lines, *lines, ""])
