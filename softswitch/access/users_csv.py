"""Users as CSV: ``login,name,role,language,disabled`` and, on the way in only, ``password``."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from softswitch import numbers
from softswitch.access import audit, store
from softswitch.access.model import Actor, User
from softswitch.access.passwords import check_rules
from softswitch.access.service import Access
from softswitch.access.users import UserChange, apply_change, check_gift, make_user
from softswitch.clock import Clock, Millis, now
from softswitch.csvio import Report, Row, RowStatus, read_rows, write_rows
from softswitch.errors import Refusal, conflict, invalid
from softswitch.store.database import Database

COLUMNS = ("login", "name", "role", "language", "disabled")
MOST_USERS = 2_000
_CHUNK = 100
_WORDS = {"": False, "0": False, "false": False, "no": False, "1": True, "true": True, "yes": True}


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A row whose password is hashed already: that is too slow for the writer thread."""

    row: Row
    hashed: str | None
    refusal: Refusal | None


class _DryRunError(Exception):
    """Carries the report out of a transaction that must leave nothing."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self.report = report


class UsersCsv:
    """Import and export of users."""

    def __init__(self, db: Database, access: Access, *, clock: Clock = now) -> None:
        self._db = db
        self._access = access
        self._clock = clock

    async def export(self, actor: Actor) -> bytes:
        """Return all users as CSV; nobody's password is in it."""
        users = await self._db.read(store.all_users)
        await self._db.write(audit.append, actor.login, "users.exported", "", {"rows": len(users)})
        return write_rows(COLUMNS, [_cells(user) for user in users])

    async def import_(self, actor: Actor, data: bytes, *, dry_run: bool = False) -> Report:
        """Add and change users from a file; each row stands for itself. ``dry_run`` changes nothing."""
        rows = await asyncio.to_thread(_read, data)
        prepared = [await self._prepare(row, dry_run) for row in rows]
        report = Report()
        for start in range(0, len(prepared), _CHUNK):
            # In pieces: calls must not wait until the last of a thousand rows is written.
            seen = frozenset(item.row.get("login") for item in prepared[:start])
            chunk = prepared[start : start + _CHUNK]
            report.rows += (await self._import(actor, chunk, seen, dry_run)).rows
        if not dry_run:
            counts = {status.value: report.count(status) for status in RowStatus}
            await self._db.write(audit.append, actor.login, "users.imported", "", counts)
        for row in rows:
            self._access.forget(row.get("login"))
        return report

    async def _import(
        self, actor: Actor, chunk: list[_Prepared], seen: frozenset[str], dry_run: bool
    ) -> Report:
        try:
            return await self._db.write(_import, actor, chunk, seen, self._clock(), dry_run)
        except _DryRunError as done:
            return done.report

    async def _prepare(self, row: Row, dry_run: bool) -> _Prepared:
        password = row.get("password")
        if not password:
            return _Prepared(row, None, None)
        try:
            check_rules(password, row.get("login"))
        except Refusal as refusal:
            return _Prepared(row, None, refusal)
        hashed = "dry run" if dry_run else await self._access.passwords.hash(password)
        return _Prepared(row, hashed, None)


def _read(data: bytes) -> list[Row]:
    return read_rows(
        data, required=("login",), optional=(*COLUMNS[1:], "password"), most_rows=MOST_USERS
    )


def _import(
    conn: Connection,
    actor: Actor,
    prepared: list[_Prepared],
    earlier: frozenset[str],
    at: Millis,
    dry_run: bool,
) -> Report:
    report = Report()
    seen = set(earlier)
    for item in prepared:
        login = item.row.get("login")
        try:
            with conn.begin_nested():
                report.add(item.row.line, _one(conn, actor, item, seen, at), login)
        except Refusal as refusal:
            report.refuse(item.row.line, login, refusal)
        seen.add(login)
    if dry_run:
        raise _DryRunError(report)
    return report


def _one(conn: Connection, actor: Actor, item: _Prepared, seen: set[str], at: Millis) -> RowStatus:
    if item.refusal is not None:
        raise item.refusal
    login = numbers.login(item.row.get("login"))
    if login in seen:
        raise conflict("twice", f"{login} stands in an earlier line.", "Remove one of them.")
    present = store.user(conn, login)
    if present is None:
        _add(conn, actor, item, at)
        return RowStatus.ADDED
    changed = apply_change(conn, actor, login, _change(item.row), item.hashed)
    same = changed == present and item.hashed is None
    return RowStatus.UNCHANGED if same else RowStatus.CHANGED


def _add(conn: Connection, actor: Actor, item: _Prepared, at: Millis) -> None:
    row = item.row
    new = make_user(
        row.get("login"),
        row.get("name"),
        row.get("role", "dispatcher"),
        row.get("language", "zh"),
        at,
    )
    if item.hashed is None:
        raise invalid(
            "password_missing", "A new user needs a password.", "Fill the column password."
        )
    check_gift(actor, new.role)
    new = User(new.login, new.name, new.role, new.language, _disabled(row) or False, at)
    store.add_user(conn, new, item.hashed)
    audit.append(conn, actor.login, "user.added", new.login, {"role": new.role, "name": new.name})


def _change(row: Row) -> UserChange:
    """Return what a row says; an empty cell leaves things as they are."""
    return UserChange(
        row.get("name") or None,
        row.get("role") or None,
        row.get("language") or None,
        _disabled(row),
    )


def _disabled(row: Row) -> bool | None:
    text = row.get("disabled").lower()
    if text not in _WORDS:
        raise invalid("bad_value", f"disabled is {numbers.quoted(text)}.", "Give 1 or 0.")
    return _WORDS[text] if text else None


def _cells(user: User) -> dict[str, Any]:
    return {
        "login": user.login,
        "name": user.name,
        "role": user.role.value,
        "language": user.language,
        "disabled": user.disabled,
    }
