"""The schema and its changes.

New tables and indexes come by themselves: what is declared and missing is created.  A change to a table that exists in
the field is a numbered migration; it names the table and is skipped where that table was never made.
All of it happens in one transaction: an interrupted start leaves the old schema.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Column, Connection, Integer, MetaData, Table, insert, inspect, select, update
from sqlalchemy.schema import DropTable

from softswitch.errors import unavailable
from softswitch.store.migration_incidents import incidents_become_cases
from softswitch.store.migration_notices import people_have_texts
from softswitch.store.tables import metadata

schema_version = Table(
    "schema_version",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("version", Integer, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Migration:
    """One change: from ``number - 1`` to ``number``, on ``table``."""

    number: int
    table: str
    change: Callable[[Connection], object]


def _drop(table: str) -> Callable[[Connection], object]:
    return lambda conn: conn.execute(DropTable(Table(table, MetaData()), if_exists=True))


MIGRATIONS: tuple[Migration, ...] = (
    Migration(1, "incidents", incidents_become_cases),
    Migration(2, "notice_people", people_have_texts),
    Migration(3, "gis_pending_incident", _drop("gis_pending_incident")),
)
"""In order, numbered from 1 without a gap."""


def migrate(
    conn: Connection,
    migrations: Sequence[Migration] = MIGRATIONS,
    tables: MetaData = metadata,
) -> int:
    """Bring the schema of ``tables`` to the newest version and return that.

    Raises the :class:`Refusal` ``schema_too_new`` for a database of a later release and ``schema_mismatch``
    when a table lacks a column that this release needs.
    """
    existing = set(inspect(conn).get_table_names())
    newest = len(migrations)
    present = _present(conn, schema_version.name in existing, newest if not existing else 0)
    if present > newest:
        raise unavailable(
            "schema_too_new",
            f"The database has schema {present}; this release knows {newest}.",
            "Start the newer release, or restore a backup made by this one.",
        )
    for migration in migrations[present:]:
        if migration.table in existing:
            migration.change(conn)
    schema_version.create(conn, checkfirst=True)
    tables.create_all(conn)
    _check_columns(conn, tables)
    _add_indexes(conn, tables)
    _store(conn, newest)
    return newest


def _present(conn: Connection, recorded: bool, otherwise: int) -> int:
    if not recorded:
        return otherwise
    version = conn.execute(select(schema_version.c.version)).scalar()
    return otherwise if version is None else int(version)


def _store(conn: Connection, version: int) -> None:
    if conn.execute(update(schema_version).values(version=version)).rowcount == 0:
        conn.execute(insert(schema_version).values(id=1, version=version))


def _add_indexes(conn: Connection, tables: MetaData) -> None:
    """Make what was declared for a table after that was made: a search without it would be slow for ever."""
    for table in tables.sorted_tables:
        for index in table.indexes:
            index.create(conn, checkfirst=True)


def _check_columns(conn: Connection, tables: MetaData) -> None:
    inspector = inspect(conn)
    for table in tables.sorted_tables:
        present = {column["name"] for column in inspector.get_columns(table.name)}
        missing = sorted(column.name for column in table.columns if column.name not in present)
        if missing:
            raise unavailable(
                "schema_mismatch",
                f"Table {table.name} lacks the column {', '.join(missing)}.",
                "The data folder was made by another build; start with a new folder or restore a backup.",
            )
