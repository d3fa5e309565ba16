"""The tables of types and grades: read at start, imported, exported."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib import resources
from typing import Any, TypeVar

from sqlalchemy import Connection

from softswitch.access import audit
from softswitch.access.model import SYSTEM_LOGIN
from softswitch.clock import Clock
from softswitch.csvio import Report, Row, RowStatus, read_rows, write_rows
from softswitch.errors import Refusal, invalid
from softswitch.layers.incidents import kind_store, store
from softswitch.layers.incidents.kind_model import (
    GRADE_COLUMNS,
    TYPE_COLUMNS,
    GradeEntry,
    IncidentType,
    grade_of,
    type_of,
)
from softswitch.layers.incidents.model import OVER, Status
from softswitch.layers.incidents.report_model import next_due
from softswitch.store.database import Database

T = TypeVar("T", IncidentType, GradeEntry)
ClockOf = Callable[[int], tuple[int, int]]
"""Grade → minutes until the first report, and between follow-ups; 0: none is required."""
_DRY = "a dry run changes nothing"


class KindService:
    """Types and grades, kept in memory: every screen asks for them."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self.types: dict[str, IncidentType] = {}
        self.grades: dict[int, GradeEntry] = {}

    async def load(self) -> None:
        """Read the tables; those that ship with us fill empty ones."""
        await self._db.write(_fill)
        await self._read()

    async def _read(self) -> None:
        self.types = {one.code: one for one in await self._db.read(kind_store.all_types)}
        self.grades = {one.grade: one for one in await self._db.read(kind_store.all_grades)}

    def clock_of(self, grade: int) -> tuple[int, int]:
        """Return the minutes of the two clocks of a grade."""
        found = self.grades.get(grade)
        return (found.first_minutes, found.follow_minutes) if found else (0, 0)

    def known_type(self, code: str) -> None:
        """Refuse a type that is not in the table."""
        if code and code not in self.types:
            raise invalid("unknown_type", f"There is no type {code[:20]!r}.",
                          "Look with `softswitch incident types`.", field="type")  # fmt: skip

    async def import_types(self, login: str, data: bytes, *, dry_run: bool) -> dict[str, Any]:
        """Add or change types from a CSV file; a report for each row, nothing is removed."""
        rows = read_rows(data, required=TYPE_COLUMNS[:2], optional=TYPE_COLUMNS[2:])
        return await self._import("incident.types", login, rows, type_of, kind_store.put_type,
                                  "code", dry_run)  # fmt: skip

    async def import_grades(self, login: str, data: bytes, *, dry_run: bool) -> dict[str, Any]:
        """Change grades from a CSV file; a report for each row."""
        rows = read_rows(data, required=GRADE_COLUMNS[:2], optional=GRADE_COLUMNS[2:])
        return await self._import("incident.grades", login, rows, grade_of, kind_store.put_grade,
                                  "grade", dry_run)  # fmt: skip

    async def _import(
        self,
        what: str,
        login: str,
        rows: list[Row],
        read: Callable[[Row], T],
        put: Callable[[Connection, T], RowStatus],
        key: str,
        dry_run: bool,
    ) -> dict[str, Any]:
        at = self._clock()

        def write(conn: Connection) -> Report:
            report = _applied(conn, rows, read, put, key)
            if dry_run:
                raise _DryRun(report)
            counts = {status.value: report.count(status) for status in RowStatus}
            audit.append(conn, login, f"{what}.imported", what, counts, at=at)
            return report

        try:
            report = await self._db.write(write)
        except _DryRun as dry:
            return dry.report.as_json()
        await self._read()
        return report.as_json()

    def export_types(self) -> bytes:
        """Return the types as a CSV file that import takes."""
        return write_rows(TYPE_COLUMNS, [one.as_json() for one in self.types.values()])

    def export_grades(self) -> bytes:
        """Return the grades as a CSV file that import takes."""
        return write_rows(GRADE_COLUMNS, [one.as_json() for one in self.grades.values()])


class _DryRun(Exception):
    """Undoes the transaction and carries the report out of it."""

    def __init__(self, report: Report) -> None:
        super().__init__(_DRY)
        self.report = report


def _applied(
    conn: Connection,
    rows: Iterable[Row],
    read: Callable[[Row], T],
    put: Callable[[Connection, T], RowStatus],
    key: str,
) -> Report:
    report = Report()
    for row in rows:
        try:
            report.add(row.line, put(conn, read(row)), row.get(key))
        except Refusal as refusal:
            report.refuse(row.line, row.get(key), refusal)
    return report


def shipped(name: str, columns: tuple[str, ...]) -> list[Row]:
    """Return the rows of a table that ships with us."""
    data = resources.files(__package__).joinpath(name).read_bytes()
    return read_rows(data, required=columns)


def _fill(conn: Connection) -> None:
    if not kind_store.all_types(conn):
        for row in shipped("types.csv", TYPE_COLUMNS):
            kind_store.put_type(conn, type_of(row))
    if not kind_store.all_grades(conn):
        for row in shipped("grades.csv", GRADE_COLUMNS):
            kind_store.put_grade(conn, grade_of(row))


def set_clock(conn: Connection, row: Mapping[str, Any], clock_of: ClockOf) -> None:
    """Set until when the next report upward of an incident must be sent."""
    first, follow_up = clock_of(row["grade"])
    over = Status(row["status"]) in OVER
    due = next_due(row["created_at"], row["reported_at"], over, first, follow_up)
    if row["merged_into"]:
        due = None
    if due != row["report_due_at"]:
        store.put(conn, row["id"], report_due_at=due)


__all__ = ["SYSTEM_LOGIN", "ClockOf", "KindService", "set_clock"]
