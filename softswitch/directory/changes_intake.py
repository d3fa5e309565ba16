"""Changes to emergency numbers, intake settings and one-key buttons, each one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from softswitch import numbers
from softswitch.directory import numbering, store
from softswitch.directory.changes import need_extension
from softswitch.directory.ledger import Hand, difference, shown, tell
from softswitch.directory.model import (
    DirectorySnapshot,
    EmergencyNumber,
    IntakeSettings,
    SpeedDial,
    check_emergency,
    check_intake,
    check_speed_dials,
)
from softswitch.errors import Kind, Refusal, conflict

MAX_EMERGENCY_NUMBERS = 50


def add_emergency(
    conn: Connection, before: DirectorySnapshot, hand: Hand, entry: EmergencyNumber
) -> EmergencyNumber:
    """Add an emergency number that nothing shadows."""
    entry = check_emergency(entry)
    present = [each.digits for each in before.emergency_numbers]
    numbering.check_new_emergency(entry.digits, [e.number for e in before.extensions], present)
    if len(present) >= MAX_EMERGENCY_NUMBERS:
        raise conflict(
            "directory_full",
            f"There are {MAX_EMERGENCY_NUMBERS} emergency numbers.",
            "Remove one first.",
        )
    store.put_emergency(conn, entry)
    tell(conn, hand, "emergency", "added", entry.digits, shown(entry))
    return entry


def change_emergency(
    conn: Connection,
    before: DirectorySnapshot,
    hand: Hand,
    digits: str,
    fields: Mapping[str, Any],
) -> EmergencyNumber:
    """Change names, rank or skill of an emergency number."""
    old = need_emergency(before, digits)
    entry = check_emergency(replace(old, **fields))
    changed = difference(old, entry)
    if changed:
        store.put_emergency(conn, entry)
        tell(conn, hand, "emergency", "changed", digits, changed)
    return entry


def remove_emergency(conn: Connection, before: DirectorySnapshot, hand: Hand, digits: str) -> None:
    """Remove an emergency number, but never the last one."""
    old = need_emergency(before, digits)
    numbering.check_removal_of_emergency(digits, before.emergency_numbers)
    store.drop_emergency(conn, digits)
    tell(conn, hand, "emergency", "removed", digits, shown(old))


def change_intake(
    conn: Connection, before: DirectorySnapshot, hand: Hand, fields: Mapping[str, Any]
) -> IntakeSettings:
    """Change intake settings."""
    settings = check_intake(replace(before.intake, **fields))
    _check_duty_number(settings, before)
    changed = difference(before.intake, settings)
    if changed:
        store.put_intake(conn, settings)
        tell(conn, hand, "intake", "changed", "intake", changed)
    return settings


def put_speed_dials(
    conn: Connection,
    before: DirectorySnapshot,
    hand: Hand,
    extension: str,
    buttons: Sequence[SpeedDial],
) -> tuple[SpeedDial, ...]:
    """Replace the buttons of a desk."""
    need_extension(before, extension)
    checked = check_speed_dials(buttons)
    if list(checked) != store.speed_dials(conn, extension):
        store.put_speed_dials(conn, extension, checked)
        tell(
            conn, hand, "speed_dial", "changed", extension, {"buttons": [shown(b) for b in checked]}
        )
    return checked


def need_emergency(before: DirectorySnapshot, digits: str) -> EmergencyNumber:
    """Return the emergency number or refuse."""
    entry = before.emergency(digits)
    if entry is None:
        raise Refusal(
            Kind.NOT_FOUND,
            "emergency_number_not_found",
            f"There is no emergency number {numbers.quoted(digits)}.",
            "List them: softswitch emergency list",
        )
    return entry


def _check_duty_number(settings: IntakeSettings, before: DirectorySnapshot) -> None:
    """A duty number that is an emergency number would send the caller around for ever."""
    if settings.duty_number is not None and before.emergency(settings.duty_number):
        raise conflict(
            "duty_number_loops",
            f"The duty number {settings.duty_number} is an emergency number itself.",
            "Give the number of a person on duty.",
        )
