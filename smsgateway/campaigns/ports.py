"""What campaigns ask of the rest of the system; the application connects them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class Screen(Protocol):
    """Where the present state is shown (the live hub)."""

    def put(self, entity: str, id: str, value: Mapping[str, Any]) -> None: ...  # noqa: A002

    def drop(self, entity: str, id: str) -> None: ...  # noqa: A002


class Telephone(Protocol):
    """Tells people by voice until they confirm, and keeps a ledger of it."""

    async def notify(
        self, login: str, text: str, language: str, people: Sequence[Mapping[str, str]]
    ) -> str:
        """Begin to call ``people`` (number, name; text where it is his own); return the id of the notification."""
        ...

    def is_running(self, notice_id: str) -> bool:
        """Tell whether somebody is still to be called for a notification."""
        ...


class Tasks(Protocol):
    """Opens tasks of the call desk."""

    async def call_back(self, key: str, number: str) -> str:
        """Have a citizen called back who asked for help; once for a ``key``. Return the id of the task."""
        ...


class Lines(Protocol):
    """Who talks on a line of our own switch, and breaking in under the rules of intercept."""

    def talking(self) -> Mapping[str, str]:
        """Return who talks now: number → call. Whoever may can break in there."""
        ...
