"""Puts the messages of a campaign into the queue, in chunks.

A batch is held until everybody is in, so that a mistake can be stopped; where lives are at stake it is open from the
beginning.  If the server dies meanwhile, filling goes on and passes over who is in already.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence

from sqlalchemy import Connection, select

from smsgateway.campaigns.model import Campaign, Rules, sent_text
from smsgateway.model import Batch, BatchState, NewMessage, Priority
from smsgateway.queue import repository
from smsgateway.queue.tables import messages
from smsgateway.recipients.audience import Chooser
from smsgateway.recipients.mobile import international
from smsgateway.recipients.model import Tally
from smsgateway.recipients.rows import Person
from smsgateway.text.segments import Encoded, encode
from softswitch.clock import Millis
from softswitch.store.database import Database


def encoded(campaign: Campaign, rules: Rules) -> Encoded:
    """Return the text of a campaign in parts; another campaign to the same phone has another reference."""
    reference = zlib.crc32(campaign.id.encode())
    return encode(sent_text(campaign.plan, rules), joining=rules.joining, reference=reference)


class Filler:
    """Fills batches."""

    def __init__(self, db: Database, chooser: Chooser) -> None:
        self._db = db
        self._chooser = chooser

    async def fill(
        self, campaign: Campaign, rules: Rules, at: Millis, wanted: Callable[[], bool]
    ) -> Tally:
        """Make the batch ``campaign.batch`` and put everybody in, as long as it is ``wanted``."""
        plan, tally = campaign.plan, Tally()
        key = campaign.batch
        known = await self._db.read(repository.batch_id, key)
        batch_id = await self._db.write(repository.open_batch, self._batch(campaign, rules), at)
        ready, text = encoded(campaign, rules), sent_text(plan, rules)
        body = await self._db.write(repository.add_body, batch_id, ready.body(), text)
        life = plan.priority is Priority.LIFE_SAFETY
        async for page in self._chooser.pages(plan.audience, tally, life_safety=life):
            tally.areas.update(person.area for person in page)
            new = [_message(person, body) for person in page]
            for first in range(0, len(new), repository.CHUNK):
                if not wanted():
                    return tally
                some = new[first : first + repository.CHUNK]
                await self._db.write(_add, batch_id, some, known is not None)
        return tally

    async def send_one(self, campaign: Campaign, rules: Rules, number: str, at: Millis) -> str:
        """Send the text to one number at once, as a test; return the key of its batch."""
        key = f"{campaign.id}-test-{campaign.tests}"
        batch = Batch(
            key=key, priority=Priority.URGENT, doubt=campaign.doubt, state=BatchState.HELD,
            expires_at=at + campaign.plan.validity, sender=rules.sender,
            exercise=campaign.plan.exercise,
        )  # fmt: skip
        batch_id = await self._db.write(repository.open_batch, batch, at)
        ready, text = encoded(campaign, rules), sent_text(campaign.plan, rules)
        body = await self._db.write(repository.add_body, batch_id, ready.body(), text)
        message = NewMessage(international(number), body, "", "")
        await self._db.write(repository.add_messages, batch_id, [message])
        await self._db.write(repository.set_state, key, BatchState.OPEN)
        return key

    def _batch(self, campaign: Campaign, rules: Rules) -> Batch:
        plan = campaign.plan
        life = plan.priority is Priority.LIFE_SAFETY
        state = BatchState.OPEN if life else BatchState.HELD
        return Batch(
            key=campaign.batch, priority=plan.priority, doubt=campaign.doubt,
            state=state, starts_at=campaign.began_at or 0,
            expires_at=campaign.expires_at, sender=rules.sender, exercise=plan.exercise,
        )  # fmt: skip


def _message(person: Person, body: int) -> NewMessage:
    return NewMessage(international(person.number), body, person.name, person.area)


def _add(conn: Connection, batch: int, new: Sequence[NewMessage], again: bool) -> int:
    if again:
        numbers = [message.number for message in new]
        here = (messages.c.batch_id == batch, messages.c.number.in_(numbers))
        present = set(conn.execute(select(messages.c.number).where(*here)).scalars())
        new = [message for message in new if message.number not in present]
    return repository.add_messages(conn, batch, new)
