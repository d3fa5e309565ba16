"""What a database error means for the people who wait: store not available, or a mistake of ours."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from softswitch.errors import Refusal, unavailable

# Result codes of SQLite (sqlite.org/rescode.html), by the beginning of their names.
_SQLITE = {
    "SQLITE_BUSY": ("is locked by another program", "End the program that holds it."),
    "SQLITE_LOCKED": ("is locked by another program", "End the program that holds it."),
    "SQLITE_READONLY": ("is read-only", "Make the data folder writable for the server."),
    "SQLITE_FULL": ("has no room: the disk is full", "Free space on the disk of the data folder."),
    "SQLITE_IOERR": ("cannot be read or written", "Check the disk of the data folder."),
    "SQLITE_CANTOPEN": ("cannot be opened", "Check the data folder and its permissions."),
    "SQLITE_PERM": ("may not be opened", "Check the permissions of the data folder."),
    "SQLITE_CORRUPT": ("is damaged", "Restore the last backup of the data folder."),
    "SQLITE_NOTADB": ("is not a database", "Restore the last backup of the data folder."),
}


def as_refusal(error: BaseException) -> Refusal | None:
    """Return the refusal for an error whose cause lies outside of us; None for a mistake in our own SQL."""
    if isinstance(error, PoolTimeout):
        return busy()
    if isinstance(error, sqlite3.Error):
        return _of_sqlite(error)
    if not isinstance(error, DBAPIError):
        return None
    if isinstance(error.orig, sqlite3.Error):
        return _of_sqlite(error.orig)
    if error.connection_invalidated or isinstance(error, OperationalError | InterfaceError):
        return not_available("does not answer", "Check that the database server runs.")
    return None


def _of_sqlite(error: sqlite3.Error) -> Refusal | None:
    name = getattr(error, "sqlite_errorname", "")
    for beginning, (what, next_step) in _SQLITE.items():
        if name.startswith(beginning):
            return not_available(what, next_step)
    return None


def not_available(what: str, next_step: str) -> Refusal:
    """Return the refusal that names why the database cannot be used; it recovers when the cause is gone."""
    return unavailable(
        "store_unavailable",
        f"The database {what}.",
        f"{next_step} Calls go on; then try again.",
    )


def busy() -> Refusal:
    """Return the refusal of work that would not fit in the bounded queue."""
    return unavailable("store_busy", "The database has too much to do.", "Try again in a moment.")


def closed() -> Refusal:
    """Return the refusal of work after the end."""
    return unavailable("store_closed", "The database is closed.", "Start the server again.")


def is_database_error(error: BaseException) -> bool:
    """Return whether ``error`` came from the database layer."""
    return isinstance(error, SQLAlchemyError)
