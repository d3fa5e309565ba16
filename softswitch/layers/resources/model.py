"""Pure values of resources."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, TypeVar

from softswitch import numbers
from softswitch.clock import LATEST, Millis
from softswitch.errors import Refusal, conflict, invalid

MOST_NUMBERS = 10
E = TypeVar("E", bound=StrEnum)
_CODE = re.compile(r"[\w.\-]{1,64}")
_LONGEST = {"name": 100, "address": 200, "note": 1_000, "amount": 60, "team": 64}


class Kind(StrEnum):
    """What a resource is; on the map each is a layer of its own."""

    PERSON = "person"
    UNIT = "unit"
    TEAM = "team"
    MATERIAL = "material"
    HAZARD = "hazard"
    TARGET = "target"
    CAMERA = "camera"


class Status(StrEnum):
    """Whether it can be sent or used."""

    FREE = "free"
    ASSIGNED = "assigned"
    RESTING = "resting"
    OUT = "out"


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource under a code of the customer's own, such as the call sign of a vehicle."""

    code: str
    kind: Kind
    name: str
    numbers: tuple[str, ...] = ()
    """In the order in which they are called."""
    lon: float | None = None
    lat: float | None = None
    """Degrees in WGS-84; both or none."""
    address: str = ""
    status: Status = Status.FREE
    rested_at: Millis | None = None
    """Until when it rests."""
    team: str = ""
    """The code of what it belongs to."""
    amount: str = ""
    note: str = ""
    version: int = 1


FIELDS = tuple(field.name for field in fields(Resource))
_GIVEN = frozenset(FIELDS) - {"version"}


def resource(values: Mapping[str, Any]) -> Resource:
    """Return a resource from what people gave, tidied, or refuse it with the name of the field."""
    known = {name: value for name, value in values.items() if name in _GIVEN and value is not None}
    code = numbers.plain_text(str(known.get("code", "")), "code")
    if not _CODE.fullmatch(code):
        raise invalid(
            "bad_code", f"{numbers.quoted(code)} is no code of a resource.",
            "Give 1 to 64 letters, digits, dots and dashes.", field="code",
        )  # fmt: skip
    texts = {
        name: numbers.plain_text(str(known.get(name, "")), name, longest)
        for name, longest in _LONGEST.items()
    }
    lon, lat = _place(known.get("lon"), known.get("lat"))
    return Resource(
        code=code,
        kind=_one_of(Kind, known.get("kind", ""), "kind"),
        status=_one_of(Status, known.get("status", "") or Status.FREE, "status"),
        numbers=_numbers(known.get("numbers", ())),
        lon=lon,
        lat=lat,
        rested_at=_instant(known.get("rested_at")),
        name=texts["name"] or code,
        address=texts["address"],
        note=texts["note"],
        amount=texts["amount"],
        team=texts["team"],
    )


_FIELDS = tuple(field.name for field in fields(Resource))


def shown(value: Resource) -> dict[str, Any]:
    """Return a resource as JSON; a page of a thousand of them keeps no call waiting."""
    return {**{name: getattr(value, name) for name in _FIELDS}, "numbers": list(value.numbers)}


def difference(before: Resource, after: Resource) -> dict[str, Any]:
    """Return what differs as ``{field: [before, after]}``."""
    old, new = shown(before), shown(after)
    return {name: [old[name], new[name]] for name in _GIVEN if old[name] != new[name]}


def outdated(code: str, version: int) -> Refusal:
    """Return the refusal of a change that was made on an older picture."""
    return conflict(
        "resource_changed",
        f"Resource {code} was changed by somebody else; it is at version {version}.",
        "Read it again, then repeat your change.",
    )


def _place(lon: Any, lat: Any) -> tuple[float | None, float | None]:
    if lon in (None, "") and lat in (None, ""):
        return None, None
    if lon in (None, "") or lat in (None, ""):
        raise _no_place("Half a place is none.")
    try:
        east, north = float(lon), float(lat)
    except (TypeError, ValueError) as error:
        raise _no_place(f"{numbers.quoted(f'{lon}, {lat}')} is no place.") from error
    if not (math.isfinite(east) and math.isfinite(north) and abs(east) <= 180 and abs(north) <= 90):
        raise _no_place(f"{east:g}, {north:g} is no place on Earth.")
    return east, north


def _no_place(message: str) -> Refusal:
    return invalid(
        "bad_coordinates",
        message,
        "Give longitude -180 to 180 and latitude -90 to 90 in degrees of WGS-84.",
        field="lon",
    )


def _numbers(given: Sequence[str]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(str(numbers.phone_number(each, "numbers")) for each in given))
    if len(found) > MOST_NUMBERS:
        raise invalid(
            "too_many", f"{len(found)} numbers are too many.", f"Give up to {MOST_NUMBERS}.",
            field="numbers",
        )  # fmt: skip
    return found


def _instant(given: Any) -> Millis | None:
    if given in (None, ""):
        return None
    try:
        at = int(given)
    except (TypeError, ValueError):
        at = -1
    if not 0 <= at <= LATEST:
        raise invalid(
            "bad_instant", f"{numbers.quoted(str(given))} is no instant.",
            "Give milliseconds since 1970 UTC.", field="rested_at",
        )  # fmt: skip
    return at


def _one_of(words: type[E], given: str, field: str) -> E:
    try:
        return words(str(given).strip().lower())
    except ValueError as error:
        raise invalid(
            f"bad_{field}", f"{numbers.quoted(str(given))} is no {field} of a resource.",
            f"Give one of {', '.join(words)}.", field=field,
        ) from error  # fmt: skip
