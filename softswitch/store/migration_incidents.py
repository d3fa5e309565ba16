"""Migration 1: incidents that were a draft and a note become cases with states, types, places and an order.

Plain SQL of that day: a migration does not follow later changes of the tables that it speaks of.
"""

from __future__ import annotations

from sqlalchemy import Connection

_COLUMNS = (
    "seq BIGINT NOT NULL DEFAULT 0",
    "type VARCHAR(8) NOT NULL DEFAULT ''",
    "grade INTEGER NOT NULL DEFAULT 0",
    "latitude FLOAT",
    "longitude FLOAT",
    "uncertainty FLOAT NOT NULL DEFAULT 0",
    "result TEXT NOT NULL DEFAULT ''",
    "status_at BIGINT NOT NULL DEFAULT 0",
    "closed_by VARCHAR(64) NOT NULL DEFAULT ''",
    "merged_into VARCHAR(32) NOT NULL DEFAULT ''",
    "root VARCHAR(32) NOT NULL DEFAULT ''",
    "report_due_at BIGINT",
    "reported_at BIGINT",
    "activity INTEGER NOT NULL DEFAULT 0",
)
_NUMBERED = "SELECT id, row_number() OVER (ORDER BY created_at, id) AS place FROM incidents"
_PLACED = """UPDATE incidents SET seq =
    (SELECT place FROM incident_order WHERE incident_order.id = incidents.id)"""
_STATEMENTS = (
    f"CREATE TEMPORARY TABLE incident_order AS {_NUMBERED}",
    "CREATE UNIQUE INDEX incident_order_id ON incident_order (id)",
    "UPDATE incidents SET root = id, status_at = updated_at",
    _PLACED,
    "DROP TABLE incident_order",
    "UPDATE incidents SET status = 'verified' WHERE status = 'open'",
    "DROP INDEX IF EXISTS ix_incidents_status",
    "CREATE UNIQUE INDEX ix_incidents_seq ON incidents (seq)",
    "CREATE INDEX ix_incidents_status_seq ON incidents (status, seq)",
    "CREATE INDEX ix_incidents_root ON incidents (root)",
    "CREATE INDEX ix_incidents_report_due_at ON incidents (report_due_at)",
)


def incidents_become_cases(conn: Connection) -> None:
    """Add what is missing, number the rows in the order of time, and translate the one state that is gone."""
    for column in _COLUMNS:
        conn.exec_driver_sql(f"ALTER TABLE incidents ADD COLUMN {column}")
    for statement in _STATEMENTS:
        conn.exec_driver_sql(statement)
