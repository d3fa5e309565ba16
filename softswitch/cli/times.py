"""Instants on the command line: a date, a time of today, both, or how long ago."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import click

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_FORMATS = ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S")


class Instant(click.ParamType[int]):
    """Text as milliseconds since 1970 UTC; times without a zone are local ones."""

    name = "time"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return what stands in the help."""
        return "TIME"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Return the instant or refuse the text."""
        if isinstance(value, int):
            return value
        found = parse(str(value).strip(), datetime.now().astimezone())
        if found is None:
            self.fail(
                f"{str(value)[:40]!r} is no time; give 2026-11-22, 08:30, "
                "'2026-11-22 08:30' or 30m (ago).",
                param,
                ctx,
            )
        return found


INSTANT = Instant()


def parse(text: str, now: datetime) -> int | None:
    """Return the instant that ``text`` means at ``now``, None when it means nothing."""
    ago = re.fullmatch(r"(\d{1,6})([smhd])", text)
    if ago:
        return _millis(now - timedelta(seconds=int(ago[1]) * _UNITS[ago[2]]))
    clock = re.fullmatch(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", text)
    try:
        if clock:
            hour, minute, second = (int(each or 0) for each in clock.groups())
            return _millis(now.replace(hour=hour, minute=minute, second=second, microsecond=0))
        return _of_date(text)
    except (ValueError, OverflowError, OSError):
        return None


def _of_date(text: str) -> int | None:
    for form in _FORMATS:
        try:
            return _millis(datetime.strptime(text, form).astimezone())
        except ValueError:
            continue
    return None


def _millis(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
