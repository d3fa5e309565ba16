"""Which links serve which numbers, in SQL: one row for each prefix and link."""

from __future__ import annotations

from collections.abc import Collection

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


def prefixes(conn: Connection) -> frozenset[str]:
    """Return every prefix that some link serves."""
    return frozenset(conn.execute(select(routes.c.prefix).distinct()).scalars())


def longest_prefix(number: str, known: Collection[str]) -> str:
    """Return the longest known prefix of a number; empty when there is none."""
    for length in range(min(len(number), 20), 0, -1):
        if number[:length] in known:
            return number[:length]
    return ""
