"""Changes to extensions and phones, each one transaction: check against what is there, store, tell.

Every function runs in the writer thread and takes the directory as it is before the change.  The service lets one
change in at a time, so that two people cannot both take the last free number.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from softswitch import numbers
from softswitch.directory import numbering, store
from softswitch.directory.ledger import Hand, difference, shown, tell
from softswitch.directory.model import (
    DirectorySnapshot,
    ExtensionEntry,
    ExtensionKind,
    Phone,
    check_extension,
    check_phone,
    check_record_wish,
)
from softswitch.errors import conflict, not_found
from softswitch.numbers import Extension

MAX_EXTENSIONS = 10_000
MAX_PHONES = 20_000


def new_secret() -> str:
    """Return a SIP password with 144 bits, in letters that need no quoting in any configuration."""
    return secrets.token_urlsafe(18).replace("-", "x").replace("_", "y")


def add_extension(
    conn: Connection, before: DirectorySnapshot, hand: Hand, entry: ExtensionEntry
) -> ExtensionEntry:
    """Add an extension; a desk without a position rings last."""
    entry = placed(check_extension(entry), before)
    taken = [each.number for each in before.extensions]
    numbering.check_new_extension(entry.number, taken, _emergency(before))
    _check_room(len(taken), MAX_EXTENSIONS, "extensions")
    store.put_extension(conn, entry)
    tell(conn, hand, "extension", "added", entry.number, shown(entry))
    return entry


def change_extension(
    conn: Connection,
    before: DirectorySnapshot,
    hand: Hand,
    number: str,
    fields: Mapping[str, Any],
) -> ExtensionEntry:
    """Change fields of an extension; nothing is written when nothing differs."""
    old = need_extension(before, number)
    if fields.get("kind") == ExtensionKind.PHONE:
        fields = {"position": None, **fields}
    wanted = replace(old, **fields)
    check_record_wish(wanted.kind, fields.get("record"))
    entry = placed(check_extension(wanted), before)
    changed = difference(old, entry)
    if changed:
        store.put_extension(conn, entry)
        tell(conn, hand, "extension", "changed", number, changed)
    return entry


def remove_extension(
    conn: Connection, before: DirectorySnapshot, hand: Hand, number: str
) -> list[str]:
    """Remove an extension and its phones; return the ids of those."""
    old = need_extension(before, number)
    phones = [phone.id for phone in before.phones_of(number)]
    store.drop_extension(conn, number)
    tell(conn, hand, "extension", "removed", number, {**shown(old), "phones": phones})
    return [str(phone_id) for phone_id in phones]


def add_phone(conn: Connection, before: DirectorySnapshot, hand: Hand, phone: Phone) -> Phone:
    """Add a phone with a fresh secret, unless it brings one."""
    check_phone(phone)
    if before.phone(phone.id) is not None:
        raise conflict(
            "phone_taken",
            f"Phone {phone.id} exists already.",
            f"Choose another id or change {phone.id}.",
        )
    _check_room(len(before.phones), MAX_PHONES, "phones")
    _check_place(phone, before)
    phone = replace(phone, secret=phone.secret or new_secret())
    store.put_phone(conn, phone)
    tell(conn, hand, "phone", "added", phone.id, shown(phone))
    return phone


def change_phone(
    conn: Connection,
    before: DirectorySnapshot,
    hand: Hand,
    phone_id: str,
    fields: Mapping[str, Any],
) -> Phone:
    """Change fields of a phone; nothing is written when nothing differs."""
    old = need_phone(before, phone_id)
    phone = check_phone(replace(old, **fields))
    _check_place(phone, before)
    changed = difference(old, phone)
    if changed:
        store.put_phone(conn, phone)
        tell(conn, hand, "phone", "changed", phone_id, changed)
    return phone


def remove_phone(conn: Connection, before: DirectorySnapshot, hand: Hand, phone_id: str) -> None:
    """Remove a phone; it is signed off when the switch applies the change."""
    old = need_phone(before, phone_id)
    store.drop_phone(conn, phone_id)
    tell(conn, hand, "phone", "removed", phone_id, shown(old))


def rotate_secret(conn: Connection, before: DirectorySnapshot, hand: Hand, phone_id: str) -> Phone:
    """Give a phone a new secret; with the old one it can register no more."""
    phone = replace(need_phone(before, phone_id), secret=new_secret())
    store.put_phone(conn, phone)
    tell(conn, hand, "phone", "secret_rotated", phone_id, {})
    return phone


def show_secret(conn: Connection, before: DirectorySnapshot, hand: Hand, phone_id: str) -> Phone:
    """Return a phone with its secret; that it was looked at is on record first."""
    phone = need_phone(before, phone_id)
    tell(conn, hand, "phone", "secret_shown", phone_id, {})
    return phone


def need_extension(before: DirectorySnapshot, number: str) -> ExtensionEntry:
    """Return the extension or refuse."""
    entry = before.extension(number)
    if entry is None:
        raise not_found("extension", numbers.quoted(number), "List them: softswitch extension list")
    return entry


def need_phone(before: DirectorySnapshot, phone_id: str) -> Phone:
    """Return the phone or refuse."""
    phone = before.phone(phone_id)
    if phone is None:
        raise not_found("phone", numbers.quoted(phone_id), "List them: softswitch phone list")
    return phone


def placed(entry: ExtensionEntry, before: DirectorySnapshot) -> ExtensionEntry:
    """Give a desk without a position the last one."""
    if entry.kind is not ExtensionKind.DESK or entry.position is not None:
        return entry
    return replace(entry, position=numbering.next_position(before.extensions))


def _check_place(phone: Phone, before: DirectorySnapshot) -> None:
    number = phone.extension or Extension("")
    numbering.check_phone_place(phone, before.extension(number))


def _emergency(before: DirectorySnapshot) -> list[str]:
    return [each.digits for each in before.emergency_numbers]


def _check_room(present: int, most: int, what: str) -> None:
    if present >= most:
        raise conflict("directory_full", f"There are {most} {what}.", f"Remove {what} first.")
