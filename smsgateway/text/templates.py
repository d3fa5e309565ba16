"""Templates with typed fields: ``{place}``, ``{people:number}``, ``{until:time}``, ``{level:红|橙|黄|蓝}``.

A field names its type once.  What is filled in is checked by the type, so a duty officer in a hurry cannot send
"evacuate before soon".  ``{{`` and ``}}`` are braces.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from smsgateway.text.segments import LONGEST_TEXT
from softswitch.errors import Refusal, invalid

_FIELD = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_NAME = re.compile(r"[^\W\d]\w{0,31}")
_VALUES = {
    "number": re.compile(r"-?\d{1,9}(\.\d{1,3})?"),
    "time": re.compile(r"([01]?\d|2[0-3]):[0-5]\d"),
    "date": re.compile(r"\d{4}-(0?[1-9]|1[0-2])-(0?[1-9]|[12]\d|3[01])"),
    "phone": re.compile(r"\+?[0-9-]{3,20}"),
}
LONGEST_VALUE = 200


class FieldKind(StrEnum):
    """What may stand in a field."""

    TEXT = "text"
    NUMBER = "number"
    TIME = "time"
    DATE = "date"
    PHONE = "phone"
    CHOICE = "choice"


_EXAMPLES = {
    FieldKind.NUMBER: "12 or 3.5",
    FieldKind.TIME: "18:30",
    FieldKind.DATE: "2026-11-22",
    FieldKind.PHONE: "0813-8100119",
}


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a template; ``choices`` for a choice."""

    name: str
    kind: FieldKind = FieldKind.TEXT
    choices: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it as the API shows it."""
        return {"name": self.name, "kind": self.kind.value, "choices": list(self.choices)}


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template: literal texts and fields in turn."""

    pieces: tuple[str | Field, ...]

    @property
    def fields(self) -> tuple[Field, ...]:
        """Each field once, in order."""
        return tuple(dict.fromkeys(piece for piece in self.pieces if isinstance(piece, Field)))

    def fill(self, values: Mapping[str, str]) -> str:
        """Return the text with ``values`` in their fields.

        Refuses what is missing (``field_missing``), not known (``field_unknown``) or of another type (``bad_field``).
        """
        names = {field.name for field in self.fields}
        unknown = [name for name in values if name not in names]
        if unknown:
            raise invalid(
                "field_unknown",
                f"The template has no field {unknown[0][:40]!r}.",
                f"Its fields: {', '.join(sorted(names)) or 'none'}.",
                field="values",
            )
        return "".join(
            piece if isinstance(piece, str) else _value(piece, values.get(piece.name, "").strip())
            for piece in self.pieces
        )


def parse(text: str) -> Template:
    """Return a template, or refuse it (``bad_template``)."""
    if len(text) > LONGEST_TEXT:
        raise _bad(f"It has {len(text)} characters.")
    pieces: list[str | Field] = []
    kinds: dict[str, Field] = {}
    at = 0
    for found in _FIELD.finditer(text):
        pieces.append(text[at : found.start()])
        at = found.end()
        pieces.append(_piece(found, kinds))
    pieces.append(text[at:])
    return Template(tuple(piece for piece in pieces if piece))


def _piece(found: re.Match[str], kinds: dict[str, Field]) -> str | Field:
    whole = found.group(0)
    if whole in {"{{", "}}"}:
        return whole[0]
    inner = found.group(1)
    if inner is None:
        raise _bad(f"A brace at character {found.start() + 1} has no partner.")
    field = _field(inner, kinds.get(inner.partition(":")[0].strip()))
    return kinds.setdefault(field.name, field)


def _field(inner: str, known: Field | None) -> Field:
    name, typed, kind = (part.strip() for part in inner.partition(":"))
    if not _NAME.fullmatch(name):
        raise _bad(f"{name[:40]!r} is no name for a field.")
    if not typed:
        return known or Field(name)
    choices = tuple(choice.strip() for choice in kind.split("|") if choice.strip())
    if "|" in kind and len(set(choices)) > 1:
        field = Field(name, FieldKind.CHOICE, choices)
    elif kind in set(FieldKind) - {FieldKind.CHOICE}:
        field = Field(name, FieldKind(kind))
    else:
        raise _bad(f"{kind[:40]!r} is no type of a field.")
    if known is not None and known != field:
        raise _bad(f"The field {name} has two types.")
    return field


def _value(field: Field, value: str) -> str:
    if not value:
        raise invalid(
            "field_missing", f"The field {field.name} is empty.", "Fill it in.", field=field.name
        )
    if field.kind is FieldKind.CHOICE:
        fits, example = value in field.choices, "|".join(field.choices)
    elif field.kind is FieldKind.TEXT:
        fits, example = len(value) <= LONGEST_VALUE, f"at most {LONGEST_VALUE} characters"
    else:
        fits = _VALUES[field.kind].fullmatch(value) is not None
        example = _EXAMPLES[field.kind]
    if not fits:
        raise invalid(
            "bad_field",
            f"{value[:40]!r} does not fit the field {field.name}.",
            f"Give {example}.",
            field=field.name,
        )
    return value


def _bad(message: str) -> Refusal:
    return invalid(
        "bad_template",
        f"This is no template: {message}",
        "Fields: {name}, {name:number}, time, date, phone, or {name:a|b}; a brace is {{.",
        field="text",
    )
