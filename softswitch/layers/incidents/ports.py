"""What the incidents layer asks of others. They are wired in ``softswitch/app.py``; each may be missing."""

from __future__ import annotations

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
    """Sends one short message to one number; receipts come back by ``OrderService.answered``."""

    async def send(self, message_id: str, number: str, text: str) -> None:
        """Queue a message of life safety; idempotent by ``message_id``.  Raises a :class:`Refusal`."""
        ...
