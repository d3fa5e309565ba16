"""Imports and exports of the directory and the registry.

Rows are read and checked in a thread of their own and stored in batches, so that neither the event loop
nor the one writer is held while calls come in.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from softswitch.access.model import Actor
from softswitch.csvio import Report, Row, RowReport, RowStatus, read_rows, repeated, write_rows
from softswitch.directory import csv_extensions, store
from softswitch.directory.changes import new_secret
from softswitch.directory.ledger import Hand, difference, shown, tell
from softswitch.directory.model import DirectorySnapshot, RegistryEntry
from softswitch.directory.registry import RegistryService
from softswitch.directory.service import DirectoryService
from softswitch.errors import Refusal
from softswitch.numbers import PhoneNumber

BATCH = 500
REGISTRY_REQUIRED = ("number", "name")
REGISTRY_OPTIONAL = ("address", "note")
REGISTRY_COLUMNS = (*REGISTRY_REQUIRED, *REGISTRY_OPTIONAL)

Line = tuple[int, RegistryEntry]


async def import_extensions(
    service: DirectoryService, actor: Actor | None, data: bytes, *, dry_run: bool
) -> Report:
    """Import extensions and their phones, in batches; ``dry_run`` only reports."""
    required, optional = csv_extensions.REQUIRED, csv_extensions.OPTIONAL
    rows = await asyncio.to_thread(read_rows, data, required=required, optional=optional)
    if dry_run:
        planned = await asyncio.to_thread(csv_extensions.plan, rows, service.snapshot())
        return planned.report
    report, seen = Report(), dict[str, int]()
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        part = await service.change(actor, _store_extensions, batch, seen)
        report.rows += part.rows
        seen |= {row.key: row.line for row in part.rows if row.status is not RowStatus.REFUSED}
    return report


def export_extensions(snapshot: DirectorySnapshot) -> bytes:
    """Return the extensions as CSV."""
    return write_rows(csv_extensions.COLUMNS, csv_extensions.export(snapshot))


async def import_registry(
    service: RegistryService, actor: Actor | None, data: bytes, *, dry_run: bool
) -> Report:
    """Import registry rows, up to 100,000, in batches; ``dry_run`` only reports.

    Its beginning and its end are in the audit: if the server dies in between, the beginning tells which file
    was being read, and importing it again finishes the work.
    """
    lines, refused = await asyncio.to_thread(_registry_lines, service, data)
    batches = [lines[start : start + BATCH] for start in range(0, len(lines), BATCH)]
    done = list(refused.rows)
    if dry_run:
        for batch in batches:
            done += await service.db.read(_compare_registry, batch)
        return _in_file_order(done)
    hand = service.hand(actor)
    began = {"rows": len(lines), "sha256": hashlib.sha256(data).hexdigest()}
    await service.db.write(_tell_import, hand, "import_began", began)
    for batch in batches:
        done += await service.db.write(_store_registry, batch)
    report = _in_file_order(done)
    counts = {status.value: report.count(status) for status in RowStatus}
    await service.db.write(_tell_import, hand, "imported", counts)
    return report


def _in_file_order(rows: list[RowReport]) -> Report:
    return Report(sorted(rows, key=lambda row: row.line))


def export_registry(conn: Connection) -> bytes:
    """Return the whole registry as CSV; runs in a reader thread."""
    rows = (shown(entry) for entry in store.all_registry(conn))
    return write_rows(REGISTRY_COLUMNS, rows)


def _store_extensions(
    conn: Connection,
    before: DirectorySnapshot,
    hand: Hand,
    rows: Sequence[Row],
    seen: Mapping[str, int],
) -> Report:
    planned = csv_extensions.plan(rows, before, seen)
    changed = {entry.number for entry in planned.extensions if before.extension(entry.number)}
    store.add_extensions(conn, [e for e in planned.extensions if e.number not in changed])
    for entry in planned.extensions:
        if entry.number in changed:
            store.put_extension(conn, entry)
    phones = [
        phone if phone.secret else replace(phone, secret=new_secret()) for phone in planned.phones
    ]
    store.add_phones(conn, [phone for phone in phones if before.phone(phone.id) is None])
    for phone in phones:
        if before.phone(phone.id) is not None:
            store.put_phone(conn, phone)
    if planned.extensions or phones:
        _tell_extensions(conn, hand, before, planned)
    return planned.report


def _tell_extensions(
    conn: Connection, hand: Hand, before: DirectorySnapshot, planned: csv_extensions.Plan
) -> None:
    """One audit row for a batch, with what was added and what each change was."""
    details: dict[str, Any] = {"added": [], "changed": {}, "phones": {}}
    for entry in planned.extensions:
        old = before.extension(entry.number)
        if old is None:
            details["added"].append(entry.number)
        else:
            details["changed"][entry.number] = difference(old, entry)
    for phone in planned.phones:
        present = before.phone(phone.id)
        details["phones"][phone.id] = difference(present, phone) if present else shown(phone)
    tell(conn, hand, "extension", "imported", "", details)


def _registry_lines(service: RegistryService, data: bytes) -> tuple[list[Line], Report]:
    """Return the rows that make sense, and the report of those that do not."""
    refused = Report()
    lines: dict[str, Line] = {}
    rows = read_rows(data, required=REGISTRY_REQUIRED, optional=REGISTRY_OPTIONAL)
    for row in rows:
        try:
            entry = service.tidied(_registry_entry(row))
        except Refusal as refusal:
            refused.refuse(row.line, row.get("number"), refusal)
            continue
        first = lines.setdefault(entry.number, (row.line, entry))
        if first[0] != row.line:
            refused.refuse(row.line, entry.number, repeated(entry.number, first[0]))
    return list(lines.values()), refused


def _registry_entry(row: Row) -> RegistryEntry:
    number = PhoneNumber(row.get("number"))
    return RegistryEntry(number, row.get("name"), row.get("address"), row.get("note"))


def _compare_registry(conn: Connection, batch: Sequence[Line]) -> list[RowReport]:
    existing = store.registry_entries(conn, [entry.number for _, entry in batch])
    return [RowReport(line, _status(entry, existing), entry.number) for line, entry in batch]


def _store_registry(conn: Connection, batch: Sequence[Line]) -> list[RowReport]:
    reports = _compare_registry(conn, batch)
    pairs = list(zip(reports, (entry for _, entry in batch), strict=True))
    store.add_registry(conn, [e for report, e in pairs if report.status is RowStatus.ADDED])
    store.change_registry(conn, [e for report, e in pairs if report.status is RowStatus.CHANGED])
    return reports


def _status(entry: RegistryEntry, existing: Mapping[str, RegistryEntry]) -> RowStatus:
    if entry.number not in existing:
        return RowStatus.ADDED
    return RowStatus.UNCHANGED if existing[entry.number] == entry else RowStatus.CHANGED


def _tell_import(conn: Connection, hand: Hand, act: str, details: Mapping[str, Any]) -> None:
    tell(conn, hand, "registry", act, "", details)
