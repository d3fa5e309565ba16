"""How a centre for tests is told what to do: a line of JSON each on its standard input and output."""

from __future__ import annotations

import json
from typing import Any, Protocol

from twisted.internet import reactor, stdio
from twisted.internet.protocol import connectionDone
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure

loop: Any = reactor


class Obeys(Protocol):
    """A centre."""

    def do(self, word: str, given: Any) -> Any: ...


class Control(LineReceiver):
    """Commands on the standard input, answers on the standard output."""

    delimiter = b"\n"
    transport: Any

    def __init__(self, centre: Obeys) -> None:
        self.centre = centre

    def lineReceived(self, line: bytes) -> None:  # noqa: N802 - Twisted's name
        """Carry out a command."""
        word, given = json.loads(line)
        self.say(self.centre.do(word, given))

    def say(self, value: Any) -> None:
        """Answer in one line."""
        self.transport.write(json.dumps(value).encode() + b"\n")

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802
        """Who started it is gone: end."""
        if loop.running:
            loop.stop()


def serve(centre: Obeys, port: int) -> None:
    """Say on which port a centre listens, and let it work until who started it is gone."""
    control = Control(centre)
    stdio.StandardIO(control)  # type: ignore[no-untyped-call]
    control.say(port)
    loop.run()
