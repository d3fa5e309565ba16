"""What the incidents layer asks of others. They are wired in ``softswitch/app.py``; each may be missing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol


class Telephone(Protocol):
    """Tells one person by telephone until he confirms with key 1."""

    async def tell(
        self, login: str, order_id: str, text: str, number: str, name: str, deputy: str
    ) -> None:
        """Begin.  What comes of it arrives as facts ``notice.person`` with ``notice_id`` = ``order_id``.

        Idempotent by ``order_id``: an order that was begun is not begun again.  Raises a :class:`Refusal` for
        what cannot be called.
        """
        ...


class ShortMessages(Protocol):
    """Sends one short message to one number; answers come back by ``OrderService.answered``."""

    def number(self, text: str) -> str:
        """Return the one form of a number, in which its answers come; raises a :class:`Refusal` (``bad_mobile``)."""
        ...

    async def ready(self) -> bool:
        """Tell whether there is a link to some message centre."""
        ...

    async def send(self, message_id: str, number: str, text: str) -> None:
        """Queue a message of life safety; idempotent by ``message_id``.  Raises a :class:`Refusal`."""
        ...

    async def lost(self, message_ids: Collection[str]) -> Mapping[str, str]:
        """Return which of these messages will not arrive any more, with the reason."""
        ...
