"""Notes that a write leaves for after its commit: what changed, for those who wait to be woken.

A note belongs to the transaction: when the write fails, its notes go with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection

_KEY = "softswitch.notes"


def note(conn: Connection, topic: str, value: Any = True) -> None:
    """Leave a note under ``topic``; a later one under the same topic replaces it."""
    _notes(conn)[topic] = value


def note_more(conn: Connection, topic: str, values: Iterable[Any]) -> None:
    """Leave several values under ``topic``, after those that are there: listeners get the tuple of all."""
    notes = _notes(conn)
    notes[topic] = (*notes.get(topic, ()), *values)


def take(conn: Connection) -> Mapping[str, Any]:
    """Return the notes and begin with none."""
    notes = dict(_notes(conn))
    conn.info[_KEY] = {}
    return notes


def keep(conn: Connection) -> dict[str, Any]:
    """Return a copy of the notes, to return to with :func:`put_back`."""
    return dict(_notes(conn))


def put_back(conn: Connection, notes: dict[str, Any]) -> None:
    """Return to the notes as they were."""
    conn.info[_KEY] = notes


def _notes(conn: Connection) -> dict[str, Any]:
    notes: dict[str, Any] = conn.info.setdefault(_KEY, {})
    return notes
