"""A misbehaving SMPP centre on Twisted, with smpplib's codec: what it gets wrong, ours does not get wrong too.

    python -m smsgateway.testing.centre

It speaks JSON, one line each, on its standard input and output: see :mod:`smsgateway.testing.control`.
"""

from __future__ import annotations

import random
import struct
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from smpplib import consts, smpp
from twisted.internet import interfaces, reactor
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from smsgateway.testing.commands import serve

loop: Any = reactor


@dataclass
class Behaviour:
    """What the centre does; counts go down with each use, and at 0 it behaves."""

    delay: float = 0.0
    """Seconds before an answer."""

    silent: int = 0
    throttle: int = 0
    queue_full: int = 0
    nack: int = 0
    refuse: int = 0
    """Answers with ``status``."""

    status: int = 0x0B
    wrong_ids: int = 0
    """Answers under another sequence."""

    forget: int = 0
    """Takes the message and cuts the connection in place of an answer."""

    receipts: str = "none"
    """``none``, ``after`` or ``before`` the answer, ``held`` until asked for, ``twice``."""

    receipt_state: str = "DELIVRD"
    ids: str = "plain"
    """``plain``, or ``hex``: hexadecimal in the answer, decimal in the receipt."""

    deaf: bool = False
    """Reads, and says nothing any more: a half-open socket."""

    bind_status: int = 0


@dataclass
class Store:
    """What the centre has taken, over all connections."""

    numbers: Counter[str] = field(default_factory=Counter)
    texts: list[str] = field(default_factory=list)
    held: list[tuple[str, str]] = field(default_factory=list)
    undelivered: list[tuple[str, str, bytes, int, int]] = field(default_factory=list)
    submits: int = 0
    binds: int = 0
    enquiries: int = 0
    receipts_acknowledged: int = 0
    replies_acknowledged: int = 0
    nacks: int = 0
    in_flight: int = 0
    most_in_flight: int = 0
    ids: int = random.randrange(10_000_000, 90_000_000)


class _Sequence:
    """What smpplib wants of a client: numbers for requests."""

    def __init__(self) -> None:
        self.sequence = 0

    def next_sequence(self) -> int:
        """Return the next number."""
        self.sequence += 1
        return self.sequence


class Connection(Protocol):
    """One ESME that is connected."""

    transport: Any

    def __init__(self, centre: Centre) -> None:
        self.centre = centre
        self.store = centre.store
        self.octets = b""
        self.numbers = _Sequence()
        self.command = ""
        self.unacknowledged: dict[int, tuple[str, str, bytes, int, int]] = {}

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Answer at once."""
        self.transport.setTcpNoDelay(True)
        self.centre.connections.add(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802
        """It is gone; what it did not acknowledge goes to the next one."""
        self.centre.connections.discard(self)
        self.store.undelivered += self.unacknowledged.values()

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        """Take PDUs."""
        self.octets += data
        while len(self.octets) >= 16:
            (length,) = struct.unpack(">L", self.octets[:4])
            if length > len(self.octets):
                return
            octets, self.octets = self.octets[:length], self.octets[length:]
            self.take(smpp.parse_pdu(octets, client=self.numbers, allow_unknown_opt_params=True))

    def take(self, pdu: Any) -> None:
        """Do as the PDU asks, or as told to misbehave."""
        behaviour = self.centre.behaviour
        if behaviour.deaf:
            return
        if pdu.command.startswith("bind_") and not pdu.command.endswith("_resp"):
            self.command = pdu.command
            self.store.binds += not behaviour.bind_status
            self.answer(pdu, behaviour.bind_status, system_id="centre")
            if self in self.centre.hearers():
                undelivered, self.store.undelivered = self.store.undelivered, []
                for one in undelivered:
                    self.deliver(*one)
        elif pdu.command == "submit_sm":
            self.submitted(pdu)
        elif pdu.command in ("enquire_link", "unbind"):
            self.store.enquiries += pdu.command == "enquire_link"
            self.answer(pdu)
            if pdu.command == "unbind":
                self.transport.loseConnection()
        elif pdu.command == "deliver_sm_resp":
            self.unacknowledged.pop(pdu.sequence, None)
            if pdu.sequence in self.centre.replies:
                self.store.replies_acknowledged += 1
            else:
                self.store.receipts_acknowledged += 1
        elif pdu.command == "generic_nack":
            self.store.nacks += 1

    def submitted(self, pdu: Any) -> None:
        """Take a message, or refuse it."""
        behaviour, store = self.centre.behaviour, self.store
        store.submits += 1
        for name, status in (
            ("throttle", consts.SMPP_ESME_RTHROTTLED),
            ("queue_full", consts.SMPP_ESME_RMSGQFUL),
            ("refuse", behaviour.status),
        ):
            if self.uses(name):
                self.answer(pdu, status)
                return
        if self.uses("nack"):
            self.send(smpp.make_pdu("generic_nack", client=self.numbers, status=8), pdu.sequence)
            return
        number = pdu.destination_addr.decode()
        store.numbers[number] += 1
        if len(store.texts) < 10_000:
            store.texts.append((pdu.short_message or pdu.message_payload or b"").hex())
        if self.uses("forget"):
            self.transport.abortConnection()
            return
        store.ids += 1
        taken = f"{store.ids:X}" if behaviour.ids == "hex" else str(store.ids)
        if behaviour.receipts == "before":
            self.receipt(str(store.ids), number)
        if self.uses("silent"):
            return
        store.in_flight += 1
        store.most_in_flight = max(store.most_in_flight, store.in_flight)
        loop.callLater(behaviour.delay, self.accept, pdu, taken, str(store.ids), number)

    def accept(self, pdu: Any, taken: str, told: str, number: str) -> None:
        """Answer that the message was taken."""
        self.store.in_flight -= 1
        sequence = pdu.sequence + 1_000_000 if self.uses("wrong_ids") else pdu.sequence
        answer = smpp.make_pdu("submit_sm_resp", client=self.numbers, message_id=taken)
        self.send(answer, sequence)
        receipts = self.centre.behaviour.receipts
        if receipts == "held":
            self.store.held.append((told, number))
        elif receipts in ("after", "twice"):
            for _ in range(1 + (receipts == "twice")):
                self.receipt(told, number)

    def uses(self, name: str) -> bool:
        """Tell whether to misbehave so this time."""
        left = getattr(self.centre.behaviour, name)
        if left:
            setattr(self.centre.behaviour, name, left - 1)
        return bool(left)

    def receipt(self, told: str, number: str) -> None:
        """Tell what became of a message, over a connection that may hear it."""
        state = self.centre.behaviour.receipt_state
        text = (
            f"id:{told} sub:001 dlvrd:001 submit date:2611222200 done date:2611222200"
            f" stat:{state} err:{'000' if state == 'DELIVRD' else '012'} text:"
        )
        self.centre.deliver(number, "10690", text.encode(), esm_class=4)

    def deliver(self, source: str, to: str, text: bytes, esm_class: int, coding: int) -> int:
        """Send a deliver_sm; return its sequence."""
        pdu = smpp.make_pdu(
            "deliver_sm",
            client=self.numbers,
            source_addr=source,
            destination_addr=to,
            short_message=text,
            esm_class=esm_class,
            data_coding=coding,
        )
        self.send(pdu, sequence := self.numbers.next_sequence())
        self.unacknowledged[sequence] = (source, to, text, esm_class, coding)
        return sequence

    def answer(self, pdu: Any, status: int = 0, **fields: Any) -> None:
        """Answer a request."""
        answer = smpp.make_pdu(f"{pdu.command}_resp", client=self.numbers, status=status, **fields)
        self.send(answer, pdu.sequence)

    def send(self, pdu: Any, sequence: int) -> None:
        """Write a PDU under a sequence."""
        pdu.sequence = sequence
        if self.transport is not None and not self.centre.behaviour.deaf:
            self.transport.write(pdu.generate())


class Centre(Factory):
    """The centre: what it does, what it has taken, who is connected."""

    noisy = False

    def __init__(self) -> None:
        self.behaviour = Behaviour()
        self.store = Store()
        self.connections: set[Connection] = set()
        self.replies: set[int] = set()
        self.port: Any = None
        self.number = 0

    def buildProtocol(self, addr: interfaces.IAddress | None) -> Connection:  # noqa: N802
        """Take a connection."""
        return Connection(self)

    def listen(self) -> int:
        """Begin to listen, on the same port as before."""
        self.port = loop.listenTCP(self.number, self, interface="127.0.0.1")
        self.number = self.port.getHost().port
        return self.number

    def hearers(self) -> list[Connection]:
        """Return who may get a deliver_sm."""
        return [one for one in self.connections if one.command not in ("", "bind_transmitter")]

    def deliver(
        self, source: str, to: str, text: bytes, esm_class: int = 0, coding: int = 0
    ) -> int:
        """Send a deliver_sm to somebody."""
        for connection in self.hearers():
            return connection.deliver(source, to, text, esm_class, coding)
        self.store.undelivered.append((source, to, text, esm_class, coding))
        return 0

    # ---- what it is told to do

    def do(self, word: str, given: dict[str, Any]) -> Any:
        """Carry out one command; return its answer."""
        act = getattr(self, f"do_{word}")
        return act(**given)

    def do_set(self, **behaviour: Any) -> None:
        """Change how it behaves."""
        for name, value in behaviour.items():
            if not hasattr(self.behaviour, name):
                raise KeyError(name)
            setattr(self.behaviour, name, value)

    def do_counts(self) -> dict[str, Any]:
        """Tell what it has taken."""
        store = self.store
        return {
            "submits": store.submits,
            "messages": sum(store.numbers.values()),
            "numbers": len(store.numbers),
            "most_to_one": max(store.numbers.values(), default=0),
            "binds": store.binds,
            "enquiries": store.enquiries,
            "receipts_acknowledged": store.receipts_acknowledged,
            "replies_acknowledged": store.replies_acknowledged,
            "nacks": store.nacks,
            "connections": len(self.connections),
            "most_in_flight": store.most_in_flight,
            "held": len(store.held),
        }

    def do_texts(self) -> list[str]:
        """Tell the octets of what it has taken."""
        return self.store.texts

    def do_release(self) -> int:
        """Send the receipts that were held, the newest first."""
        held, self.store.held = self.store.held, []
        for told, number in reversed(held):
            next(iter(self.hearers())).receipt(told, number)
        return len(held)

    def do_deliver(self, source: str, to: str, text: str, headed: bool, coding: int) -> None:
        """Send a message of a phone; ``text`` in hexadecimal."""
        self.replies.add(
            self.deliver(source, to, bytes.fromhex(text), 0x40 if headed else 0, coding)
        )

    def do_raw(self, octets: str) -> None:
        """Send octets as they are."""
        for connection in self.connections:
            connection.transport.write(bytes.fromhex(octets))

    def do_unbind(self) -> None:
        """Take leave of everybody."""
        for connection in self.connections:
            pdu = smpp.make_pdu("unbind", client=connection.numbers)
            connection.send(pdu, connection.numbers.next_sequence())

    def do_cut(self) -> None:
        """Reset every connection."""
        for connection in list(self.connections):
            connection.transport.abortConnection()

    def do_stop(self) -> None:
        """Be gone: cut everything and listen no more."""
        self.port.stopListening()
        self.do_cut()

    def do_start(self) -> int:
        """Be back."""
        return self.listen()


def main() -> None:
    """Listen on a free port, say which, and serve."""
    centre = Centre()
    serve(centre, centre.listen())


if __name__ == "__main__":
    main()
