"""Receipts find their messages: by the centre's id as given, by its other forms, and, in doubt, by the number.

A receipt that finds none is kept: it may have come before the answer to its submit_sm.  Pure SQL and pure decisions;
everything happens in the transaction of the turn.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from smsgateway.model import FINAL, MessageState
from smsgateway.queue.turn import Turn
from softswitch.clock import Millis

_LEAST_DIGITS = 7
_SUBMITTED, _IN_DOUBT, _QUEUED = (
    int(MessageState.SUBMITTED),
    int(MessageState.IN_DOUBT),
    int(MessageState.QUEUED),
)

_BY_ID = (
    "SELECT {agg}{i0}, m.id, -1, m.batch_id, m.state, m.number{end} FROM {rows}"
    " JOIN sms_messages AS m ON m.smsc_id = {t1}"
)
_BY_PART = (
    "SELECT {agg}{i0}, m.id, p.part, m.batch_id, m.state, m.number{end} FROM {rows}"
    " JOIN sms_parts AS p ON p.smsc_id = {t1} JOIN sms_messages AS m ON m.id = p.message_id"
)
_BY_NUMBER = (
    "SELECT {agg}{i0}, m.id, -1, m.batch_id, m.state, m.number{end} FROM {rows}"
    " JOIN sms_messages AS m ON m.number = {t1}"
    " WHERE m.state = {IN_DOUBT} OR (m.state = {QUEUED} AND m.resent > 0)"
)
_SETTLE = (
    "UPDATE sms_messages SET state = {i1}, error = {t2}, due_at = NULL, done_at = :at,"
    " smsc_id = coalesce(smsc_id, {t3}) FROM {rows} WHERE sms_messages.id = {i0}"
)
_SETTLE_PART = (
    "UPDATE sms_parts SET state = {i2}, error = {t3} FROM {rows}"
    " WHERE sms_parts.message_id = {i0} AND sms_parts.part = {i1}"
)
_WHOLE = (
    "SELECT {agg}m.id, m.batch_id, m.state, m.delivered{end} FROM ("
    "SELECT m.id, m.batch_id, m.state, b.parts - (SELECT count(*) FROM sms_parts AS p"
    " WHERE p.message_id = m.id AND p.state = {DELIVERED}) AS delivered"
    " FROM sms_messages AS m JOIN sms_bodies AS b ON b.id = m.body_id WHERE m.id IN {ids}) AS m"
)
_KEEP = (
    "INSERT INTO sms_receipts (link_id, smsc_id, number, state, error, at)"
    " SELECT {i0}, {t1}, {t2}, {i3}, {t4}, :at FROM {rows} WHERE true"
)
_KEPT = (
    "SELECT {agg}r.id, r.link_id, r.smsc_id, r.number, r.state, r.error{end}"
    " FROM {rows} JOIN sms_receipts AS r ON r.smsc_id = {t0}"
)
_KEPT_BY_NUMBER = (
    "SELECT {agg}r.id, r.link_id, r.smsc_id, r.number, r.state, r.error{end}"
    " FROM sms_receipts AS r JOIN sms_messages AS m ON m.number = r.number"
    " WHERE m.id IN {ids}"
)
_DROP = "DELETE FROM sms_receipts WHERE id IN {ids}"
_ANY_KEPT = "SELECT count(*) FROM (SELECT 1 FROM sms_receipts LIMIT 1) AS kept"


_Settled = tuple[int, int, str, str | None]
"""(message, state, error, id at the centre)"""


class Statements(Protocol):
    """What runs statements; see :class:`smsgateway.queue.work.Work`."""

    def rows(self, text: str, rows: Sequence[Any], **more: Any) -> Sequence[Sequence[Any]]:
        """Run a statement over rows."""

    def ids(self, text: str, ids: Sequence[int], **more: Any) -> Sequence[Sequence[Any]]:
        """Run a statement over ids."""

    def one(self, text: str, **values: Any) -> Sequence[Sequence[Any]]:
        """Run a statement with single values."""


@dataclass(slots=True)
class _Kept:
    """A receipt that looks for its message; ``row`` is its id when it was stored before."""

    link_id: int
    smsc_id: str
    number: str
    state: int
    error: str
    row: int | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    """The message that a receipt speaks of."""

    message: int
    part: int
    batch: int
    state: int
    number: str


class ReceiptBook:
    """Matches receipts in a turn's transaction."""

    def __init__(self, sql: Statements) -> None:
        self._sql = sql
        self._any_kept = True
        self.doubts = True
        """There may be messages in doubt: receipts of unknown ids are compared with their numbers."""

    def work(self, turn: Turn, counts: Counter[tuple[int, int]]) -> int:
        """Settle what the turn's receipts, and those kept from before, tell; return how many found no message."""
        new = [_Kept(link, r.smsc_id, r.number, int(r.state), r.error) for link, r in turn.receipts]
        receipts = new + self._kept_for(turn)
        if not receipts:
            return 0
        found = self._find(receipts)
        self._settle([(receipts[i], one) for i, one in found.items()], turn.at, counts)
        self._sql.ids(_DROP, [r for i in found if (r := receipts[i].row) is not None])
        lost = [r for i, r in enumerate(receipts) if i not in found and r.row is None]
        keep = [(r.link_id, r.smsc_id, r.number, r.state, r.error) for r in lost]
        self._sql.rows(_KEEP, keep, at=turn.at)
        self._any_kept = self._any_kept or bool(keep)
        return len(keep)

    def look_again(self) -> None:
        """Learn whether any receipt is kept: while none is, no turn looks for one."""
        ((count,),) = self._sql.one(_ANY_KEPT)
        self._any_kept = bool(count)

    def _kept_for(self, turn: Turn) -> list[_Kept]:
        """Return the kept receipts that may belong to what became known in this turn."""
        if not self._any_kept:
            return []
        ids = {smsc_id for _, smsc_id in turn.accepted} | {smsc_id for *_, smsc_id in turn.parts}
        forms = ids | {other for smsc_id in ids for other in other_forms(smsc_id)}
        found = json_rows(self._sql.rows(_KEPT, [(one,) for one in forms if one]))
        found += json_rows(self._sql.ids(_KEPT_BY_NUMBER, [one for one, _ in turn.doubtful]))
        by_row = {row[0]: row for row in found}
        return [
            _Kept(link, smsc_id, number, state, error, row)
            for row, link, smsc_id, number, state, error in by_row.values()
        ]

    # ---- finding

    def _find(self, receipts: Sequence[_Kept]) -> dict[int, _Found]:
        found: dict[int, _Found] = {}
        as_given = [(i, r.smsc_id) for i, r in enumerate(receipts)]
        self._look(_BY_ID, as_given, receipts, found)
        if len(found) < len(receipts):
            self._look(_BY_PART, _missing(as_given, found), receipts, found)
        if len(found) < len(receipts):
            others = [
                (i, other)
                for i, smsc_id in _missing(as_given, found)
                for other in other_forms(smsc_id)
                if receipts[i].number
            ]
            self._look(_BY_ID, others, receipts, found)
            self._look(_BY_PART, _missing(others, found), receipts, found)
        if self.doubts and len(found) < len(receipts):
            numbers = [(i, receipts[i].number) for i, _ in _missing(as_given, found)]
            self._look(_BY_NUMBER, numbers, receipts, found, once=True)
        return found

    def _look(
        self,
        statement: str,
        keys: Sequence[tuple[int, str]],
        receipts: Sequence[_Kept],
        found: dict[int, _Found],
        *,
        once: bool = False,
    ) -> None:
        """Add what ``statement`` finds. ``once``: a message in doubt is settled by one receipt only."""
        taken = {one.message for one in found.values()} if once else set()
        for i, *rest in json_rows(self._sql.rows(statement, keys)):
            one = _Found(*rest)
            if i in found or one.message in taken:
                continue
            if same_number(receipts[i].number, one.number):
                found[i] = one
                if once:
                    taken.add(one.message)

    # ---- settling

    def _settle(
        self,
        pairs: Sequence[tuple[_Kept, _Found]],
        at: Millis,
        counts: Counter[tuple[int, int]],
    ) -> None:
        rows: dict[int, _Settled] = {}
        parts: list[tuple[int, int, int, str]] = []
        for receipt, one in pairs:
            if receipt.state == _SUBMITTED:
                if one.state in (_IN_DOUBT, _QUEUED):  # not final, but the centre has it
                    rows[one.message] = (one.message, _SUBMITTED, "", receipt.smsc_id)
                    _count(counts, one, _SUBMITTED)
            elif one.part >= 0:
                parts.append((one.message, one.part, receipt.state, receipt.error))
            elif one.state not in FINAL and one.message not in rows:
                rows[one.message] = (one.message, receipt.state, receipt.error, receipt.smsc_id)
                _count(counts, one, receipt.state)
        self._sql.rows(_SETTLE_PART, parts)
        rows |= self._whole(parts, counts)
        self._sql.rows(_SETTLE, list(rows.values()), at=at)

    def _whole(
        self, parts: Sequence[tuple[int, int, int, str]], counts: Counter[tuple[int, int]]
    ) -> dict[int, _Settled]:
        """Settle messages of several parts: delivered when every part is, failed when one is not."""
        gravest = {message: (state, error) for message, _, state, error in parts if error}
        settled: dict[int, _Settled] = {}
        for message, batch, state, missing in json_rows(
            self._sql.ids(_WHOLE, [p[0] for p in parts])
        ):
            if state in FINAL or (missing and message not in gravest):
                continue
            after, error = gravest.get(message, (int(MessageState.DELIVERED), ""))
            settled[message] = (message, after, error, None)
            _count(counts, _Found(message, 0, batch, state, ""), after)
        return settled


def other_forms(smsc_id: str) -> list[str]:
    """Return how the same id may be written in a receipt: decimal for hexadecimal and the other way round."""
    forms = []
    if smsc_id.isdigit() and len(smsc_id) <= 20:
        value = int(smsc_id)
        forms += [f"{value:x}", f"{value:X}", f"{value:08X}", f"{value:08x}", str(value)]
    if len(smsc_id) <= 16:
        with contextlib.suppress(ValueError):
            forms.append(str(int(smsc_id, 16)))
    return [one for one in dict.fromkeys(forms) if one != smsc_id]


def same_number(told: str, sent: str) -> bool:
    """Tell whether a receipt's number is that of the message; centres leave country codes out, or put zeros in."""
    if not told or told == sent:
        return True
    told = told.lstrip("+0")
    short, long = sorted((told, sent), key=len)
    return len(short) >= _LEAST_DIGITS and long.endswith(short)


def _missing(keys: Sequence[tuple[int, str]], found: dict[int, _Found]) -> list[tuple[int, str]]:
    return [key for key in keys if key[0] not in found]


def _count(counts: Counter[tuple[int, int]], one: _Found, after: int) -> None:
    counts[one.batch, one.state] -= 1
    counts[one.batch, after] += 1


def json_rows(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Return the rows of a statement that gave them as one JSON text."""
    if not rows or rows[0][0] is None:
        return []
    told = rows[0][0]
    found: list[list[Any]] = orjson.loads(told) if isinstance(told, str | bytes) else told
    return found
