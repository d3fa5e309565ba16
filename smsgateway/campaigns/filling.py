"""Puts the messages of a campaign into the queue, in chunks.

A batch is held until everybody is in, so that a mistake can be stopped; where lives are at stake it is open from the
beginning.  If the server dies meanwhile, filling goes on and passes over who is in already.
"""

from __future__ import annotations

import asyncio
import contextlib
import zlib
from collections.abc import AsyncGenerator, Callable, Sequence

from sqlalchemy import Connection, select

from smsgateway.campaigns.model import Campaign, Plan, Rules, sent_text
from smsgateway.campaigns.personal import Letter, Letters
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
    text = sent_text(campaign.plan, rules)
    return encode(text, joining=rules.joining, reference=reference(campaign))


def reference(campaign: Campaign) -> int:
    """Return what joins the parts of its texts."""
    return zlib.crc32(campaign.id.encode())


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
        letters = Letters(plan, rules, reference(campaign)) if plan.personal else None
        body = 0
        if letters is None:
            ready, text = encoded(campaign, rules), sent_text(plan, rules)
            body = await self._db.write(repository.add_body, batch_id, ready.body(), text)
        async for page in self._pages(plan, tally):
            for first in range(0, len(page), repository.CHUNK):
                if not wanted():
                    return tally
                some = page[first : first + repository.CHUNK]
                if letters is None:
                    new = [_message(person, body) for person in some]
                    await self._db.write(_add, batch_id, new, known is not None)
                else:
                    written = await asyncio.to_thread(letters.write, some, tally)
                    await self._db.write(_add_letters, batch_id, written, known is not None)
                    some = [letter.person for letter in written]
                tally.areas.update(person.area for person in some)
        return tally

    async def count(self, plan: Plan, rules: Rules) -> Tally:
        """Return whom a campaign would reach now."""
        tally = Tally()
        letters = Letters(plan, rules, 0) if plan.personal else None
        async for page in self._pages(plan, tally):
            if letters is not None:
                written = await asyncio.to_thread(letters.write, page, tally)
                page = [letter.person for letter in written]
            tally.areas.update(person.area for person in page)
        return tally

    async def sample(self, plan: Plan, rules: Rules) -> str:
        """Return the text as the first person of the audience gets it; as it is written where nobody is there."""
        if plan.personal:
            letters = Letters(plan, rules, 0)
            pages = self._chooser.pages(plan.audience, Tally(), life_safety=True, fields=True)
            async with contextlib.aclosing(pages):
                async for page in pages:
                    return letters.text(page[0])
        return sent_text(plan, rules)

    def _pages(self, plan: Plan, tally: Tally) -> AsyncGenerator[list[Person], None]:
        life = plan.priority is Priority.LIFE_SAFETY
        return self._chooser.pages(plan.audience, tally, life_safety=life, fields=plan.personal)

    async def send_one(self, campaign: Campaign, rules: Rules, number: str, at: Millis) -> str:
        """Send the text to one number at once, as a test; return the key of its batch."""
        key = f"{campaign.id}-test-{campaign.tests}"
        batch = Batch(
            key=key, priority=Priority.URGENT, doubt=campaign.doubt, state=BatchState.HELD,
            expires_at=at + campaign.plan.validity, sender=rules.sender,
            exercise=campaign.plan.exercise,
        )  # fmt: skip
        batch_id = await self._db.write(repository.open_batch, batch, at)
        text = await self.sample(campaign.plan, rules)
        ready = encode(text, joining=rules.joining, reference=reference(campaign))
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
        present = _present(conn, batch, [message.number for message in new])
        new = [message for message in new if message.number not in present]
    return repository.add_messages(conn, batch, new)


def _add_letters(conn: Connection, batch: int, letters: Sequence[Letter], again: bool) -> int:
    """Each text is kept once in a chunk: people of one house get the same."""
    if again:
        numbers = [international(letter.person.number) for letter in letters]
        present = _present(conn, batch, numbers)
        letters = [
            letter for letter in letters if international(letter.person.number) not in present
        ]
    texts = {letter.text: letter.ready for letter in letters}
    made = [(ready.body(), text) for text, ready in texts.items()]
    ids = dict(zip(texts, repository.add_bodies(conn, batch, made), strict=True))
    new = [_message(letter.person, ids[letter.text]) for letter in letters]
    return repository.add_messages(conn, batch, new)


def _present(conn: Connection, batch: int, numbers: Sequence[str]) -> set[str]:
    here = (messages.c.batch_id == batch, messages.c.number.in_(numbers))
    return set(conn.execute(select(messages.c.number).where(*here)).scalars())
