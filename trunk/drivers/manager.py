"""What a driver asks of the connection to a node's Asterisk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol


class Manager(Protocol):
    """A connection to AMI whose account has the classes system, call, command and reporting."""

    async def act(
        self, action: str, fields: Mapping[str, str] | None = None, seconds: float = 5.0
    ) -> dict[str, str]:
        """Send an action and return its answer; raise ``softswitch.ports.ActFailed`` when it is refused."""

    async def listing(
        self, action: str, fields: Mapping[str, str] | None = None, seconds: float = 15.0
    ) -> list[dict[str, str]]:
        """Send an action that answers with a list and return it."""


Reach = Callable[[], Awaitable[Manager]]
"""Gives a connection that is up, made anew where it was cut; raises ``softswitch.ports.ActFailed``."""


async def command(manager: Manager, text: str) -> str:
    """Give Asterisk a command of its command line and return what it prints."""
    return (await manager.act("Command", {"Command": text})).get("Output", "")
