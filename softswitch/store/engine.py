"""Engines: one for the writer, one for the readers, with what SQLite needs to be safe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from softswitch.errors import invalid

BUSY_SECONDS = 2.0
"""How long SQLite waits for a lock of another program."""


def writer_engine(url: str, busy_seconds: float = BUSY_SECONDS) -> Engine:
    """Return the engine of the one writer thread."""
    engine = _engine(url, connections=1, busy_seconds=busy_seconds)
    if engine.dialect.name == "sqlite":
        _on_connect(engine, "PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL")
        # IMMEDIATE: a lock of another program is met at the beginning, not between two changes.
        _on_begin(engine, "BEGIN IMMEDIATE")
    return engine


def reader_engine(url: str, readers: int) -> Engine:
    """Return the engine of the reader threads; it cannot write."""
    engine = _engine(url, connections=readers)
    if engine.dialect.name == "sqlite":
        _on_connect(engine, "PRAGMA query_only=ON")
        _on_begin(engine, "BEGIN")
    elif engine.dialect.name == "postgresql":
        engine = engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
    return engine


def _engine(url: str, connections: int, busy_seconds: float = BUSY_SECONDS) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() != "sqlite":
            return create_engine(url, pool_size=connections, max_overflow=0, pool_pre_ping=True)
    except (ArgumentError, ImportError, ValueError) as error:
        # What a ValueError quotes may be a part of the password.
        why = "its URL cannot be read" if isinstance(error, ValueError) else str(error)
        raise invalid(
            "bad_database",
            f"There is no way to reach a database of the kind {url.partition(':')[0][:40]!r}: {why}.",
            "Give sqlite:////path/softswitch.db or the URL of PostgreSQL, and install its driver.",
            field="database",
        ) from error
    if parsed.database in {None, "", ":memory:"}:
        raise invalid(
            "bad_database",
            "A database in memory cannot be shared between threads.",
            "Give a file: sqlite:////path/softswitch.db.",
            field="database",
        )
    engine = create_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        connect_args={"timeout": busy_seconds, "check_same_thread": False},
    )
    _on_connect(engine, "PRAGMA foreign_keys=ON")
    return engine


def _on_connect(engine: Engine, *pragmas: str) -> None:
    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: Any) -> None:
        # The driver of Python shall begin no transaction by itself; otherwise SAVEPOINT does not work.
        connection.isolation_level = None
        for pragma in pragmas:
            connection.execute(pragma)


def _on_begin(engine: Engine, statement: str) -> None:
    begin: Callable[[Connection], object] = lambda connection: connection.exec_driver_sql(  # noqa: E731
        statement
    )
    event.listen(engine, "begin", begin)
