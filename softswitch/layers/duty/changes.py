"""What people do with the books of duty: each change is checked, written with its author, and holds at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from sqlalchemy import Connection

from softswitch.calls.core import new_id
from softswitch.clock import Millis
from softswitch.csvio import Report, Row, RowStatus, read_rows, write_rows
from softswitch.errors import Refusal, conflict, invalid, not_found
from softswitch.layers.duty import handover_store, store
from softswitch.layers.duty.entries import (
    PEOPLE_COLUMNS,
    SHIFT_COLUMNS,
    IsEmergency,
    named,
    no_person,
    person_of_row,
    shift_of_row,
)
from softswitch.layers.duty.handover import LONGEST_TEXT
from softswitch.layers.duty.localtime import local, zone_of
from softswitch.layers.duty.model import HOUR, LONGEST_SHIFT, Leave, Person, Roster, Shift
from softswitch.layers.duty.service import DutyService, person_view
from softswitch.layers.duty.tables import leaves, people, rosters, shifts

BATCH = 200


class DutyChanges:
    """Changes of the address book, rosters, shifts, leaves, and the hand-over log."""

    def __init__(self, duty: DutyService, is_emergency: IsEmergency) -> None:
        self._duty = duty
        self._db = duty.db
        self.is_emergency = is_emergency

    async def put_person(self, login: str, person: Person) -> None:
        """Add or change one of the address book."""
        await self._db.write(_put_person, login, person, self._duty.clock())
        await self._duty.refresh()

    async def put_roster(self, login: str, roster: Roster) -> None:
        """Add or change a roster; a change of its zone moves no shift that is there."""
        await self._db.write(_put_roster, login, roster, self._duty.clock())
        await self._duty.refresh()

    async def drop_roster(self, login: str, key: str) -> None:
        """Remove a roster with its shifts."""
        self._duty.roster(key)
        await self._db.write(_drop_roster, login, key, self._duty.clock())
        await self._duty.refresh()

    async def put_shift(self, login: str, shift: Shift) -> None:
        """Add or change a shift. Refused when the person is named elsewhere at that time."""
        self._duty.roster(shift.roster)
        await self._db.write(_put_shift, login, shift, self._duty.clock())
        await self._duty.refresh()

    async def drop_shift(self, login: str, shift_id: str) -> None:
        """Remove a shift."""
        at = self._duty.clock()
        if not await self._db.write(_drop, login, "shift", shift_id, at):
            raise not_found("shift", shift_id, "Look with `softswitch duty shifts`.")
        await self._duty.refresh()

    async def put_leave(self, login: str, leave: Leave) -> None:
        """Add or change a leave."""
        await self._db.write(_put_leave, login, leave, self._duty.clock())
        await self._duty.refresh()

    async def drop_leave(self, login: str, leave_id: str) -> None:
        """Remove a leave."""
        at = self._duty.clock()
        if not await self._db.write(_drop, login, "leave", leave_id, at):
            raise not_found("leave", leave_id, "Look with `softswitch duty leaves`.")
        await self._duty.refresh()

    # ---- the hand-over log

    async def give(self, login: str, roster: str, text: str, entry_id: str | None = None) -> str:
        """Write what the next must know, signed by who leaves; return the id of the entry."""
        self._duty.roster(roster)
        body = named(text, LONGEST_TEXT)
        made = entry_id or new_id()
        await self._db.write(handover_store.give, login, made, roster, body, self._duty.clock())
        return made

    async def take(self, login: str, entry_id: str) -> None:
        """Sign as the one who takes over."""
        await self._db.write(handover_store.take, login, entry_id, self._duty.clock())

    # ---- CSV

    async def import_people(self, login: str, data: bytes, *, dry_run: bool) -> Report:
        """Import the address book and report each row; nobody is removed."""
        columns = PEOPLE_COLUMNS
        rows = await asyncio.to_thread(read_rows, data, required=columns[:2], optional=columns[2:])
        report, seen = Report(), dict[str, int]()
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            await self._run(dry_run, _people_batch, batch, report, seen, self.is_emergency, dry_run)
        return await self._imported(login, "people", report, dry_run)

    async def import_shifts(self, login: str, data: bytes, *, dry_run: bool) -> Report:
        """Import shifts and report each row; the same file twice changes nothing."""
        columns = SHIFT_COLUMNS
        rows = await asyncio.to_thread(read_rows, data, required=columns[:5], optional=columns[5:])
        report, planned = Report(), dict[str, list[Shift]]()
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            await self._run(
                dry_run, _shift_batch, batch, report, planned, self._duty.rosters, dry_run
            )
        return await self._imported(login, "shifts", report, dry_run)

    async def _run(self, dry_run: bool, batch: object, *given: object) -> None:
        work = self._db.read if dry_run else self._db.write
        await work(batch, *given)  # type: ignore[arg-type]  # the two batches below

    async def _imported(self, login: str, what: str, report: Report, dry_run: bool) -> Report:
        if not dry_run:
            counts = {status.value: report.count(status) for status in RowStatus}
            at = self._duty.clock()
            await self._db.write(store.tell, login, f"imported_{what}", "", counts, at)
            await self._duty.refresh()
        return report

    async def export_people(self) -> bytes:
        """Return the address book as CSV."""
        found = await self._db.read(store.all_people)
        rows = [{**person_view(each), "numbers": " ".join(each.numbers)} for each in found]
        return await asyncio.to_thread(write_rows, PEOPLE_COLUMNS, rows)

    async def export_shifts(self, begin: Millis, end: Millis) -> bytes:
        """Return the shifts that touch a span as CSV, in the local time of their rosters."""
        found = await self._db.read(store.shifts_between, begin, end, LONGEST_SHIFT)
        rows = [self._shift_cells(shift) for shift in found if shift.roster in self._duty.rosters]
        return await asyncio.to_thread(write_rows, SHIFT_COLUMNS, rows)

    def _shift_cells(self, shift: Shift) -> dict[str, object]:
        zone = zone_of(self._duty.rosters[shift.roster].zone)
        begin, end = local(shift.begin, zone), local(shift.end, zone)
        return {
            "roster": shift.roster, "person": shift.person, "date": f"{begin:%Y-%m-%d}",
            "begin": f"{begin:%H:%M}", "end": f"{end:%H:%M}", "deputy": shift.deputy,
            "position": shift.position,
        }  # fmt: skip


# ---- in one transaction each


def _put_person(conn: Connection, login: str, person: Person, at: Millis) -> None:
    store.put(conn, people, store.person_row(person))
    store.tell(conn, login, "person", person.key, {"name": person.name, "left": person.left}, at)


def _put_roster(conn: Connection, login: str, roster: Roster, at: Millis) -> None:
    row = store.roster_row(roster)
    store.put(conn, rosters, row)
    store.tell(conn, login, "roster", roster.key, row, at)


def _drop_roster(conn: Connection, login: str, key: str, at: Millis) -> None:
    store.drop_roster(conn, key)
    store.tell(conn, login, "roster_removed", key, {}, at)


def _put_shift(conn: Connection, login: str, shift: Shift, at: Millis) -> None:
    check_shift(conn, shift)
    row = store.shift_row(shift)
    store.put(conn, shifts, row)
    store.tell(conn, login, "shift", shift.id, row, at)


def _put_leave(conn: Connection, login: str, leave: Leave, at: Millis) -> None:
    _must_know(conn, leave.person, leave.deputy)
    row = store.leave_row(leave)
    store.put(conn, leaves, row)
    store.tell(conn, login, "leave", leave.id, row, at)


def _drop(conn: Connection, login: str, what: str, id: str, at: Millis) -> bool:  # noqa: A002
    found = store.drop(conn, shifts if what == "shift" else leaves, id)
    if found:
        store.tell(conn, login, f"{what}_removed", id, {}, at)
    return found


def _must_know(conn: Connection, *keys: str) -> None:
    for key in keys:
        if not key:
            continue
        found = store.one_person(conn, key)
        if found is None:
            raise no_person(key)
        if found.left:
            raise conflict("person_left", f"{key} ({found.name}) has left.", "Name another.")


def check_shift(conn: Connection, shift: Shift, planned: Sequence[Shift] = ()) -> None:
    """Refuse a shift of somebody unknown or gone, or of one who is named elsewhere at that time."""
    _must_know(conn, shift.person, shift.deputy)
    there = [*store.shifts_of(conn, shift.person, shift.begin - 50 * HOUR, shift.end), *planned]
    for other in there:
        if other.id != shift.id and other.begin < shift.end and shift.begin < other.end:
            raise conflict(
                "shift_overlap",
                f"{shift.person} is on duty at {other.roster} at that time.",
                "Name another person, or change the other shift.",
            )


def _people_batch(
    conn: Connection, rows: Sequence[Row], report: Report, seen: dict[str, int],
    is_emergency: IsEmergency, dry_run: bool,
) -> None:  # fmt: skip
    for row in rows:
        key = row.get("key")
        try:
            person = person_of_row(row, is_emergency)
            if key in seen:
                raise invalid(
                    "repeated_row", f"{key} stands in line {seen[key]} too.", "Remove one."
                )
            seen[key] = row.line
            before = store.one_person(conn, key)
            report.add(row.line, _status(before, person), key)
            if not dry_run and before != person:
                store.put(conn, people, store.person_row(person))
        except Refusal as refusal:
            report.refuse(row.line, key, refusal)


def _shift_batch(
    conn: Connection, rows: Sequence[Row], report: Report, planned: dict[str, list[Shift]],
    known: dict[str, Roster], dry_run: bool,
) -> None:  # fmt: skip
    for row in rows:
        key = " ".join(row.get(name) for name in ("roster", "person", "date", "begin"))
        try:
            shift = shift_of_row(row, known)
            check_shift(conn, shift, planned.get(shift.person, ()))
            before = store.one_shift(conn, shift.id)
            report.add(row.line, _status(before, shift), key)
            planned.setdefault(shift.person, []).append(shift)
            if not dry_run and before != shift:
                store.put(conn, shifts, store.shift_row(shift))
        except Refusal as refusal:
            report.refuse(row.line, key, refusal)


def _status(before: object | None, after: object) -> RowStatus:
    if before is None:
        return RowStatus.ADDED
    return RowStatus.UNCHANGED if before == after else RowStatus.CHANGED
