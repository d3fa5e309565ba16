"""Statements that every call takes, sent to SQLite without building them anew.

SQLAlchemy Core makes a statement, looks its text up, and wraps the answer: a tenth of a millisecond in which the
one interpreter does nothing for calls.  A :class:`Prepared` keeps the text and the order of its values, and hands
them to the driver; on another database it is an ordinary statement.  It runs in the transaction of ``conn``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Executable
from sqlalchemy.dialects import sqlite

_DIALECT = sqlite.dialect()
Values = Mapping[str, Any]


class Prepared:
    """One statement. ``columns``: those that an INSERT or UPDATE sets, each from the value of its name.

    Values must be what the driver takes (text, numbers, None): no type of a column changes them.
    """

    def __init__(self, statement: Executable, columns: Sequence[str] = ()) -> None:
        self._statement = statement
        self._columns = list(columns) or None
        self._text = ""
        self._names: tuple[str, ...] = ()
        self._constants: dict[str, Any] = {}

    def rows(self, conn: Connection, values: Values) -> list[tuple[Any, ...]]:
        """Return the rows that a SELECT finds."""
        if conn.dialect.name == "sqlite":
            found: list[tuple[Any, ...]] = self._sent(conn, values).fetchall()
            return found
        return [tuple(row) for row in conn.execute(self._statement, dict(values))]

    def first(self, conn: Connection, values: Values) -> tuple[Any, ...] | None:
        """Return the first row, or None."""
        found = self.rows(conn, values)
        return found[0] if found else None

    def scalar(self, conn: Connection, values: Values) -> Any:
        """Return the first value of the first row, or None."""
        found = self.rows(conn, values)
        return found[0][0] if found else None

    def change(self, conn: Connection, values: Values) -> int:
        """Run an INSERT, UPDATE or DELETE; return how many rows it changed."""
        if conn.dialect.name == "sqlite":
            return int(self._sent(conn, values).rowcount)
        return conn.execute(self._statement, dict(values)).rowcount

    def change_many(self, conn: Connection, rows: Sequence[Values]) -> None:
        """Run an INSERT, UPDATE or DELETE once for each of some values."""
        if conn.dialect.name != "sqlite":
            if rows:
                conn.execute(self._statement, [dict(row) for row in rows])
            return
        driver = self._driver(conn)
        driver.executemany(self._text, [self._given(row) for row in rows])

    def add(self, conn: Connection, values: Values) -> int:
        """Run an INSERT; return the number that the table gave to the row."""
        if conn.dialect.name == "sqlite":
            return int(self._sent(conn, values).lastrowid)
        key: Any = conn.execute(self._statement, dict(values)).inserted_primary_key
        return int(key[0])

    def _sent(self, conn: Connection, values: Values) -> Any:
        return self._driver(conn).execute(self._text, self._given(values))

    def _driver(self, conn: Connection) -> Any:
        if not self._text:
            self._compile()
        if not conn.in_transaction():
            conn.begin()
        return conn.connection.driver_connection

    def _given(self, values: Values) -> list[Any]:
        constants = self._constants
        return [values[name] if name in values else constants[name] for name in self._names]

    def _compile(self) -> None:
        made: Any = self._statement.compile(dialect=_DIALECT, column_keys=self._columns)  # type: ignore[attr-defined]
        self._names = tuple(made.positiontup or ())
        self._constants = {name: value for name, value in made.params.items() if value is not None}
        self._text = str(made)
        if "POSTCOMPILE" in self._text:
            raise ValueError("A list of changing length is no part of a prepared statement.")
