"""The engine's own statements: what a turn does in its transaction. ``run`` is one SQL statement at a time.

If the process dies before the commit nothing of the turn is there: messages that were leased are queued again, and
what was not ``submitting`` was not sent.  If it dies after, all of it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import orjson

from smsgateway.model import Body, MessageState
from smsgateway.port import Reply
from smsgateway.queue.dialect import Dialect
from smsgateway.queue.receipts import ReceiptBook, json_rows
from smsgateway.queue.turn import Lease, LeasedRow, Turn, TurnResult
from softswitch.clock import Millis

Run = Callable[[str, Mapping[str, Any]], Sequence[Sequence[Any]]]
"""Runs one statement with named parameters and returns its rows, if any."""

_Q, _L, _S, _T, _D = (
    int(state)
    for state in (
        MessageState.QUEUED,
        MessageState.LEASED,
        MessageState.SUBMITTING,
        MessageState.SUBMITTED,
        MessageState.IN_DOUBT,
    )
)

_SUBMITTING = (
    "UPDATE sms_messages SET state = {SUBMITTING}, link_id = {i1} FROM {rows}"
    " WHERE sms_messages.id = {i0}"
)
ACCEPTED = (
    "UPDATE sms_messages SET state = {SUBMITTED}, smsc_id = {t1}, submitted_at = :at,"
    " attempts = attempts + 1, error = '' FROM {rows} WHERE sms_messages.id = {i0}"
)
_REQUEUED = (
    "UPDATE sms_messages SET state = {QUEUED}, due_at = {i1}, link_id = NULL,"
    " attempts = attempts + {i2} FROM {rows} WHERE sms_messages.id = {i0}"
)
_FAILED = (
    "UPDATE sms_messages SET state = {FAILED}, error = {t1}, done_at = :at,"
    " attempts = attempts + 1 FROM {rows} WHERE sms_messages.id = {i0}"
)
_DOUBTFUL = (
    "UPDATE sms_messages SET state = {IN_DOUBT}, due_at = {i1}, attempts = attempts + 1"
    " FROM {rows} WHERE sms_messages.id = {i0}"
)
_RETURNED = "UPDATE sms_messages SET state = {QUEUED} WHERE id IN {ids}"
PARTS = (
    "INSERT INTO sms_parts (message_id, part, state, smsc_id) SELECT {i0}, {i1}, {SUBMITTED}, {t2}"
    " FROM {rows} WHERE true ON CONFLICT (message_id, part)"
    " DO UPDATE SET state = excluded.state, smsc_id = excluded.smsc_id"
)
_COUNTS = (
    "INSERT INTO sms_counts (batch_id, state, n) SELECT {i0}, {i1}, {i2} FROM {rows} WHERE true"
    " ON CONFLICT (batch_id, state) DO UPDATE SET n = sms_counts.n + excluded.n"
)
_REPLIES = (
    "INSERT INTO sms_inbound (link_id, number, service, coding, octets, headed, at)"
    " VALUES (:link_id, :number, :service, :coding, :octets, :headed, :at)"
)
_LEASE = (
    "SELECT {agg}id, number, body_id, attempts{end} FROM (SELECT id, number, body_id, attempts"
    " FROM sms_messages WHERE state = {QUEUED} AND due_at IS NULL AND batch_id = :batch"
    " AND route = :route ORDER BY id LIMIT :limit) AS waiting"
)
_LEASED = "UPDATE sms_messages SET state = {LEASED} WHERE id IN {ids}"
_DONE_PARTS = "SELECT {agg}message_id, part{end} FROM sms_parts WHERE message_id IN {ids}"
_BODIES = "SELECT id, octets FROM sms_bodies WHERE id IN {ids}"


class Work:
    """Does turns in the transaction that ``run`` stands in."""

    def __init__(self, dialect: Dialect, run: Run) -> None:
        self._run = run
        self._dialect = dialect
        self._sql: dict[str, str] = {}
        self.receipts = ReceiptBook(self)

    def statement(self, text: str) -> str:
        """Return a statement for this database, made once."""
        sql = self._sql.get(text)
        if sql is None:
            sql = self._sql[text] = self._dialect.sql(text)
        return sql

    def rows(self, text: str, rows: Sequence[Any], **more: Any) -> Sequence[Sequence[Any]]:
        """Run a statement over rows; nothing when there are none."""
        if not rows:
            return ()
        return self._run(self.statement(text), {"rows": orjson.dumps(rows).decode(), **more})

    def ids(self, text: str, ids: Iterable[int], **more: Any) -> Sequence[Sequence[Any]]:
        """Run a statement over ids."""
        listed = list(ids)
        if not listed:
            return ()
        return self._run(self.statement(text), {"ids": orjson.dumps(listed).decode(), **more})

    def one(self, text: str, **values: Any) -> Sequence[Sequence[Any]]:
        """Run a statement with single values."""
        return self._run(self.statement(text), values)

    # ---- a turn

    def turn(self, turn: Turn, known_bodies: Callable[[int], bool]) -> TurnResult:
        """Write everything of ``turn`` and lease what it asks for."""
        counts: Counter[tuple[int, int]] = Counter(turn.counts)
        self.rows(_SUBMITTING, turn.submitting)
        self.rows(ACCEPTED, turn.accepted, at=turn.at)
        self.rows(PARTS, turn.parts)
        self.rows(_REQUEUED, turn.requeued)
        self.rows(_FAILED, turn.failed, at=turn.at)
        self.rows(_DOUBTFUL, turn.doubtful)
        self.ids(_RETURNED, turn.returned)
        self._late(turn, counts)
        unmatched = self.receipts.work(turn, counts)
        for link_id, reply in turn.replies:
            self._reply(link_id, reply, turn.at)
        leased = [(lease, self._lease(lease, counts)) for lease in turn.leases]
        self.count(counts)
        wanted = {row.body_id for _, rows in leased for row in rows}
        bodies = self._bodies(body for body in wanted if not known_bodies(body))
        return TurnResult(leased, bodies, unmatched)

    def count(self, counts: Mapping[tuple[int, int], int]) -> None:
        """Add to the counters."""
        self.rows(_COUNTS, [(batch, state, n) for (batch, state), n in counts.items() if n])

    def _lease(self, lease: Lease, counts: Counter[tuple[int, int]]) -> list[LeasedRow]:
        rows = json_rows(
            self.one(_LEASE, batch=lease.batch_id, route=lease.route, limit=lease.limit)
        )
        ids = [row[0] for row in rows]
        self.ids(_LEASED, ids)
        counts[lease.batch_id, _Q] -= len(rows)
        counts[lease.batch_id, _L] += len(rows)
        # A message that was tried before may have parts that the centre has taken.
        tried = [row[0] for row in rows if row[3]]
        done: dict[int, set[int]] = {}
        for message, part in json_rows(self.ids(_DONE_PARTS, tried)):
            done.setdefault(message, set()).add(part)
        return [
            LeasedRow(message, number, body, attempts, frozenset(done.get(message, ())))
            for message, number, body, attempts in rows
        ]

    def _bodies(self, ids: Iterable[int]) -> dict[int, Body]:
        return {int(key): Body.unpack(bytes(octets)) for key, octets in self.ids(_BODIES, ids)}

    def _reply(self, link_id: int, reply: Reply, at: Millis) -> None:
        values = {
            "link_id": link_id,
            "number": reply.number[:24],
            "service": reply.service[:24],
            "coding": reply.coding,
            "octets": reply.octets,
            "headed": reply.headed,
            "at": at,
        }
        self._run(self.statement(_REPLIES), values)

    # ---- answers that came after all

    def _late(self, turn: Turn, counts: Counter[tuple[int, int]]) -> None:
        if not turn.late:
            return
        known = {
            row[0]: row[1:] for row in json_rows(self.ids(_STILL_OPEN, {x[0] for x in turn.late}))
        }
        taken = [(m, part, smsc_id) for m, part, smsc_id, error in turn.late if not error]
        self.rows(PARTS, [row for row in taken if row[0] in known and known[row[0]][2] > 1])
        have = dict(json_rows(self.ids(_PARTS_TAKEN, list(known))))
        accepted, requeued = {}, {}
        for message, _, smsc_id, error in turn.late:
            batch, state, parts = known.get(message, (0, -1, 0))
            if state < 0:
                continue
            if error:
                requeued[message] = (message, None, 0)
                _move(counts, batch, state, _Q)
            elif parts == 1 or have.get(message, 0) >= parts:
                accepted[message] = (message, smsc_id if parts == 1 else None)
                _move(counts, batch, state, _T)
            known.pop(message) if message in accepted or message in requeued else None
        self.rows(_ACCEPTED_LATE, list(accepted.values()), at=turn.at)
        self.rows(_REQUEUED, list(requeued.values()))


_STILL_OPEN = (
    "SELECT {agg}m.id, m.batch_id, m.state, b.parts{end} FROM sms_messages AS m"
    " JOIN sms_bodies AS b ON b.id = m.body_id"
    " WHERE m.id IN {ids} AND (m.state = {IN_DOUBT} OR (m.state = {QUEUED} AND m.resent > 0))"
)
_PARTS_TAKEN = (
    "SELECT {agg}message_id, n{end} FROM (SELECT message_id, count(*) AS n FROM sms_parts"
    " WHERE message_id IN {ids} GROUP BY message_id) AS taken"
)
_ACCEPTED_LATE = (
    "UPDATE sms_messages SET state = {SUBMITTED}, smsc_id = {t1}, submitted_at = :at, due_at = NULL,"
    " error = '' FROM {rows} WHERE sms_messages.id = {i0}"
)


def _move(counts: Counter[tuple[int, int]], batch: int, before: int, after: int) -> None:
    counts[batch, before] -= 1
    counts[batch, after] += 1
