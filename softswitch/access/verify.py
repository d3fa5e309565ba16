"""Verification of the audit chain: finds the first row that was changed, added or removed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from softswitch.access.audit import EMPTY, Head, audit, head
from softswitch.access.canonical import chain

_PACE, _PAUSE = 200, 0.001
"""After so many rows verification pauses for so many seconds: calls come first."""


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """What verification found. ``broken_at`` is the number of the first row that is wrong, None when all is well."""

    ok: bool
    rows: int
    hash: str
    broken_at: int | None = None
    problem: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the result as the API shows it."""
        return asdict(self)


def verify(conn: Connection, side: Head | None = None) -> VerifyResult:
    """Follow the chain from its first row to its head; ``side`` is the head from the file beside the database.

    The file may be older than the database (a crash between the commit and the file), never newer.
    """
    last = EMPTY
    at_side = side is None or side == EMPTY
    for row in _rows(conn):
        if last.count % _PACE == 0:
            time.sleep(_PAUSE)
        expected = last.count + 1
        if row.seq != expected:
            return _broken(last, expected, f"Row {expected} is missing.")
        if row.previous != last.hash or row.hash != _hash_of(last.hash, row):
            return _broken(last, expected, f"Row {expected} was changed.")
        last = Head(row.seq, row.hash)
        if side is not None and side.count == last.count:
            if side.hash != last.hash:
                return _broken(last, expected, f"Row {expected} differs from the file audit.head.")
            at_side = True
    if (head(conn) or EMPTY) != last:
        return _broken(last, last.count + 1, f"The rows after {last.count} were removed.")
    if not at_side:
        return _broken(last, last.count + 1, f"The file audit.head knows rows after {last.count}.")
    return VerifyResult(True, last.count, last.hash)


def _rows(conn: Connection) -> Iterator[Row[Any]]:
    return iter(
        conn.execution_options(yield_per=1_000).execute(select(audit).order_by(audit.c.seq))
    )


def _hash_of(previous: str, row: Row[Any]) -> str:
    names = ("seq", "at", "actor", "act", "target", "details")
    return chain(previous, {name: getattr(row, name) for name in names})


def _broken(last: Head, at: int, problem: str) -> VerifyResult:
    return VerifyResult(False, last.count, last.hash, at, problem)
