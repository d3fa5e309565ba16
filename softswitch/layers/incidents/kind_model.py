"""Types and grades of incidents as tables: GB/T 35561-2017 in structure, imported where a region has its own.

A code has five digits: the class (1 natural disasters, 2 accidents, 3 public health, 4 social security), two for
the group and two for the type; zeros mean all of it.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

from softswitch import numbers
from softswitch.csvio import Row
from softswitch.errors import invalid

TYPE_COLUMNS = ("code", "name_zh", "name_en")
GRADE_COLUMNS = ("grade", "name_zh", "name_en", "color", "first_minutes", "follow_minutes")
COLORS = ("red", "orange", "yellow", "blue")
LONGEST_MINUTES = 7 * 24 * 60
_CODE = re.compile(r"[1-4][0-9]{4}")


@dataclass(frozen=True, slots=True)
class IncidentType:
    """One line of the classification."""

    code: str
    name_zh: str
    name_en: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return it as the API shows it, with the code of what it is part of."""
        return {**asdict(self), "parent": parent(self.code)}


@dataclass(frozen=True, slots=True)
class GradeEntry:
    """One of the four grades; minutes until a report upward is due, 0: none is."""

    grade: int
    name_zh: str
    name_en: str
    color: str
    first_minutes: int
    follow_minutes: int

    def as_json(self) -> dict[str, Any]:
        """Return it as the API shows it."""
        return asdict(self)


def code(text: str, field: str = "type") -> str:
    """Return the code of a type, or refuse what is none."""
    if not _CODE.fullmatch(text):
        raise invalid("bad_type", f"{numbers.quoted(text)} is no code of a type.",
                      "Give five digits as `softswitch incident types` lists them.", field=field)  # fmt: skip
    return text


def parent(of: str) -> str:
    """Return the code of the group or class that a code is part of; empty for a class."""
    if of.endswith("0000"):
        return ""
    return f"{of[0]}0000" if of.endswith("00") else f"{of[:3]}00"


def type_of(row: Row) -> IncidentType:
    """Return a row of a file as a type, or refuse it."""
    name = numbers.plain_text(row.get("name_zh"), "name_zh", 60)
    if not name:
        raise invalid("no_name", "The Chinese name is missing.", "Give name_zh.", field="name_zh")
    english = numbers.plain_text(row.get("name_en"), "name_en", 80)
    return IncidentType(code(row.get("code"), "code"), name, english)


def grade_of(row: Row) -> GradeEntry:
    """Return a row of a file as a grade, or refuse it."""
    grade = _whole(row, "grade", 1, 4)
    name = numbers.plain_text(row.get("name_zh"), "name_zh", 60)
    if not name:
        raise invalid("no_name", "The Chinese name is missing.", "Give name_zh.", field="name_zh")
    color = row.get("color", COLORS[grade - 1])
    if color not in COLORS:
        raise invalid("bad_color", f"{numbers.quoted(color)} is no color of a grade.",
                      f"Choose one of: {', '.join(COLORS)}.", field="color")  # fmt: skip
    english = numbers.plain_text(row.get("name_en"), "name_en", 80)
    first = _whole(row, "first_minutes", 0, LONGEST_MINUTES)
    return GradeEntry(grade, name, english, color, first,
                      _whole(row, "follow_minutes", 0, LONGEST_MINUTES))  # fmt: skip


def _whole(row: Row, name: str, least: int, most: int) -> int:
    text = row.get(name, "0")
    if not (text.isascii() and text.isdigit() and len(text) < 7 and least <= int(text) <= most):
        raise invalid("bad_number_of", f"{name} {numbers.quoted(text)} is out of range.",
                      f"Give {least} to {most}.", field=name)  # fmt: skip
    return int(text)
