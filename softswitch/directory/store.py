"""The SQL of the directory: plain functions for ``Database.read`` and ``Database.write``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, Table, bindparam, delete, insert, or_, select, update

from softswitch.directory import tables
from softswitch.directory.model import (
    FIRST_EMERGENCY_NUMBERS,
    DirectorySnapshot,
    EmergencyNumber,
    ExtensionEntry,
    ExtensionKind,
    IntakeSettings,
    Phone,
    PhoneKind,
    RegistryEntry,
    SpeedDial,
    Strategy,
    Transport,
)
from softswitch.numbers import EmergencyDigits, Extension, PhoneId, PhoneNumber
from softswitch.store.notes import note

REGISTRY = "registry"
"""The note that a changed registry leaves."""
_INTAKE_ROW = 1
_IN_LIST = 500


def load(conn: Connection) -> DirectorySnapshot:
    """Return everything that the switch is configured from."""
    t = tables
    return DirectorySnapshot(
        extensions=tuple(map(_extension, _all(conn, t.extensions, "number"))),
        phones=tuple(map(_phone, _all(conn, t.phones, "id"))),
        emergency_numbers=tuple(map(_emergency, _all(conn, t.emergency_numbers, "rank", "digits"))),
        intake=_intake(conn),
    )


def fill_first_rows(conn: Connection) -> None:
    """Give a fresh database its emergency numbers and intake settings; an old one stays as it is."""
    if conn.execute(select(tables.intake.c.id)).first() is not None:
        return
    put_intake(conn, IntakeSettings())
    for entry in FIRST_EMERGENCY_NUMBERS:
        put_emergency(conn, entry)


def put_extension(conn: Connection, entry: ExtensionEntry) -> None:
    """Add or change an extension."""
    _put(conn, tables.extensions, "number", {**asdict(entry), "skills": " ".join(entry.skills)})


def add_extensions(conn: Connection, entries: Iterable[ExtensionEntry]) -> None:
    """Add many new extensions."""
    rows = [{**asdict(entry), "skills": " ".join(entry.skills)} for entry in entries]
    if rows:
        conn.execute(insert(tables.extensions), rows)


def add_phones(conn: Connection, phones: Iterable[Phone]) -> None:
    """Add many new phones."""
    rows = [asdict(phone) for phone in phones]
    if rows:
        conn.execute(insert(tables.phones), rows)


def drop_extension(conn: Connection, number: str) -> None:
    """Remove an extension with its phones and buttons."""
    conn.execute(delete(tables.phones).where(tables.phones.c.extension == number))
    conn.execute(delete(tables.extensions).where(tables.extensions.c.number == number))


def put_phone(conn: Connection, phone: Phone) -> None:
    """Add or change a phone."""
    _put(conn, tables.phones, "id", asdict(phone))


def drop_phone(conn: Connection, phone_id: str) -> None:
    """Remove a phone."""
    conn.execute(delete(tables.phones).where(tables.phones.c.id == phone_id))


def put_emergency(conn: Connection, entry: EmergencyNumber) -> None:
    """Add or change an emergency number."""
    _put(conn, tables.emergency_numbers, "digits", asdict(entry))


def drop_emergency(conn: Connection, digits: str) -> None:
    """Remove an emergency number."""
    table = tables.emergency_numbers
    conn.execute(delete(table).where(table.c.digits == digits))


def put_intake(conn: Connection, settings: IntakeSettings) -> None:
    """Store the intake settings; there is one row of them."""
    _put(conn, tables.intake, "id", {"id": _INTAKE_ROW, **asdict(settings)})


def registry_entries(conn: Connection, numbers: Sequence[str]) -> dict[str, RegistryEntry]:
    """Return the entries with these canonical numbers, by number."""
    table = tables.registry
    found: dict[str, RegistryEntry] = {}
    for start in range(0, len(numbers), _IN_LIST):
        chosen = table.c.number.in_(numbers[start : start + _IN_LIST])
        found |= {row.number: _registry(row) for row in conn.execute(select(table).where(chosen))}
    return found


def registry_page(conn: Connection, query: str, after: str, limit: int) -> list[RegistryEntry]:
    """Return entries by number behind ``after`` whose number, name or address holds ``query``."""
    table = tables.registry
    chosen = select(table).where(table.c.number > after).order_by(table.c.number).limit(limit)
    if query:
        columns = (table.c.number, table.c.name, table.c.address)
        chosen = chosen.where(or_(*(c.contains(query, autoescape=True) for c in columns)))
    return [_registry(row) for row in conn.execute(chosen)]


def all_registry(conn: Connection) -> Iterator[RegistryEntry]:
    """Yield every entry by number, a thousand rows at a time."""
    chosen = select(tables.registry).order_by(tables.registry.c.number)
    for row in conn.execute(chosen.execution_options(yield_per=1_000)):
        yield _registry(row)


def put_registry(conn: Connection, entry: RegistryEntry) -> None:
    """Add or change a registry entry."""
    note(conn, REGISTRY)
    _put(conn, tables.registry, "number", asdict(entry))


def add_registry(conn: Connection, entries: Iterable[RegistryEntry]) -> None:
    """Add many new entries."""
    rows = [asdict(entry) for entry in entries]
    if rows:
        note(conn, REGISTRY)
        conn.execute(insert(tables.registry), rows)


def change_registry(conn: Connection, entries: Iterable[RegistryEntry]) -> None:
    """Change many existing entries."""
    table = tables.registry
    rows = [{**asdict(entry), "key": entry.number} for entry in entries]
    if rows:
        note(conn, REGISTRY)
        changed = update(table).where(table.c.number == bindparam("key"))
        names = ("name", "address", "note")
        conn.execute(changed.values({name: bindparam(name) for name in names}), rows)


def drop_registry(conn: Connection, number: str) -> None:
    """Remove a registry entry."""
    note(conn, REGISTRY)
    conn.execute(delete(tables.registry).where(tables.registry.c.number == number))


def speed_dials(conn: Connection, extension: str) -> list[SpeedDial]:
    """Return the buttons of a desk in order."""
    table = tables.speed_dials
    chosen = select(table).where(table.c.extension == extension).order_by(table.c.position)
    return [
        SpeedDial(row.position, row.label, PhoneNumber(row.number)) for row in conn.execute(chosen)
    ]


def put_speed_dials(conn: Connection, extension: str, buttons: Iterable[SpeedDial]) -> None:
    """Replace all buttons of a desk."""
    table = tables.speed_dials
    conn.execute(delete(table).where(table.c.extension == extension))
    rows = [{"extension": extension, **asdict(button)} for button in buttons]
    if rows:
        conn.execute(insert(table), rows)


def _put(conn: Connection, table: Table, key: str, values: Mapping[str, Any]) -> None:
    """Change the row or add it. The one writer makes the two statements safe."""
    changed = conn.execute(update(table).where(table.c[key] == values[key]).values(**values))
    if changed.rowcount == 0:
        conn.execute(insert(table).values(**values))


def _all(conn: Connection, table: Table, *order: str) -> Iterable[Row[Any]]:
    return conn.execute(select(table).order_by(*(table.c[name] for name in order)))


def _extension(row: Row[Any]) -> ExtensionEntry:
    return ExtensionEntry(
        Extension(row.number),
        row.name,
        ExtensionKind(row.kind),
        row.record,
        tuple(row.skills.split()),
        row.position,
        row.enabled,
    )


def _phone(row: Row[Any]) -> Phone:
    extension = None if row.extension is None else Extension(row.extension)
    kind, transport = PhoneKind(row.kind), Transport(row.transport)
    return Phone(PhoneId(row.id), extension, kind, transport, row.secret, row.enabled)


def _emergency(row: Row[Any]) -> EmergencyNumber:
    digits = EmergencyDigits(row.digits)
    return EmergencyNumber(digits, row.name_zh, row.name_en, row.rank, row.skill)


def _registry(row: Row[Any]) -> RegistryEntry:
    return RegistryEntry(PhoneNumber(row.number), row.name, row.address, row.note)


def _intake(conn: Connection) -> IntakeSettings:
    row = conn.execute(select(tables.intake)).first()
    if row is None:
        return IntakeSettings()
    return IntakeSettings(
        row.offer_seconds,
        Strategy(row.strategy),
        None if row.duty_number is None else PhoneNumber(row.duty_number),
        row.callback_auto,
        row.area_code,
    )
