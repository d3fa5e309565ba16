"""Migration 2: a person of a notification may be told a text of his own.

Plain SQL of that day: a migration does not follow later changes of the tables that it speaks of.
"""

from __future__ import annotations

from sqlalchemy import Connection


def people_have_texts(conn: Connection) -> None:
    """Add the column; who is in the ledger is told what his notification says, as before."""
    conn.exec_driver_sql("ALTER TABLE notice_people ADD COLUMN text TEXT NOT NULL DEFAULT ''")
