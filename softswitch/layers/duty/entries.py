"""What is asked of duty, checked at the door: people, rosters, shifts and leaves as typed values. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date

from softswitch import numbers
from softswitch.clock import LATEST, Millis
from softswitch.csvio import Row
from softswitch.errors import Refusal, invalid, not_found
from softswitch.layers.duty.localtime import day_of, minute_of, span, zone_of
from softswitch.layers.duty.model import LONGEST_SHIFT, Leave, Person, Roster, Shift, Use

MOST_NUMBERS = 8
MOST_NEED = 50
MOST_POSITION = 99
_KEY = re.compile(r"[\w.-]{1,32}")

IsEmergency = Callable[[str], bool]


def key_of(text: str, field: str = "key") -> str:
    """Return the short name of a person or a roster: letters of any script, digits, ``.``, ``_``, ``-``."""
    if not _KEY.fullmatch(text):
        raise invalid(
            "bad_key", f"{numbers.quoted(text)} is no short name.",
            "Give 1 to 32 letters, digits, dots, dashes or underscores.", field=field,
        )  # fmt: skip
    return text


def optional_key(text: str, field: str) -> str:
    """Return a short name, or nothing."""
    return key_of(text, field) if text else ""


def numbers_of(given: Iterable[str], is_emergency: IsEmergency) -> tuple[str, ...]:
    """Return numbers in their order, each once; refuse emergency numbers and more than eight."""
    typed = tuple(dict.fromkeys(str(numbers.phone_number(each, "numbers")) for each in given))
    if len(typed) > MOST_NUMBERS:
        raise invalid(
            "too_many", f"{len(typed)} numbers are too many.", f"Give up to {MOST_NUMBERS}."
        )
    for number in typed:
        if is_emergency(number):
            raise invalid(
                "emergency_number", f"{number} is an emergency number.",
                "Name a telephone or an extension.", field="numbers",
            )  # fmt: skip
    return typed


def person(
    key: str, name: str, given: Iterable[str], is_emergency: IsEmergency, *, title: str = "",
    unit: str = "", deputy: str = "", note: str = "", left: bool = False,
) -> Person:  # fmt: skip
    """Return one of the address book, or refuse."""
    typed = key_of(key)
    if deputy == typed:
        raise invalid(
            "own_deputy", f"{typed} cannot be his own deputy.", "Name another.", field="deputy"
        )
    return Person(
        typed, named(name, 64), numbers.plain_text(title, "title", 64),
        numbers.plain_text(unit, "unit", 128), numbers_of(given, is_emergency),
        optional_key(deputy, "deputy"), numbers.plain_text(note, "note", 500), left,
    )  # fmt: skip


def roster(key: str, name: str, zone: str, need: int, uses: Iterable[Use]) -> Roster:
    """Return a roster, or refuse."""
    zone_of(zone)
    if not 1 <= need <= MOST_NEED:
        raise invalid(
            "bad_need", f"{need} people are no guard.", f"Give 1 to {MOST_NEED}.", field="need"
        )
    return Roster(key_of(key), named(name, 64), zone, need, frozenset(uses))


def named(text: str, longest: int) -> str:
    """Return a name, or refuse an empty one."""
    found = numbers.plain_text(text, "name", longest)
    if not found:
        raise invalid("no_name", "The name is missing.", "Give one.", field="name")
    return found


def shift_id(roster_key: str, person_key: str, begin: Millis) -> str:
    """Return the id of a shift: importing it twice makes one."""
    text = f"shift {roster_key} {person_key} {begin}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def shift(roster_key: str, person_key: str, begin: Millis, end: Millis, deputy: str = "",
          position: int = 1) -> Shift:  # fmt: skip
    """Return a shift, or refuse one that is no span, longer than two days, or its own deputy's."""
    check_span(begin, end)
    if end - begin > LONGEST_SHIFT:
        raise invalid(
            "shift_too_long", "The shift is longer than two days.", "Divide it.", field="end"
        )
    if not 1 <= position <= MOST_POSITION:
        raise invalid(
            "bad_position",
            f"{position} is no place in an order.",
            f"Give 1 to {MOST_POSITION}.",
            field="position",
        )
    typed = key_of(person_key, "person")
    if deputy == typed:
        raise invalid(
            "own_deputy", f"{typed} cannot be his own deputy.", "Name another.", field="deputy"
        )
    key = key_of(roster_key, "roster")
    made = shift_id(key, typed, begin)
    return Shift(made, key, typed, begin, end, optional_key(deputy, "deputy"), position)


def leave(person_key: str, begin: Millis, end: Millis, deputy: str = "", reason: str = "") -> Leave:
    """Return a leave, or refuse one that is no span."""
    check_span(begin, end)
    typed = key_of(person_key, "person")
    if deputy == typed:
        raise invalid(
            "own_deputy", f"{typed} cannot be his own deputy.", "Name another.", field="deputy"
        )
    made = hashlib.sha256(f"leave {typed} {begin}".encode()).hexdigest()[:16]
    return Leave(made, typed, begin, end, optional_key(deputy, "deputy"),
                 numbers.plain_text(reason, "reason"))  # fmt: skip


def check_span(begin: Millis, end: Millis) -> None:
    """Refuse an end that is not after the beginning."""
    if not 0 <= begin < end <= LATEST:
        raise invalid(
            "bad_span", "The end is not after the beginning.", "Give a later end.", field="end"
        )


# ---- rows of CSV

PEOPLE_COLUMNS = ("key", "name", "title", "unit", "numbers", "deputy", "note", "left")
SHIFT_COLUMNS = ("roster", "person", "date", "begin", "end", "deputy", "position")


def person_of_row(row: Row, is_emergency: IsEmergency) -> Person:
    """Return the person of a row; several numbers stand in order with spaces between them."""
    return person(
        row.get("key"), row.get("name"), row.get("numbers").replace(";", " ").split(), is_emergency,
        title=row.get("title"), unit=row.get("unit"), deputy=row.get("deputy"),
        note=row.get("note"), left=_yes(row.get("left"), "left"),
    )  # fmt: skip


def shift_of_row(row: Row, known: Mapping[str, Roster]) -> Shift:
    """Return the shift of a row, whose times are those of the roster's place."""
    key = row.get("roster")
    if key not in known:
        raise no_roster(key)
    day = _day(row.get("date"))
    begin, end = span(
        day, minute_of(row.get("begin"), "begin"), minute_of(row.get("end"), "end"),
        zone_of(known[key].zone),
    )  # fmt: skip
    return shift(
        key, row.get("person"), begin, end, row.get("deputy"), _whole(row.get("position", "1"))
    )


def no_roster(key: str) -> Refusal:
    """Return the refusal of a roster that there is not."""
    return not_found("roster", numbers.quoted(key), "Look with `softswitch duty rosters`.")


def no_person(key: str) -> Refusal:
    """Return the refusal of a person who is not in the address book."""
    return not_found("person", numbers.quoted(key), "Look with `softswitch duty people`.")


def _day(text: str) -> date:
    return day_of(text.replace("/", "-"))


def _yes(text: str, field: str) -> bool:
    if text.lower() in {"", "0", "no", "false", "否"}:
        return False
    if text.lower() in {"1", "yes", "true", "是"}:
        return True
    raise invalid(
        "bad_yes_no", f"{numbers.quoted(text)} is neither yes nor no.", "Give 1 or 0.", field=field
    )


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 4):
        raise invalid(
            "bad_position",
            f"{numbers.quoted(text)} is no place in an order.",
            f"Give 1 to {MOST_POSITION}.",
            field="position",
        )
    return int(text)
