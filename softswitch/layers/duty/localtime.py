"""Local times of a roster as instants, on days when the clock is changed too. Pure.

A time that the clock passes over becomes the instant of the change.  Of a time that comes twice a shift that begins
there begins with the first, and one that ends there ends with the second: nobody is left without a guard
(PEP 495 tells the two apart).
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from softswitch import numbers
from softswitch.clock import Millis
from softswitch.errors import Refusal, invalid

DAY_MINUTES = 1_440
_TIME = re.compile(r"(\d{1,2}):(\d{2})")
_MONTH = re.compile(r"(\d{4})-(\d{2})")


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone by its IANA name, or refuse it."""
    try:
        if not name or name.startswith(("/", ".")):
            raise ValueError(name)
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise invalid(
            "bad_zone", f"{numbers.quoted(name)} is no time zone.",
            "Give an IANA name such as Asia/Shanghai.", field="zone",
        ) from error  # fmt: skip


def day_of(text: str, field: str = "date") -> date:
    """Return a day written as 2026-11-22, or refuse it."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise invalid(
            "bad_date", f"{numbers.quoted(text)} is no date.", "Give it as 2026-11-22.", field=field
        ) from error


def minute_of(text: str, field: str) -> int:
    """Return the minute of the day of a time such as 08:00, 1440 for 24:00, or refuse it."""
    found = _TIME.fullmatch(text)
    minute = int(found[1]) * 60 + int(found[2]) if found else -1
    if found is None or int(found[2]) > 59 or minute > DAY_MINUTES:
        raise bad_time(text, field)
    return minute


def bad_time(text: str, field: str) -> Refusal:
    """Return the refusal of a text that is no time of the day."""
    return invalid(
        "bad_time_of_day", f"{numbers.quoted(text)} is no time of the day.", "Give it as 18:00.",
        field=field,
    )  # fmt: skip


def instant(day: date, minute: int, zone: tzinfo, *, last: bool = False) -> Millis:
    """Return the instant of a local time; ``last``: of one that comes twice, the second."""
    wall = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(minutes=minute)
    wall = wall.replace(fold=1 if last else 0)
    found = wall.astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) != wall.replace(tzinfo=None):
        found = _change(wall, zone)
    return round(found.timestamp()) * 1000


def _change(wall: datetime, zone: tzinfo) -> datetime:
    """Return when the clock passes over a local time: by halves, to the second."""
    after, before = sorted(
        (wall.replace(fold=fold).astimezone(UTC) for fold in (0, 1)), reverse=True
    )
    late = after.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        if middle.astimezone(zone).utcoffset() == late:
            after = middle
        else:
            before = middle
    return after.replace(microsecond=0)


def span(day: date, begin: int, end: int, zone: tzinfo) -> tuple[Millis, Millis]:
    """Return a shift as instants; an end at or before the beginning is of the next day."""
    last_day = day if end > begin else day + timedelta(days=1)
    return instant(day, begin, zone), instant(last_day, end, zone, last=True)


def day_span(day: date, zone: tzinfo) -> tuple[Millis, Millis]:
    """Return a local day: 23, 24 or 25 hours."""
    return instant(day, 0, zone), instant(day + timedelta(days=1), 0, zone)


def month_of(text: str) -> tuple[date, date]:
    """Return the first day of a month written as 2026-11, and that of the next."""
    found = _MONTH.fullmatch(text)
    if not found or not 1 <= int(found[2]) <= 12 or not 1971 <= int(found[1]) <= 9998:
        raise invalid(
            "bad_month",
            f"{numbers.quoted(text)} is no month.",
            "Give it as 2026-11.",
            field="month",
        )
    first = date(int(found[1]), int(found[2]), 1)
    return first, (first + timedelta(days=32)).replace(day=1)


def local(at: Millis, zone: tzinfo) -> datetime:
    """Return an instant as local time."""
    return datetime.fromtimestamp(at / 1000, zone)
