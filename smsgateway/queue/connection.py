"""The gateway's connection to its queue: transactions of whole turns, on SQLite or PostgreSQL.

The drivers are used bare: a turn is a handful of statements, each over all rows of the turn, and what a layer above
the driver would cost for each of them is more than the statement itself.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from sqlalchemy.engine import make_url

from smsgateway.queue.dialect import SQLITE
from smsgateway.queue.work import Work

T = TypeVar("T")


class StoreError(Exception):
    """The database cannot be used now (full, locked, gone); the same transaction is to be tried again."""


class QueueConnection(Protocol):
    """One connection, used by one thread."""

    def transaction(self, fn: Callable[[Work], T]) -> T:
        """Run ``fn`` and commit. Raises :class:`StoreError`; then nothing of it was done."""

    def changed(self) -> bool:
        """Tell whether somebody else may have written since the last call."""

    def close(self) -> None:
        """Close it."""


def connect(url: str) -> QueueConnection:
    """Open the queue at ``url``. Raises :class:`StoreError`."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return SqliteConnection(parsed.database or "")
    from smsgateway.queue.postgres import PostgresConnection

    return PostgresConnection(parsed)


class SqliteConnection:
    """A file. The server writes to it too, in short transactions; each waits for the other."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._conn: sqlite3.Connection | None = None
        self._version = -1
        self._work = Work(SQLITE, self._run)
        self._open()

    def transaction(self, fn: Callable[[Work], T]) -> T:
        """Run ``fn`` and commit."""
        try:
            conn = self._open()
            conn.execute("BEGIN IMMEDIATE")
            result = fn(self._work)
            conn.execute("COMMIT")
        except sqlite3.Error as error:
            self.close()  # whatever was begun is undone; the next try opens the file anew
            raise StoreError(f"{getattr(error, 'sqlite_errorname', '')} {error}") from error
        except BaseException:
            self.close()
            raise
        return result

    def changed(self) -> bool:
        """Tell whether another connection committed."""
        try:
            ((version,),) = self._open().execute("PRAGMA data_version").fetchall()
        except sqlite3.Error as error:
            self.close()
            raise StoreError(str(error)) from error
        seen, self._version = self._version, version
        return bool(seen != version)

    def close(self) -> None:
        """Close the file."""
        if self._conn is not None:
            self._conn.close()
            self._conn = None
            self._version = -1

    def _open(self) -> sqlite3.Connection:
        if self._conn is None:
            try:
                self._conn = _sqlite(self._path)
            except sqlite3.Error as error:
                raise StoreError(str(error)) from error
        return self._conn

    def _run(self, sql: str, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        assert self._conn is not None
        return self._conn.execute(sql, values).fetchall()


def _sqlite(path: str) -> sqlite3.Connection:
    conn = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "cache_size=-65536",  # 64 MB: the indexes of a million messages
        "wal_autocheckpoint=8000",
        "temp_store=MEMORY",
    ):
        conn.execute(f"PRAGMA {pragma}")
    return conn
