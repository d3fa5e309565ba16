"""Extensions with their phones as CSV, pure: rows to a plan of changes, and back.

One row is one extension; its phones stand in one cell, ``1001-sip:sip:udp 1001-web:browser:ws``.  A column
that is missing, or a cell that is empty, leaves what is there; an import removes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeVar

from softswitch import numbers
from softswitch.csvio import Report, Row, RowStatus
from softswitch.directory import numbering
from softswitch.directory.model import (
    DirectorySnapshot,
    ExtensionEntry,
    ExtensionKind,
    Phone,
    PhoneKind,
    Transport,
    check_extension,
    check_phone,
    check_record_wish,
)
from softswitch.errors import Refusal, conflict, invalid
from softswitch.numbers import Extension

REQUIRED = ("number",)
OPTIONAL = ("name", "kind", "record", "skills", "position", "enabled", "phones")
COLUMNS = (*REQUIRED, *OPTIONAL)
_YES = frozenset({"1", "yes", "true", "y", "on", "是"})
_NO = frozenset({"0", "no", "false", "n", "off", "否"})
Word = TypeVar("Word", bound=StrEnum)


@dataclass(slots=True)
class Plan:
    """What an import would do: the report for each row, and the rows to store."""

    report: Report = field(default_factory=Report)
    extensions: list[ExtensionEntry] = field(default_factory=list)
    phones: list[Phone] = field(default_factory=list)


def plan(
    rows: Iterable[Row], before: DirectorySnapshot, seen: Mapping[str, int] | None = None
) -> Plan:
    """Return what importing ``rows`` would do; a row that is refused leaves nothing.

    ``seen`` are the numbers of earlier parts of the same file with their lines.
    """
    return _Planner(before, dict(seen or {})).run(rows)


def export(snapshot: DirectorySnapshot) -> list[dict[str, object]]:
    """Return one CSV row for each extension, without secrets."""
    return [
        {
            "number": entry.number,
            "name": entry.name,
            "kind": entry.kind,
            "record": entry.record,
            "skills": " ".join(entry.skills),
            "position": entry.position,
            "enabled": entry.enabled,
            "phones": " ".join(
                f"{phone.id}:{phone.kind}:{phone.transport}"
                for phone in snapshot.phones_of(entry.number)
            ),
        }
        for entry in snapshot.extensions
    ]


class _Planner:
    def __init__(self, before: DirectorySnapshot, seen: dict[str, int]) -> None:
        self._extensions = {entry.number: entry for entry in before.extensions}
        self._phones = {phone.id: phone for phone in before.phones}
        self._emergency = [each.digits for each in before.emergency_numbers]
        self._position = numbering.next_position(before.extensions)
        self._seen = seen
        self._plan = Plan()

    def run(self, rows: Iterable[Row]) -> Plan:
        for row in rows:
            try:
                self._take(row)
            except Refusal as refusal:
                self._plan.report.refuse(row.line, row.get("number"), refusal)
        return self._plan

    def _take(self, row: Row) -> None:
        number = numbers.extension(numbers.bare(row.get("number")))
        if number in self._seen:
            raise conflict(
                "doubled_row",
                f"{number} stands in line {self._seen[number]} already.",
                "Remove one.",
            )
        old = self._extensions.get(number)
        entry = self._entry(row, number, old)
        phones = [self._phone(word, number) for word in row.get("phones").split()]
        if len({phone.id for phone in phones}) < len(phones):
            raise conflict("doubled_phone", "A phone stands in the row twice.", "Remove one.")
        changed_phones = [phone for phone in phones if phone != self._phones.get(phone.id)]
        self._seen[number] = row.line
        self._keep(entry, old, changed_phones)
        self._plan.report.add(row.line, _status(entry, old, changed_phones), number)

    def _entry(self, row: Row, number: Extension, old: ExtensionEntry | None) -> ExtensionEntry:
        if old is None:
            numbering.check_free(number, self._emergency)
        entry = check_extension(_changed(row, old or ExtensionEntry(number, "")))
        if entry.kind is ExtensionKind.DESK and entry.position is None:
            entry = replace(entry, position=self._position)
        return entry

    def _keep(self, entry: ExtensionEntry, old: ExtensionEntry | None, phones: list[Phone]) -> None:
        if entry != old:
            self._extensions[entry.number] = entry
            self._plan.extensions.append(entry)
        self._position = max(self._position, (entry.position or 0) + 1)
        self._phones |= {phone.id: phone for phone in phones}
        self._plan.phones += phones

    def _phone(self, word: str, number: Extension) -> Phone:
        phone_id, _, rest = word.partition(":")
        kind_word, _, transport_word = rest.partition(":")
        kind = _word(PhoneKind, kind_word, PhoneKind.SIP, "phones")
        usual = Transport.WS if kind is PhoneKind.BROWSER else Transport.UDP
        transport = _word(Transport, transport_word, usual, "phones")
        old = self._phones.get(numbers.phone_id(phone_id, "phones"))
        if old is not None and old.extension != number:
            raise conflict(
                "phone_taken",
                f"Phone {phone_id} belongs to {old.extension or 'no extension'}.",
                "Choose another id.",
            )
        base = old or Phone(numbers.phone_id(phone_id), number)
        return check_phone(replace(base, kind=kind, transport=transport))


def _changed(row: Row, base: ExtensionEntry) -> ExtensionEntry:
    """Return the extension with the cells that the row fills."""
    kind = _word(ExtensionKind, row.get("kind"), base.kind, "kind")
    record = _flag(row, "record", base.record or kind is ExtensionKind.DESK)
    check_record_wish(kind, record)
    position = base.position if kind is ExtensionKind.DESK else None
    return replace(
        base,
        name=row.get("name", base.name),
        kind=kind,
        record=record,
        skills=tuple(row.get("skills").split()) if "skills" in row.cells else base.skills,
        position=_whole(row, "position", position),
        enabled=_flag(row, "enabled", base.enabled),
    )


def _status(entry: ExtensionEntry, old: ExtensionEntry | None, phones: list[Phone]) -> RowStatus:
    if old is None:
        return RowStatus.ADDED
    return RowStatus.CHANGED if phones or entry != old else RowStatus.UNCHANGED


def _word(kind: type[Word], text: str, otherwise: Word, column: str) -> Word:
    if not text:
        return otherwise
    known: Mapping[str, Word] = {each.value: each for each in kind}
    if text.lower() not in known:
        raise invalid(
            "bad_cell",
            f"{column}: {numbers.quoted(text)} is not known.",
            f"Write one of {', '.join(known)}.",
            field=column,
        )
    return known[text.lower()]


def _flag(row: Row, column: str, otherwise: bool) -> bool:
    text = row.get(column).lower()
    if not text:
        return otherwise
    if text not in _YES | _NO:
        raise invalid(
            "bad_cell",
            f"{column}: {numbers.quoted(text)} is not known.",
            "Write 1 or 0.",
            field=column,
        )
    return text in _YES


def _whole(row: Row, column: str, otherwise: int | None) -> int | None:
    text = row.get(column)
    if not text:
        return otherwise
    if not (text.isascii() and text.isdecimal()):
        raise invalid(
            "bad_cell",
            f"{column}: {numbers.quoted(text)} is not a whole number.",
            "Write a number or leave it empty.",
            field=column,
        )
    return int(text[:9])
