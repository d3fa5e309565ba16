"""What a conference room offers to those who act on calls: intercept and calls with precedence."""

from __future__ import annotations

from typing import Protocol

from softswitch.calls.dispatch_call import Member


class Conference(Protocol):
    """A conversation of many in one bridge: a room, with all rooms that are joined to it."""

    @property
    def key(self) -> str:
        """What it is called by while people come and go: ``room-<id>``."""

    @property
    def bridge_id(self) -> str:
        """The bridge in which all are now; it changes when rooms are joined or parted."""

    @property
    def number(self) -> str:
        """The number of the room."""

    @property
    def name(self) -> str:
        """The name of the room."""

    def members(self) -> list[Member]:
        """Who is in."""

    def call_id(self) -> str:
        """The call that its legs are on the board now; empty while nobody is in."""

    def let_go(self, channel_id: str, cause: int) -> None:
        """A leg is in another's hands from now on: it is taken out of the books of the room and not rung again."""

    def let_all_go(self, cause: int, kept: str | None = None) -> list[str]:
        """The same for all but one, and stop ringing who is not in yet; return the legs that were in."""
