"""Tables for terminals, in which a Chinese character is as wide as two Latin letters (Unicode UAX 11)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def width(text: str) -> int:
    """Return how many cells of a terminal ``text`` takes."""
    return sum(_cells(letter) for letter in text)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return lines of columns set apart by two blanks; numbers stand right, text left."""
    shown = [[clean(cell) for cell in row] for row in rows]
    widths = [
        max([width(heading), *(width(row[column]) for row in shown)])
        for column, heading in enumerate(headings)
    ]
    right = [_is_numeric(shown, column) for column in range(len(headings))]
    lines = [headings, *shown]
    return "\n".join(_line(cells, widths, right) for cells in lines)


def clean(text: str) -> str:
    """Return ``text`` on one line and without what a terminal would obey (ECMA-48 control functions)."""
    return _CONTROL.sub(" ", text)


def _cells(letter: str) -> int:
    if unicodedata.combining(letter) or unicodedata.category(letter) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(letter) in {"W", "F"} else 1


def _is_numeric(rows: Sequence[Sequence[str]], column: int) -> bool:
    cells = [row[column] for row in rows if row[column]]
    return bool(cells) and all(re.fullmatch(r"\d{1,4}", cell) for cell in cells)


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = []
    for cell, wide, at_right in zip(cells, widths, right, strict=True):
        blanks = " " * (wide - width(cell))
        padded.append(blanks + cell if at_right else cell + blanks)
    return "  ".join(padded).rstrip()
