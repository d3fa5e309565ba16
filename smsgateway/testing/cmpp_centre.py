"""A CMPP 3.0 gateway of a carrier, for tests: written on its own, from the tables of the specification alone.

    python -m smsgateway.testing.cmpp_centre

It understands the commands of :mod:`smsgateway.testing.control`, as far as CMPP has what they ask for.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any

from twisted.internet import interfaces, reactor
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from smsgateway.testing.commands import serve

loop: Any = reactor
SECRET = b"secret"
_IDS = 0x0123_4567_0000_0000
_DESTINATION = 8 + 4 + 10 + 1 + 32 + 4 + 6 + 2 + 6 + 17 + 17 + 21  # octets before DestUsr_tl


class Connection(Protocol):
    """One service provider."""

    transport: Any

    def __init__(self, centre: Centre) -> None:
        self.centre = centre
        self.octets = b""
        self.sequence = 0

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """It is there."""
        self.transport.setTcpNoDelay(True)
        self.centre.connections.add(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802
        """It is gone."""
        self.centre.connections.discard(self)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        """Take PDUs."""
        self.octets += data
        while len(self.octets) >= 12:
            length = int.from_bytes(self.octets[:4])
            if len(self.octets) < length:
                return
            pdu, self.octets = self.octets[:length], self.octets[length:]
            self.take(int.from_bytes(pdu[4:8]), pdu[8:12], pdu[12:])

    def take(self, command: int, sequence: bytes, body: bytes) -> None:
        """Do as asked."""
        centre = self.centre
        if centre.behaviour["deaf"]:
            return
        if command == 1:
            right = hashlib.md5(
                body[:6] + bytes(9) + SECRET + b"%010d" % int.from_bytes(body[23:27]),
                usedforsecurity=False,
            ).digest()
            status = 0 if body[6:22] == right else 3
            centre.counts["binds"] += not status
            self.send(0x80000001, sequence, status.to_bytes(4) + bytes(16) + b"\x30")
        elif command == 4:
            self.submitted(sequence, body)
        elif command == 8:
            self.send(0x80000008, sequence, b"\0")
        elif command == 2:
            self.send(0x80000002, sequence, b"")
            self.transport.loseConnection()
        elif command == 0x80000005:
            centre.counts["receipts_acknowledged"] += 1

    def submitted(self, sequence: bytes, body: bytes) -> None:
        """Take a message, or refuse it."""
        centre = self.centre
        centre.counts["submits"] += 1
        if centre.uses("throttle"):
            self.send(0x80000004, sequence, bytes(8) + (8).to_bytes(4))
            return
        if centre.uses("refuse"):
            self.send(0x80000004, sequence, bytes(8) + centre.behaviour["status"].to_bytes(4))
            return
        at = _DESTINATION + 1
        number = body[at : at + 32].rstrip(b"\0")
        length = body[at + 33]
        centre.numbers[number.decode()] += 1
        centre.texts.append(body[at + 34 : at + 34 + length].hex())
        if centre.uses("silent"):
            return
        centre.ids += 1
        name = centre.ids.to_bytes(8)
        loop.callLater(centre.behaviour["delay"], self.send, 0x80000004, sequence, name + bytes(4))
        if centre.behaviour["receipts"] == "after":
            loop.callLater(centre.behaviour["delay"], self.report, name, number)

    def report(self, name: bytes, number: bytes) -> None:
        """Send a status report."""
        stat = self.centre.behaviour["receipt_state"].encode().ljust(7, b"\0")
        content = name + stat + b"2611222200" * 2 + number.ljust(32, b"\0") + bytes(4)
        self.deliver(number, b"10690", content, 0, False, True)

    def deliver(
        self, source: bytes, to: bytes, text: bytes, fmt: int, headed: bool, is_report: bool
    ) -> None:
        """Send a CMPP_DELIVER."""
        self.sequence += 1
        body = (
            self.sequence.to_bytes(8) + to.ljust(21, b"\0") + bytes(10) + b"\0"
            + bytes((headed, fmt)) + source.ljust(32, b"\0") + b"\0"
            + bytes((is_report, len(text))) + text + bytes(20)
        )  # fmt: skip
        self.send(5, self.sequence.to_bytes(4), body)

    def send(self, command: int, sequence: bytes, body: bytes) -> None:
        """Write a PDU."""
        if self.transport is not None and not self.centre.behaviour["deaf"]:
            head = (12 + len(body)).to_bytes(4) + command.to_bytes(4) + sequence
            self.transport.write(head + body)


class Centre(Factory):
    """The gateway of the carrier."""

    noisy = False

    def __init__(self) -> None:
        self.behaviour: dict[str, Any] = {
            "delay": 0.0, "silent": 0, "throttle": 0, "refuse": 0, "status": 5, "deaf": False,
            "receipts": "none", "receipt_state": "DELIVRD",
        }  # fmt: skip
        self.connections: set[Connection] = set()
        self.numbers: Counter[str] = Counter()
        self.texts: list[str] = []
        self.counts: Counter[str] = Counter()
        self.ids = _IDS

    def buildProtocol(self, addr: interfaces.IAddress | None) -> Connection:  # noqa: N802
        """Take a connection."""
        return Connection(self)

    def uses(self, name: str) -> bool:
        """Tell whether to misbehave so this time."""
        left = self.behaviour[name]
        self.behaviour[name] = max(0, left - 1)
        return bool(left)

    def do(self, word: str, given: dict[str, Any]) -> Any:
        """Carry out one command; return its answer."""
        if word == "set":
            unknown = given.keys() - self.behaviour.keys()
            if unknown:
                raise KeyError(unknown)
            self.behaviour |= given
        elif word == "counts":
            return {
                **self.counts,
                "messages": sum(self.numbers.values()),
                "numbers": len(self.numbers),
            }
        elif word == "texts":
            return self.texts
        else:
            self.act(word, given)
        return None

    def act(self, word: str, given: dict[str, Any]) -> None:
        """Do something to everybody who is connected."""
        for one in list(self.connections):
            if word == "cut":
                one.transport.abortConnection()
            elif word == "unbind":
                one.send(2, (1).to_bytes(4), b"")
            elif word == "raw":
                one.transport.write(bytes.fromhex(given["octets"]))
            elif word == "deliver":
                text = bytes.fromhex(given["text"])
                source, to = given["source"].encode(), given["to"].encode()
                one.deliver(source, to, text, given["coding"], given["headed"], False)


def main() -> None:
    """Listen on a free port, say which, and serve."""
    centre = Centre()
    serve(centre, loop.listenTCP(0, centre, interface="127.0.0.1").getHost().port)


if __name__ == "__main__":
    main()
