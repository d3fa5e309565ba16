"""What the engine does beside its turns: after a start, after doubt, at the end of a validity, after a cancel.

Each function does a bounded piece in one transaction and tells whether there is more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from smsgateway.model import BatchState, DoubtPolicy, MessageState, Priority
from smsgateway.queue.receipts import json_rows
from smsgateway.queue.repository import RESENT
from smsgateway.queue.work import ACCEPTED, PARTS, Work
from softswitch.clock import Millis

PIECE = 5_000
"""Rows in one transaction: some 30 ms."""

SWEPT = 1_000
"""Rows of a cancelled batch in one transaction: all their indexes change, and what goes out waits behind it."""

_Q, _L, _S, _T, _D = (
    int(MessageState.QUEUED),
    int(MessageState.LEASED),
    int(MessageState.SUBMITTING),
    int(MessageState.SUBMITTED),
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


@dataclass(frozen=True, slots=True)
class Left:
    """What the gateway before this one left."""

    leased: int = 0
    doubtful: int = 0
    answered: int = 0
    """Answers that it had and could not write down."""


def recover(
    work: Work,
    at: Millis,
    doubt_until: Millis,
    out: Collection[tuple[int, int]] | None = None,
    answered: Mapping[tuple[int, int], str] | None = None,
) -> Left:
    """After a start: what was leased waits again, what was out is in doubt.

    ``out`` and ``answered`` (message, part) tell what is known of the wire; None: nothing, and everything that was
    being submitted is in doubt.
    """
    counts: Counter[tuple[int, int]] = Counter()
    leased = json_rows(work.one(_PER_BATCH, state=_L))
    for batch, n in leased:
        counts[batch, _L] -= n
        counts[batch, _Q] += n
    work.one(_UNLEASE)
    taken, doubtful, unsent = _judge(work, out, answered or {}, at)
    for rows, after in ((taken, _T), (doubtful, _D), (unsent, _Q)):
        for _, batch in rows:
            counts[batch, _S] -= 1
            counts[batch, after] += 1
    work.ids(_DOUBT, [message for message, _ in doubtful], due=doubt_until)
    work.ids(_UNSENT, [message for message, _ in unsent])
    # Receipts are to come again for those that were in doubt before, too.
    work.one(_DOUBT_AGAIN, due=doubt_until)
    work.count(counts)
    return Left(sum(n for _, n in leased), len(doubtful), len(taken))


def begin_life(work: Work, life: str) -> str:
    """Note who writes from now on; return who did before, empty when nobody did."""
    rows = work.one("SELECT life FROM sms_lives WHERE id = 1")
    work.one(_LIFE, life=life)
    return str(rows[0][0]) if rows else ""


_LIFE = (
    "INSERT INTO sms_lives (id, life) VALUES (1, :life)"
    " ON CONFLICT (id) DO UPDATE SET life = excluded.life"
)
_Judged = list[tuple[int, int]]
"""(message, batch)"""


def _judge(
    work: Work,
    out: Collection[tuple[int, int]] | None,
    answered: Mapping[tuple[int, int], str],
    at: Millis,
) -> tuple[_Judged, _Judged, _Judged]:
    """Return what was submitting as taken by the centre, in doubt, and surely not sent."""
    taken: _Judged = []
    doubtful: _Judged = []
    unsent: _Judged = []
    rows = json_rows(work.one(_SUBMITTING))
    if out is None:
        return taken, [(message, batch) for message, batch, _ in rows], unsent
    accepted, parts = [], []
    lost = {message for message, _ in out}
    done = Counter(message for message, _ in json_rows(work.ids(_PARTS, [row[0] for row in rows])))
    for message, batch, count in rows:
        known = [(p, i) for p in range(count) if (i := answered.get((message, p)))]
        if count > 1:
            parts += [(message, part, smsc_id) for part, smsc_id in known]
        if message in lost:
            doubtful.append((message, batch))
        elif len(known) + done[message] >= count:
            accepted.append((message, known[0][1] if count == 1 else None))
            taken.append((message, batch))
        else:
            unsent.append((message, batch))
    work.rows(PARTS, parts)
    work.rows(ACCEPTED, accepted, at=at)
    return taken, doubtful, unsent


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
        for row in json_rows(work.one(question, batch=batch, limit=SWEPT))
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
_SUBMITTING = (
    "SELECT {agg}m.id, m.batch_id, b.parts{end} FROM"
    " (SELECT * FROM sms_messages WHERE state = {SUBMITTING} AND {open}) AS m"
    " JOIN sms_bodies AS b ON b.id = m.body_id"
)
_PARTS = "SELECT {agg}message_id, part{end} FROM sms_parts WHERE message_id IN {ids}"
_DOUBT = (
    "UPDATE sms_messages SET state = {IN_DOUBT}, due_at = :due, attempts = attempts + 1"
    " WHERE id IN {ids}"
)
_UNSENT = "UPDATE sms_messages SET state = {QUEUED}, link_id = NULL WHERE id IN {ids}"
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
