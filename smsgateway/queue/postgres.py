"""The queue on PostgreSQL, by pg8000: for a site where more than one machine looks at it.

When the server goes away during a commit nobody knows whether that was done, and a turn done twice would count twice.
So each transaction leaves its number in ``sms_turns``, and after a broken commit that is looked up first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import pg8000.native
from pg8000.exceptions import DatabaseError, InterfaceError
from sqlalchemy.engine import URL

from smsgateway.queue.connection import StoreError
from smsgateway.queue.dialect import POSTGRES
from smsgateway.queue.work import Work

T = TypeVar("T")
APPLICATION = "softswitch-sms"
"""How the server's administrator sees our connection."""

_LOST = (InterfaceError, OSError)

# Sequences of PostgreSQL's error codes (appendix A) that are no mistake of ours: lack of resources, operator,
# system error, connection, transaction to be repeated, read-only.
_OUTSIDE = ("53", "57", "58", "08", "40", "25006", "55")


class PostgresConnection:
    """One connection to a server."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._conn: Any = None
        self._statements: dict[str, Any] = {}
        self._work = Work(POSTGRES, self._run)
        self._number = 0
        self._unsure: tuple[int, Any] | None = None
        self._seen = ""
        self._open()

    def transaction(self, fn: Callable[[Work], T]) -> T:
        """Run ``fn`` and commit."""
        try:
            conn = self._open()
            if self._unsure is not None:
                number, result = self._unsure
                self._unsure = None
                if self._is_done(number):
                    return result  # type: ignore[no-any-return]
            conn.run("BEGIN")
            result = fn(self._work)
            self._number += 1
            self._run(_TURN, {"number": self._number})
            self._unsure = (self._number, result)
            conn.run("COMMIT")
            self._unsure = None
        except _LOST as error:
            self._drop()
            raise StoreError(str(error)) from error
        except DatabaseError as error:
            self._unsure = None
            self._drop()
            if _code(error).startswith(_OUTSIDE):
                raise StoreError(str(error)) from error
            raise
        except BaseException:
            self._drop()
            raise
        return result

    def changed(self) -> bool:
        """Tell whether batches or links look other than at the last call."""
        try:
            told = str(self._open().run(_LOOK))
        except (*_LOST, DatabaseError) as error:
            self._drop()
            raise StoreError(str(error)) from error
        before, self._seen = self._seen, told
        return told != before

    def close(self) -> None:
        """Close the connection."""
        self._drop()

    def _open(self) -> Any:
        if self._conn is None:
            url = self._url
            try:
                self._conn = pg8000.native.Connection(
                    url.username or "",
                    host=url.host or "localhost",
                    port=url.port or 5432,
                    database=url.database,
                    password=url.password,
                    unix_sock=url.query.get("unix_sock"),
                    timeout=30,
                    application_name=APPLICATION,
                )
                self._conn.run(
                    "CREATE TABLE IF NOT EXISTS sms_turns (id int PRIMARY KEY, n bigint)"
                )
                self._conn.run("INSERT INTO sms_turns VALUES (1, 0) ON CONFLICT DO NOTHING")
                if not self._number:
                    ((self._number,),) = self._conn.run("SELECT n FROM sms_turns WHERE id = 1")
            except (*_LOST, DatabaseError) as error:
                self._conn = None
                raise StoreError(str(error)) from error
        return self._conn

    def _drop(self) -> None:
        conn, self._conn = self._conn, None
        self._statements.clear()
        if conn is not None:
            try:
                conn.close()
            except (*_LOST, DatabaseError):
                return

    def _is_done(self, number: int) -> bool:
        ((last,),) = self._conn.run("SELECT n FROM sms_turns WHERE id = 1")
        return bool(last >= number)

    def _run(self, sql: str, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        statement = self._statements.get(sql)
        if statement is None:
            statement = self._statements[sql] = self._conn.prepare(sql)
        return statement.run(**values) or ()


_TURN = "UPDATE sms_turns SET n = :number WHERE id = 1"
_LOOK = (
    "SELECT (SELECT coalesce(CAST(json_agg(json_build_array(id, state, starts_at, expires_at, decision,"
    " (SELECT count(*) FROM sms_batch_routes r WHERE r.batch_id = b.id),"
    " (SELECT coalesce(sum(n), 0) FROM sms_counts c WHERE c.batch_id = b.id AND c.state < 100)))"
    " AS text), '') FROM sms_batches b WHERE NOT swept),"
    " (SELECT coalesce(sum(changed_at), 0) || '/' || count(*) FROM sms_links)"
)


def _code(error: DatabaseError) -> str:
    told = error.args[0] if error.args else {}
    return str(told.get("C", "")) if isinstance(told, dict) else ""
