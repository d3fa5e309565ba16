"""The ports of the host that lead into the guest; all on the loopback address."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from dataclasses import asdict, dataclass

GUEST = "10.0.2.15"
"""The guest's address in QEMU's own network (user mode)."""
HOST = "10.0.2.2"
"""What the guest calls the host's loopback address."""
LOCAL = "127.0.0.1"
RTP_PORTS = 80
"""For one switch: thirty calls take two each, and some end while others begin."""
# Below those that the kernel gives to whoever asks for any port, and where phones seldom are.
_RANGE = (20_000, 32_000)
_RTP_RANGE = (3_000, 10_000)
AMI, IAX = 5038, 4569
NODE_SIP, EXCHANGE_SIP = 5060, 5070
EXCHANGE_AMI = 5039


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the host reaches the two switches. RTP ports have the same numbers inside and outside."""

    node_sip: int
    node_ami: int
    node_iax: int
    node_rtp: int
    """The first of `RTP_PORTS`."""
    exchange_sip: int
    exchange_ami: int
    exchange_rtp: int

    def forwards(self) -> Iterator[str]:
        """Give QEMU's rules."""
        yield from _rule("udp", self.node_sip, NODE_SIP)
        yield from _rule("tcp", self.node_sip, NODE_SIP)
        yield from _rule("tcp", self.node_ami, AMI)
        yield from _rule("udp", self.node_iax, IAX)
        yield from _rule("udp", self.exchange_sip, EXCHANGE_SIP)
        yield from _rule("tcp", self.exchange_ami, EXCHANGE_AMI)
        for first in (self.node_rtp, self.exchange_rtp):
            for port in range(first, first + RTP_PORTS):
                yield from _rule("udp", port, port)

    def as_dict(self) -> dict[str, int]:
        """Give them for the file in which a running laboratory is found again."""
        return asdict(self)


def choose() -> Ports:
    """Choose ports that nobody uses now."""
    singles: list[int] = []
    while len(singles) < 5:
        port = random.randrange(*_RANGE)
        if port not in singles and _is_free(port):
            singles.append(port)
    node, exchange = _rows()
    sip, ami, iax, far_sip, far_ami = singles
    return Ports(sip, ami, iax, node, far_sip, far_ami, exchange)


def _rows() -> tuple[int, int]:
    while True:
        first = random.randrange(_RTP_RANGE[0], _RTP_RANGE[1] - 2 * RTP_PORTS, 4)
        if all(_is_free(port) for port in range(first, first + 2 * RTP_PORTS)):
            return first, first + RTP_PORTS


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind((LOCAL, port))
            except OSError:
                return False
    return True


def _rule(protocol: str, outside: int, inside: int) -> Iterator[str]:
    yield f"hostfwd={protocol}:{LOCAL}:{outside}-{GUEST}:{inside}"
