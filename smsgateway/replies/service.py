"""Reads what came in, once each: joins long answers, understands them, keeps the welfare board, opens tasks.

An answer and the cursor behind it are one transaction.  The task for one who needs help is opened after it, under
an id made of the answer: a crash between the two opens it later, and never twice.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import Connection

from smsgateway.campaigns import store as campaigns
from smsgateway.campaigns.events import HelpAsked
from smsgateway.campaigns.ports import Tasks
from smsgateway.model import Inbound, Message
from smsgateway.queue import repository
from smsgateway.recipients import store as recipients
from smsgateway.recipients.mobile import international, sender
from smsgateway.replies import store
from smsgateway.replies.model import Meaning, meaning_of
from smsgateway.text.headers import split, text_of
from softswitch.clock import Clock, Millis, now
from softswitch.store.database import Database
from softswitch.store.event_log import append

log = logging.getLogger(__name__)

LONGEST_WAIT: Millis = 120_000
"""So long the other parts of a long answer are waited for."""

STEP = 200
ANSWERS_WITHIN: Millis = 7 * 24 * 3_600_000
_LONGEST = 4_000


Answered = Callable[[str, str, Millis], Awaitable[object]]
"""Takes the number (in its one form), the text and the instant of an answer."""


class Replies:
    """``look`` reads what is new; call it now and then."""

    def __init__(self, db: Database, queue: Database, tasks: Tasks, clock: Clock = now) -> None:
        self._db = db
        self._queue = queue
        self._tasks = tasks
        self._clock = clock
        self.heard: Callable[[int], None] = lambda _count: None
        self.answered: Answered = _nobody_listens
        """Who else is told of each answer; at least once, so a repeat must be harmless."""

    async def look(self) -> int:
        """Read what is new; return how many answers that made."""
        made = 0
        while True:
            read, answers = await self._queue.write(_read_some, self._clock())
            made += answers
            if read < STEP:
                break
        made += await self._queue.write(_give_up_waiting, self._clock() - LONGEST_WAIT)
        await self._open_tasks()
        await self._pass_on()
        if made:
            self.heard(made)
        return made

    async def _open_tasks(self) -> None:
        for row in await self._queue.read(store.without_task):
            task_id = await self._tasks.call_back(f"sms-{row['id']}", row["number"])
            campaign = await self._campaign_of(row["batch_id"])
            incident = await self._db.read(_incident_of, campaign)
            fact = HelpAsked(campaign, row["at"], row["number"], row["text"], incident)
            await self._db.write(_tell, fact)
            await self._queue.write(store.put_task, row["id"], task_id)

    async def _pass_on(self) -> None:
        while rows := await self._queue.read(store.to_pass_on):
            for row in rows:
                await self.answered(row["number"], row["text"], row["at"])
            await self._queue.write(store.passed_on, [row["id"] for row in rows])

    async def _campaign_of(self, batch: int | None) -> str:
        return "" if batch is None else await self._queue.read(store.campaign_of, batch)


async def _nobody_listens(_number: str, _text: str, _at: Millis) -> None:
    return


def _tell(conn: Connection, fact: HelpAsked) -> None:
    append(conn, fact, at=fact.at)


def _incident_of(conn: Connection, campaign_id: str) -> str:
    campaign = campaigns.one(conn, campaign_id) if campaign_id else None
    return campaign.plan.incident_id if campaign is not None else ""


def _read_some(conn: Connection, at: Millis) -> tuple[int, int]:
    """Read some short messages; return how many, and how many answers were complete with them."""
    found = repository.inbound_after(conn, store.read_to(conn), STEP)
    answers = sum(_take(conn, each, at) for each in found)
    if found:
        store.move(conn, found[-1].id)
    return len(found), answers


def _take(conn: Connection, one: Inbound, at: Millis) -> bool:
    received = split(one.octets, one.headed)
    text, part = text_of(received, one.coding), received.part_of
    number = sender(one.number)
    if part is None or part.total == 1:
        _keep(conn, one.id, number, text, one.at)
        return True
    row = {
        "inbound_id": one.id, "number": number, "reference": part.reference,
        "parts": part.total, "part": part.place, "text": text, "at": at,
    }  # fmt: skip
    parts = store.keep_part(conn, row)
    if parts:
        _keep_joined(conn, parts)
    return bool(parts)


def _give_up_waiting(conn: Connection, before: Millis) -> int:
    late = store.overdue_parts(conn, before)
    for parts in late:
        _keep_joined(conn, parts)
    return len(late)


def _keep_joined(conn: Connection, parts: list[dict[str, Any]]) -> None:
    first = min(part["inbound_id"] for part in parts)
    text, place = "", 1
    for part in parts:
        text += "…" * (part["part"] > place) + part["text"]
        place = part["part"] + 1
    text += "…" * (place <= parts[-1]["parts"])
    _keep(conn, first, parts[0]["number"], text, parts[0]["at"])


def _keep(conn: Connection, reply_id: int, number: str, text: str, at: Millis) -> None:
    asked = _answered(conn, number, at)
    meaning = meaning_of(text)
    if meaning is Meaning.OPT_OUT:
        recipients.block(conn, number, "opt_out", text[:200], "", at)
    row = {
        "id": reply_id, "number": number, "text": text[:_LONGEST], "meaning": meaning.value,
        "name": asked.recipient if asked else "", "area": asked.area if asked else "",
        "batch_id": asked.batch_id if asked else None, "at": at, "task_id": "", "seen_by": "",
    }  # fmt: skip
    store.add(conn, row)


def _answered(conn: Connection, number: str, at: Millis) -> Message | None:
    """Return the message that an answer belongs to: the newest that went to this number within a week."""
    digits = international(number) if number[:1] in "+1" else number
    went = (one for one in repository.last_to(conn, digits) if one.submitted_at is not None)
    newest = next(went, None)
    if newest is None or (newest.submitted_at or 0) < at - ANSWERS_WITHIN:
        return None
    return newest
