"""Call-back tasks in SQL. A call opens a task once, however often it is told."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import Connection, insert, select, update

from softswitch.calls.store import task_calls, tasks
from softswitch.clock import Millis
from softswitch.events import CallAbandoned, TaskClosed, TaskOpened
from softswitch.store.event_log import append

OPEN_STATES = ("open", "calling")


def task_by_id(conn: Connection, task_id: str) -> dict[str, Any] | None:
    """Return one task, or None."""
    row = conn.execute(select(tasks).where(tasks.c.id == task_id)).mappings().first()
    return dict(row) if row else None


def open_tasks(conn: Connection) -> list[dict[str, Any]]:
    """Return the tasks that are not closed, oldest first."""
    query = select(tasks).where(tasks.c.state.in_(OPEN_STATES)).order_by(tasks.c.first_at)
    return [dict(row) for row in conn.execute(query).mappings()]


def recent_tasks(conn: Connection, limit: int) -> list[dict[str, Any]]:
    """Return tasks of any state, newest first."""
    query = select(tasks).order_by(tasks.c.last_at.desc()).limit(limit)
    return [dict(row) for row in conn.execute(query).mappings()]


def abandoned(conn: Connection, gone: CallAbandoned) -> dict[str, Any] | None:
    """Open a task for a caller who gave up, or count one more call on his open one; return it.

    Returns None when this call was counted before: the journal and the live path may both tell it.
    """
    if _is_counted(conn, gone.call_id):
        return None
    append(conn, gone, at=gone.at)
    return _open_or_count(conn, gone.call_id, gone.number, gone.digits, gone.at)


def asked(
    conn: Connection, key: str, number: str, digits: str, at: Millis
) -> dict[str, Any] | None:
    """Open a task for one who asks to be called by other means than a call, or count it on his open one.

    Returns None when this ``key`` was counted before.
    """
    if _is_counted(conn, key):
        return None
    return _open_or_count(conn, key, number, digits, at)


def _is_counted(conn: Connection, key: str) -> bool:
    return conn.execute(select(task_calls).where(task_calls.c.call_id == key)).first() is not None


def _open_or_count(
    conn: Connection, key: str, number: str, digits: str, at: Millis
) -> dict[str, Any]:
    found = (
        conn.execute(select(tasks).where(tasks.c.number == number, tasks.c.state.in_(OPEN_STATES)))
        .mappings()
        .first()
    )
    if found is None or not number:
        row = _new(key, number, digits, at)
        conn.execute(insert(tasks).values(**row))
        append(conn, TaskOpened(row["id"], at, number, digits, key), at=at)
    else:
        row = dict(found)
        row["calls"] += 1
        row["last_at"] = max(row["last_at"], at)
        conn.execute(
            update(tasks)
            .where(tasks.c.id == row["id"])
            .values(calls=row["calls"], last_at=row["last_at"])
        )
    conn.execute(insert(task_calls).values(call_id=key, task_id=row["id"]))
    return row


def _new(key: str, number: str, digits: str, at: Millis) -> dict[str, Any]:
    # The id comes from what opened it, so that telling it twice makes one task.
    return {
        "id": task_id(key),
        "number": number,
        "digits": digits,
        "calls": 1,
        "first_at": at,
        "last_at": at,
        "state": "open",
        "attempts": 0,
        "next_at": 0,
    }


def task_id(key: str) -> str:
    """Return the id of the task that the call or request ``key`` opens."""
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def change(conn: Connection, task_id: str, /, **values: Any) -> dict[str, Any] | None:
    """Change a task that is not closed and return it, or None."""
    where = (tasks.c.id == task_id) & tasks.c.state.in_(OPEN_STATES)
    if conn.execute(update(tasks).where(where).values(**values)).rowcount == 0:
        return None
    return task_by_id(conn, task_id)


def close(
    conn: Connection, task_id: str, reason: str, login: str, at: Millis
) -> dict[str, Any] | None:
    """Close a task with its reason; None when it was closed before."""
    row = change(conn, task_id, state="closed", reason=reason, owner=login or None, closed_at=at)
    if row is not None:
        append(conn, TaskClosed(task_id, at, reason, login), at=at)
    return row


def close_for_number(conn: Connection, number: str, reason: str, at: Millis) -> list[str]:
    """Close the open tasks of a number, which has reached us by itself; return their ids."""
    query = select(tasks.c.id).where(tasks.c.number == number, tasks.c.state.in_(OPEN_STATES))
    ids = [str(task_id) for task_id in conn.execute(query).scalars()]
    for task_id in ids:
        close(conn, task_id, reason, "", at)
    return ids
