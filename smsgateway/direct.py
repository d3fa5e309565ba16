"""Single messages of life safety, such as orders to units: one text to one number, at once and without a campaign.

A message is known by the key that its asker chose before the act: a repeat sends nothing again, and whoever asks later
what became of it asks by the same key.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection

from sqlalchemy import Connection, select

from smsgateway.campaigns.model import MINUTE, Plan, Rules, nobody_left, sent_text
from smsgateway.links import store as links
from smsgateway.model import (
    DIRECT,
    Batch,
    BatchState,
    DoubtPolicy,
    MessageState,
    NewMessage,
    Priority,
)
from smsgateway.queue import repository
from smsgateway.queue.tables import batches, messages
from smsgateway.recipients import store as recipients
from smsgateway.recipients.mobile import international, mobile
from smsgateway.recipients.model import Audience
from smsgateway.text.segments import Encoded, encode
from softswitch.clock import Clock, Millis, now
from softswitch.store.database import Database

VALIDITY: Millis = 4 * 60 * MINUTE
_LOST = (MessageState.FAILED, MessageState.EXPIRED, MessageState.CANCELLED)


class Direct:
    """Sends single messages under the rules that hold for all."""

    def __init__(self, queue: Database, rules: Callable[[], Rules], clock: Clock = now) -> None:
        self._queue = queue
        self._rules = rules
        self._clock = clock

    async def ready(self) -> bool:
        """Tell whether some link is there that carries what is no exercise."""
        present = await self._queue.read(links.every)
        return any(link.config.enabled and not link.config.exercise for link in present)

    async def send(self, key: str, number: str, text: str) -> None:
        """Queue ``text`` for ``number``, once for a ``key`` of at most 32 characters.

        Refuses a number that no short message reaches (``bad_mobile``), one that is on the blacklist
        (``nobody_left``; who opted out is told of orders), and a text that cannot be sent.
        """
        typed = mobile(number)
        kinds = await self._queue.read(recipients.blocked_among, [str(typed)])
        if kinds.get(typed) == "blacklist":
            raise nobody_left()
        rules, at = self._rules(), self._clock()
        shown = sent_text(Plan("", text, Audience(), Priority.LIFE_SAFETY), rules)
        ready = encode(shown, joining=rules.joining, reference=zlib.crc32(key.encode()))
        batch = Batch(
            key=DIRECT + key, priority=Priority.LIFE_SAFETY, doubt=DoubtPolicy.RESEND,
            starts_at=at, expires_at=at + VALIDITY, sender=rules.sender,
        )  # fmt: skip
        await self._queue.write(_put, batch, ready, shown, international(typed), at)

    async def lost(self, keys: Collection[str]) -> dict[str, str]:
        """Return which of these messages will not arrive any more, with the reason."""
        return await self._queue.read(_lost, keys)


def _put(
    conn: Connection, batch: Batch, ready: Encoded, shown: str, number: str, at: Millis
) -> None:
    """Put the message in and open its batch in one transaction: it is there whole or not at all."""
    if repository.batch_id(conn, batch.key) is not None:
        return
    batch_id = repository.open_batch(conn, batch, at)
    body = repository.add_body(conn, batch_id, ready.body(), shown)
    repository.add_messages(conn, batch_id, [NewMessage(number, body)])
    repository.set_state(conn, batch.key, BatchState.OPEN)


def _lost(conn: Connection, keys: Collection[str]) -> dict[str, str]:
    query = (
        select(batches.c.key, messages.c.state, messages.c.error)
        .join(messages, messages.c.batch_id == batches.c.id)
        .where(batches.c.key.in_([DIRECT + key for key in keys]))
        .where(messages.c.state.in_([int(state) for state in _LOST]))
    )
    return {
        str(row.key).removeprefix(DIRECT): row.error or MessageState(row.state).word
        for row in conn.execute(query)
    }
