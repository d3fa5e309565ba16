"""Which links serve which numbers, in SQL: one row for each prefix and link."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Column, Connection, Integer, String, Table, select

from smsgateway.queue.tables import metadata

routes = Table(
    "sms_routes",
    metadata,
    # The empty prefix serves every number. ``cost`` in thousandths of the currency for each part.
    Column("prefix", String(20), primary_key=True),
    Column("link_id", Integer, primary_key=True),
    Column("cost", Integer, nullable=False),
)


class Prefixes:
    """The prefixes that some link serves at one moment."""

    def __init__(self, known: Iterable[str]) -> None:
        self.known = frozenset(known)
        self._lengths = sorted({len(prefix) for prefix in self.known}, reverse=True)

    def longest(self, number: str) -> str:
        """Return the longest known prefix of a number; empty when there is none."""
        for length in self._lengths:
            if number[:length] in self.known:
                return number[:length]
        return ""


def prefixes(conn: Connection) -> Prefixes:
    """Return what the links serve now."""
    return Prefixes(conn.execute(select(routes.c.prefix).distinct()).scalars())
