"""A CSV file of recipients, read in a stream: any length, any mixture of good and bad rows, little memory.

Columns, in any order and in Chinese or English: number (required), name, area, longitude, latitude.  A file without
a heading whose first cell is a number is number, name, area.  A row that is no recipient is reported with its line
and the reason; only a file that cannot be read as CSV at all is refused.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, BinaryIO, NamedTuple

from smsgateway.recipients.mobile import find_mobile, why_not
from softswitch.csvio import bad_csv
from softswitch.errors import Kind, Refusal, invalid

MOST_ROWS = 5_000_000
LONGEST_LINE = 65_536
LONGEST_NAME = 64
LONGEST_AREA = 64
LONGEST_FIELD = 200
MOST_FIELDS = 20
_SAMPLE = 262_144
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

_NAMES = {
    "number": ("number", "phone", "mobile", "号码", "手机", "手机号", "手机号码", "电话"),
    "name": ("name", "姓名", "名称"),
    "area": ("area", "region", "区域", "地区", "所属区域"),
    "longitude": ("longitude", "lon", "lng", "经度"),
    "latitude": ("latitude", "lat", "纬度"),
}
OWN_FIELDS = {
    "number": "number", "号码": "number", "name": "name", "姓名": "name", "area": "area", "区域": "area",
}  # fmt: skip
"""What a text can say of every person, with the word for it."""

_FIELD = re.compile(r"[^\W\d]\w{0,31}")
"""Headings of other columns that the fields of a text can name."""

_COLUMN = {alias: name for name, aliases in _NAMES.items() for alias in aliases}
_ARCHIVES = {b"PK\x03\x04": "ZIP or XLSX", b"\x1f\x8b": "GZIP", b"7z\xbc\xaf": "7z",
             b"Rar!": "RAR", b"BZh": "BZIP2", b"\xfd7zX": "XZ", b"\xd0\xcf\x11\xe0": "XLS"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """One recipient of a file. Degrees in WGS 84, None where the file tells none."""

    number: str
    name: str = ""
    area: str = ""
    longitude: float | None = None
    latitude: float | None = None
    fields: tuple[tuple[str, str], ...] = ()
    """(column, what stands there) of all other columns."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is no recipient; ``why`` is a stable word, ``cell`` what stood there, cut and harmless."""

    line: int
    why: str
    cell: str


class Places(NamedTuple):
    """Where the columns are in a row; -1: the file has no such column."""

    number: int
    name: int = -1
    area: int = -1
    longitude: int = -1
    latitude: int = -1
    last: int = 2
    more: tuple[tuple[str, int], ...] = ()


@dataclass(slots=True)
class Batch:
    """Some rows of the file. ``columns``: what else the file tells of people."""

    columns: tuple[str, ...] = ()
    people: list[Person] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.people) + len(self.bad)


def batches(file: BinaryIO, size: int = 5_000, most_rows: int = MOST_ROWS) -> Iterator[Batch]:
    """Yield the rows of a file in batches of ``size``.

    Raises the :class:`Refusal` ``bad_encoding``, ``archive``, ``bad_csv`` or ``too_many_rows``; what came before it was
    yielded.
    """
    sample = file.read(_SAMPLE)
    encoding = _encoding(sample)
    reader = csv.reader(_lines(file, sample, encoding), strict=True)
    try:
        yield from _batches(reader, size, most_rows)
    except csv.Error as error:
        raise bad_csv(f"Line {reader.line_num}: {error}.") from error


def _batches(reader: Any, size: int, most: int) -> Iterator[Batch]:
    first = next(reader, None)
    if first is None:
        raise bad_csv("The file is empty.", list(_NAMES))
    places = _places(first)
    rows = 0
    columns = tuple(name for name, _ in places.more) if places is not None else ()
    batch = Batch(columns)
    if places is None:
        places = Places(0, 1, 2)
        _take(batch, 1, first, places)
        rows = 1
    line = reader.line_num + 1
    for cells in reader:
        if cells and any(cells):
            rows += 1
            _take(batch, line, cells, places)
        if rows > most:
            raise _too_many(most)
        if len(batch) >= size:
            yield batch
            batch = Batch(columns)
        line = reader.line_num + 1
    yield batch


def _take(batch: Batch, line: int, cells: list[str], places: Places) -> None:
    person, why, cell = _person(cells, places)
    if person is not None:
        batch.people.append(person)
    else:
        batch.bad.append(BadRow(line, why, _harmless(cell)))


def _person(cells: list[str], places: Places) -> tuple[Person | None, str, str]:
    for text in cells:
        # One check for most rows; which cell it is matters only when there is one.
        if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
            return None, "bad_encoding", text
    # A column that is missing is the last: empty.
    cells += [""] * max(1, 1 + places.last - len(cells))
    written = cells[places.number].strip()
    number = find_mobile(written.removeprefix("'"))
    if number is None:
        return None, why_not(written), written
    name, area = _plain(cells[places.name].strip()), _plain(cells[places.area].strip())
    if len(name) > LONGEST_NAME or len(area) > LONGEST_AREA:
        return None, "too_long", name if len(name) > LONGEST_NAME else area
    fields = tuple((name, _plain(cells[place].strip())) for name, place in places.more)
    long = next((value for _, value in fields if len(value) > LONGEST_FIELD), None)
    if long is not None:
        return None, "too_long", long
    longitude, latitude = cells[places.longitude].strip(), cells[places.latitude].strip()
    if not longitude and not latitude:
        return Person(number, name, area, fields=fields), "", ""
    position = _position(longitude, latitude)
    if position is None:
        return None, "bad_position", f"{longitude},{latitude}"
    return Person(number, name, area, *position, fields), "", ""


def _position(longitude: str, latitude: str) -> tuple[float, float] | None:
    try:
        position = float(longitude), float(latitude)
    except ValueError:
        return None
    return position if abs(position[0]) <= 180 and abs(position[1]) <= 90 else None


def _plain(cell: str) -> str:
    """Return a cell without control characters, and without what makes a spreadsheet run it.

    What comes in here goes out again in reports that are opened in spreadsheets.
    """
    if not cell:
        return ""
    if cell[0] in "=+-@'":
        cell = cell.lstrip("=+-@'\t\r ")
    return cell if cell.isprintable() else "".join(c if c.isprintable() else " " for c in cell)


def _harmless(cell: str) -> str:
    shown = cell.encode("utf-8", "replace").decode()[:40]
    return _plain(shown)


def _places(first: list[str]) -> Places | None:
    """Return where the columns are; None when the first row is a recipient already."""
    names = [cell.strip().lower() for cell in first]
    places: dict[str, int] = {}
    for place, name in enumerate(names):
        column = _COLUMN.get(name)
        if column in places:
            raise bad_csv(f"The column {column} is named twice.", list(_NAMES))
        if column is not None:
            places[column] = place
    if "number" in places:
        return Places(**places, last=len(first) - 1, more=_more(first))
    if not places and first and find_mobile(first[0].strip()) is not None:
        return None
    raise bad_csv("The column number is missing.", list(_NAMES))


def _more(first: list[str]) -> tuple[tuple[str, int], ...]:
    """Return the other columns that have a name which a text can use, each once."""
    found: dict[str, int] = {}
    for place, cell in enumerate(first):
        name = cell.strip()
        if name.lower() not in _COLUMN and _FIELD.fullmatch(name):
            found.setdefault(name, place)
    return tuple(found.items())[:MOST_FIELDS]


def _encoding(sample: bytes) -> str:
    for mark, kind in _ARCHIVES.items():
        if sample.startswith(mark):
            raise invalid(
                "archive",
                f"The file is packed ({kind}).",
                "Unpack it, or save the sheet as CSV (UTF-8), and try again.",
                field="file",
            )
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\0" in sample:
        raise _not_text()
    if not sample.startswith(codecs.BOM_UTF8):
        bad_utf8 = _errors(sample, "utf-8")
        if bad_utf8 and _errors(sample, "gb18030") < bad_utf8:
            return "gb18030"
    return "utf-8-sig"


def _errors(sample: bytes, encoding: str) -> int:
    """Return how many places of the sample are not in ``encoding``; its cut end counts for nothing."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    return decoder.decode(sample).count("\ufffd")


def _not_text() -> Refusal:
    return invalid(
        "bad_encoding",
        "The file is neither UTF-8 nor GB 18030 text.",
        "Save it as CSV (UTF-8) and try again.",
        field="file",
    )


def _lines(file: BinaryIO, sample: bytes, encoding: str) -> Iterator[str]:
    """Yield lines; octets that are no text become lone surrogates, by which their row is known as bad."""
    # UTF-16 has no single octets to keep: a half pair is replaced.
    errors = "replace" if encoding == "utf-16" else "surrogateescape"
    source = io.TextIOWrapper(
        io.BufferedReader(_Again(sample, file), 262_144), encoding, errors, newline=""
    )
    try:
        while line := source.readline(LONGEST_LINE):
            if len(line) == LONGEST_LINE:
                raise bad_csv(f"A line has more than {LONGEST_LINE} characters.")
            if "\0" in line:
                raise _not_text()
            yield line
    finally:
        with suppress(ValueError):  # the file was closed by its owner already
            source.detach()


class _Again(io.RawIOBase):
    """The sample, and then the rest of the file."""

    def __init__(self, sample: bytes, file: BinaryIO) -> None:
        self._sample = sample
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._sample[: len(buffer)] or self._file.read(len(buffer))
        self._sample = self._sample[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)


def _too_many(most: int) -> Refusal:
    return Refusal(
        Kind.TOO_LARGE, "too_many_rows", f"The file has more than {most} rows.", "Divide it."
    )
