"""What became of a campaign: by state and area, and each message as a row of CSV.

Unlike the progress view this reads the messages themselves: about a second for a million, in a reader thread.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from smsgateway.model import Message, MessageState
from smsgateway.queue import repository
from smsgateway.queue.tables import batches, messages
from smsgateway.recipients.mobile import international, own_form
from smsgateway.replies import store as replies
from softswitch.csvio import write_rows
from softswitch.store.database import Database

COLUMNS = (
    "number", "name", "area", "state", "submitted_at", "done_at", "attempts", "resent", "error",
)  # fmt: skip
_PAGE = 5_000
_ERRORS = 20
_NEWEST = 20


async def report(db: Database, batch: int) -> dict[str, Any]:
    """Return the report of a batch: counts by state, by area and state, the commonest errors, the welfare board."""
    areas = await db.read(_by_area, batch)
    progress = await db.read(repository.progress, batch)
    return {
        "total": progress.total,
        "counts": {state.word: progress[state] for state in MessageState},
        "resent": progress.resent,
        "throttled": progress.throttled,
        "areas": areas,
        "errors": await db.read(_errors, batch),
        "welfare": await db.read(replies.board, batch),
    }


async def as_csv(db: Database, batch: int) -> AsyncIterator[bytes]:
    """Yield a CSV file of every message, in pages: memory does not grow with the campaign."""
    after = 0
    first = True
    while True:
        page = await db.read(repository.page, batch, after=after, limit=_PAGE)
        if first or page:
            text = write_rows(COLUMNS, map(_row, page))
            # The byte order mark and the heading stand once.
            yield text if first else text.partition(b"\r\n")[2]
        if not page:
            return
        first, after = False, page[-1].id


def _row(message: Message) -> dict[str, object]:
    return {
        "number": own_form(message.number),
        "name": message.recipient,
        "area": message.area,
        "state": message.state.word,
        "submitted_at": _time(message.submitted_at),
        "done_at": _time(message.done_at),
        "attempts": message.attempts,
        "resent": message.resent,
        "error": message.error,
    }


def _time(at: int | None) -> str:
    return "" if at is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at / 1000))


def _by_area(conn: Connection, batch: int) -> list[dict[str, Any]]:
    query = (
        select(messages.c.area, messages.c.state, func.count().label("n"))
        .where(messages.c.batch_id == batch)
        .group_by(messages.c.area, messages.c.state)
    )
    of_batch = conn.execute(select(batches.c.state).where(batches.c.id == batch)).scalar() or ""
    areas: dict[str, Counter[str]] = {}
    for row in conn.execute(query):
        state = MessageState(repository.shown(row.state, of_batch))
        areas.setdefault(row.area, Counter())[state.word] += row.n
    found = [{"area": area, "total": sum(n.values()), "counts": n} for area, n in areas.items()]
    return sorted(found, key=lambda row: (-int(str(row["total"])), str(row["area"])))


def _errors(conn: Connection, batch: int) -> list[dict[str, Any]]:
    n = func.count().label("messages")
    query = (
        select(messages.c.error, n)
        .where(messages.c.batch_id == batch, messages.c.error != "")
        .group_by(messages.c.error)
        .order_by(n.desc(), messages.c.error)
        .limit(_ERRORS)
    )
    return [dict(row) for row in conn.execute(query).mappings()]


def unreached_among(conn: Connection, batch: int, numbers: Sequence[str]) -> list[Message]:
    """Return the messages of a batch to these numbers that were not delivered."""
    found: list[Message] = []
    for number in numbers:
        if number[:1] in {"1", "+"}:
            newest = repository.last_to(conn, international(number), _NEWEST)
            found += [message for message in newest if message.batch_id == batch]
    return [message for message in found if message.state is not MessageState.DELIVERED]
