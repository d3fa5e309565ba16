"""CSV in and out, with a typed report for each row (RFC 4180).

Text from spreadsheets comes as UTF-8 with or without a byte order mark, as UTF-16 with one, or as GB 18030.  On
the way out a cell that a spreadsheet would run as a formula gets an apostrophe in front, and loses it on the
way in.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from softswitch.errors import Kind, Refusal, conflict, invalid

MOST_BYTES = 10_000_000
MOST_ROWS = 100_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class RowStatus(StrEnum):
    """What became of one row."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class RowReport:
    """One row of an import: its line in the file, what became of it, its key and why it was refused."""

    line: int
    status: RowStatus
    key: str
    message: str | None = None
    refusal: Refusal | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the row as the API shows it."""
        shown = {"line": self.line, "status": self.status, "key": self.key, "message": self.message}
        if self.refusal is None:
            return shown
        return {**shown, "message_zh": "".join(self.refusal.in_chinese)}


@dataclass(slots=True)
class Report:
    """What became of every row of an import."""

    rows: list[RowReport] = field(default_factory=list)

    def add(self, line: int, status: RowStatus, key: str) -> None:
        """Note what became of one row."""
        self.rows.append(RowReport(line, status, key))

    def refuse(self, line: int, key: str, refusal: Refusal) -> None:
        """Note why a row was refused."""
        self.rows.append(RowReport(line, RowStatus.REFUSED, key, str(refusal), refusal))

    def count(self, status: RowStatus) -> int:
        """Return how many rows have ``status``."""
        return sum(row.status is status for row in self.rows)

    def as_json(self) -> dict[str, Any]:
        """Return the report as the API shows it."""
        rows = [row.as_json() for row in self.rows]
        return {"rows": rows, **{status.value: self.count(status) for status in RowStatus}}


@dataclass(frozen=True, slots=True)
class Row:
    """One row by the names of its columns; ``line`` is where it begins in the file, counted from 1."""

    line: int
    cells: Mapping[str, str]

    def get(self, name: str, otherwise: str = "") -> str:
        """Return a cell without spaces around it; ``otherwise`` when it is empty or missing."""
        return self.cells.get(name, "") or otherwise


def repeated(key: str, line: int) -> Refusal:
    """Return the refusal of a row whose key stands in an earlier line."""
    return conflict("repeated_row", f"{key} stands in line {line} already.", "Remove one.")


def read_rows(
    data: bytes,
    *,
    required: Sequence[str],
    optional: Sequence[str] = (),
    most_rows: int | None = None,
) -> list[Row]:
    """Return the rows of a CSV file whose first row names the columns, in any order.

    Refuses (``bad_csv``, ``too_large``) a file that is too large, has no known encoding, lacks a required column,
    has an unknown or doubled one, or a row with more cells than columns.
    """
    if len(data) > MOST_BYTES:
        raise Refusal(
            Kind.TOO_LARGE,
            "too_large",
            f"The file has {len(data)} bytes.",
            f"Give at most {MOST_BYTES}; divide it.",
        )
    reader = csv.reader(io.StringIO(decode(data), newline=""), strict=True)
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        _check_header(names, required, optional)
        return _rows(reader, names, most_rows or MOST_ROWS)
    except csv.Error as error:
        raise bad_csv(f"Line {reader.line_num}: {error}.") from error


def _rows(reader: Any, names: Sequence[str], most: int) -> list[Row]:
    rows: list[Row] = []
    line = reader.line_num + 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            if len(cells) > len(names):
                raise bad_csv(f"Line {line} has {len(cells)} cells for {len(names)} columns.")
            rows.append(Row(line, dict(zip(names, map(_plain, cells), strict=False))))
        if len(rows) > most:
            raise Refusal(
                Kind.TOO_LARGE,
                "too_many_rows",
                f"The file has more than {most} rows.",
                "Divide it.",
            )
        line = reader.line_num + 1
    return rows


def _check_header(names: Sequence[str], required: Sequence[str], optional: Sequence[str]) -> None:
    known = [*required, *optional]
    missing = [name for name in required if name not in names]
    unknown = [name for name in names if name not in known]
    if missing:
        raise bad_csv(f"The column {missing[0]} is missing.", known)
    if unknown:
        raise bad_csv(f"The column {unknown[0][:40]!r} is not known.", known)
    if len(set(names)) != len(names):
        raise bad_csv("A column is named twice.", known)


def bad_csv(message: str, columns: Sequence[str] = ()) -> Refusal:
    """Return the refusal of a file that cannot be read as a whole."""
    next_step = (
        f"Name the columns in the first row: {', '.join(columns)}." if columns else "Mend it."
    )
    return invalid("bad_csv", message, next_step, field="file")


def decode(data: bytes) -> str:
    """Return the text of a file in UTF-8, UTF-16 with a byte order mark, or GB 18030; refuse any other."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings: tuple[str, ...] = ("utf-16",)
    else:
        encodings = ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text
    raise invalid(
        "bad_encoding",
        "The file is neither UTF-8 nor GB 18030 text.",
        "Save it as CSV (UTF-8) and try again.",
        field="file",
    )


def write_rows(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> bytes:
    """Return a CSV file as UTF-8 with a byte order mark, which spreadsheets need to show Chinese."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([neutral(_text(row.get(column))) for column in columns])
    return out.getvalue().encode("utf-8-sig")


def neutral(cell: str) -> str:
    """Return a cell that no spreadsheet runs as a formula; a leading apostrophe is kept apart from ours."""
    return f"'{cell}" if cell.startswith((*_FORMULA, "'")) else cell


def _plain(cell: str) -> str:
    """Return a cell as it was before :func:`neutral`, without spaces around it."""
    stripped = cell.strip()
    if stripped.startswith("'") and stripped[1:].startswith((*_FORMULA, "'")):
        return stripped[1:].strip()
    return stripped


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value)
