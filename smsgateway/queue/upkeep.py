"""What the engine does beside its turns: after a start, after doubt, at the end of a validity, after a cancel.

Each function does a bounded piece in one transaction and tells whether there is more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from smsgateway.model import BatchState, DoubtPolicy, MessageState, Priority
from smsgateway.queue.receipts import json_rows
from smsgateway.queue.repository import RESENT
from smsgateway.queue.work import Work
from softswitch.clock import Millis

PIECE = 5_000
"""Rows in one transaction: some 30 ms."""

_Q, _L, _S, _D = (
    int(MessageState.QUEUED),
    int(MessageState.LEASED),
    int(MessageState.SUBMITTING),
    int(MessageState.IN_DOUBT),
)


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """A batch as the engine needs it."""

    id: int
    key: str
    priority: Priority
    doubt: DoubtPolicy
    state: BatchState
    starts_at: Millis
    expires_at: Millis | None
    sender: str
    receipts: bool
    exercise: bool
    decision: str
    routes: tuple[str, ...]


def recover(work: Work, at: Millis, doubt_until: Millis) -> tuple[int, int]:
    """After a start: what was leased waits again, what was being submitted is in doubt. Return both counts."""
    counts: Counter[tuple[int, int]] = Counter()
    totals = []
    for before, after in ((_L, _Q), (_S, _D)):
        rows = json_rows(work.one(_PER_BATCH, state=before))
        for batch, n in rows:
            counts[batch, before] -= n
            counts[batch, after] += n
        totals.append(sum(n for _, n in rows))
    work.one(_UNLEASE)
    work.one(_DOUBT, due=doubt_until)
    # Receipts are to come again for those that were in doubt before, too.
    work.one(_DOUBT_AGAIN, due=doubt_until)
    work.count(counts)
    return totals[0], totals[1]


def open_batches(work: Work) -> list[OpenBatch]:
    """Return every batch of which something may still have to be done, the most urgent first."""
    routes: dict[int, list[str]] = {}
    for batch, route in json_rows(work.one(_ROUTES)):
        routes.setdefault(batch, []).append(route)
    return [
        OpenBatch(
            key, name, Priority(priority), DoubtPolicy(doubt), BatchState(state), starts, expires,
            sender, bool(receipts), bool(exercise), decision, tuple(routes.get(key, ())),
        )
        for (
            key, name, priority, doubt, state, starts, expires, sender, receipts, exercise, decision,
        ) in json_rows(work.one(_BATCHES))
    ]  # fmt: skip


def mark_swept(work: Work) -> None:
    """Pass over batches from now on of which nothing waits; whoever adds to one opens it again."""
    work.one(_SWEPT)


def sweep(work: Work, batch: int, after: MessageState, error: str, at: Millis) -> int:
    """Move a piece of what waits in a batch to ``CANCELLED`` or ``EXPIRED``; return how many."""
    # Two questions, because each has its own index: one over both would read the whole batch each time.
    ids = [
        row[0]
        for question in (_WAITING, _PUT_OFF)
        for row in json_rows(work.one(question, batch=batch, limit=PIECE))
    ]
    work.ids(_END, ids, state=int(after), error=error, at=at)
    work.count({(batch, _Q): -len(ids), (batch, int(after)): len(ids)})
    return len(ids)


def due(work: Work, at: Millis) -> bool:
    """Let a piece of what was put off come back to the queue; tell whether there was any."""
    ids = [row[0] for row in json_rows(work.one(_DUE, at=at, limit=PIECE))]
    work.ids(_NOW, ids)
    return bool(ids)


def resend_doubtful(work: Work, batches: Collection[int], at: Millis) -> int:
    """Queue messages again that no receipt settled in time; each may become a duplicate, and is counted as such."""
    return _settle_doubtful(work, batches, at, _RESEND, _Q, resent=True)


def give_up_doubtful(work: Work, batches: Collection[int], at: Millis) -> int:
    """Call messages in doubt failed, as somebody decided."""
    return _settle_doubtful(work, batches, at, _GIVE_UP, int(MessageState.FAILED), resent=False)


def _settle_doubtful(
    work: Work, batches: Collection[int], at: Millis, statement: str, after: int, *, resent: bool
) -> int:
    rows = json_rows(work.ids(_DOUBTFUL, batches, at=at, limit=PIECE))
    work.ids(statement, [row[0] for row in rows], **({} if resent else {"at": at}))
    counts: Counter[tuple[int, int]] = Counter()
    for _, batch in rows:
        counts[batch, _D] -= 1
        counts[batch, after] += 1
        if resent:
            counts[batch, RESENT] += 1
    work.count(counts)
    return len(rows)


def forget_receipts(work: Work, before: Millis) -> None:
    """Remove receipts that found no message for so long that they never will."""
    work.one(_FORGET, before=before)
    work.receipts.look_again()


_PER_BATCH = (
    "SELECT {agg}batch_id, n{end} FROM (SELECT batch_id, count(*) AS n FROM sms_messages"
    " WHERE state = :state AND {open} GROUP BY batch_id) AS found"
)
_UNLEASE = "UPDATE sms_messages SET state = {QUEUED} WHERE state = {LEASED} AND {open}"
_DOUBT = (
    "UPDATE sms_messages SET state = {IN_DOUBT}, due_at = :due, attempts = attempts + 1"
    " WHERE state = {SUBMITTING} AND {open}"
)
_DOUBT_AGAIN = (
    "UPDATE sms_messages SET due_at = :due WHERE state = {IN_DOUBT} AND {open} AND due_at < :due"
)
_ROUTES = (
    "SELECT {agg}batch_id, route{end} FROM sms_batch_routes"
    " WHERE batch_id IN (SELECT id FROM sms_batches WHERE NOT swept)"
)
_BATCHES = (
    "SELECT {agg}id, key, priority, doubt, state, starts_at, expires_at, sender, receipts,"
    " exercise, decision{end} FROM (SELECT * FROM sms_batches WHERE NOT swept"
    " ORDER BY priority, id) AS open_batches"
)
_SWEPT = (
    "UPDATE sms_batches SET swept = true WHERE NOT swept AND state <> 'held' AND NOT EXISTS"
    " (SELECT 1 FROM sms_counts AS c WHERE c.batch_id = sms_batches.id AND c.n > 0"
    " AND c.state IN ({QUEUED}, {LEASED}, {SUBMITTING}, {IN_DOUBT}))"
)
_WAITING = (
    "SELECT {agg}id{end} FROM (SELECT id FROM sms_messages WHERE state = {QUEUED}"
    " AND due_at IS NULL AND batch_id = :batch LIMIT :limit) AS waiting"
)
_PUT_OFF = (
    "SELECT {agg}id{end} FROM (SELECT id FROM sms_messages WHERE state = {QUEUED}"
    " AND due_at IS NOT NULL AND batch_id = :batch LIMIT :limit) AS waiting"
)
_END = (
    "UPDATE sms_messages SET state = :state, error = :error, done_at = :at, due_at = NULL"
    " WHERE id IN {ids}"
)
_DUE = (
    "SELECT {agg}id{end} FROM (SELECT id FROM sms_messages WHERE state = {QUEUED}"
    " AND due_at IS NOT NULL AND due_at <= :at LIMIT :limit) AS due"
)
_NOW = "UPDATE sms_messages SET due_at = NULL WHERE id IN {ids}"
_DOUBTFUL = (
    "SELECT {agg}id, batch_id{end} FROM (SELECT id, batch_id FROM sms_messages"
    " WHERE state = {IN_DOUBT} AND {open} AND due_at <= :at AND batch_id IN {ids} LIMIT :limit) AS doubtful"
)
_RESEND = (
    "UPDATE sms_messages SET state = {QUEUED}, due_at = NULL, link_id = NULL, resent = resent + 1"
    " WHERE id IN {ids}"
)
_GIVE_UP = (
    "UPDATE sms_messages SET state = {FAILED}, due_at = NULL,"
    " error = 'in_doubt', done_at = :at WHERE id IN {ids}"
)
_FORGET = "DELETE FROM sms_receipts WHERE at < :before"
