"""`softswitch night`."""

from __future__ import annotations

from typing import Any

import click

from softswitch.cli import show
from softswitch.cli.frame import Group
from softswitch.cli.helpers import changes
from softswitch.cli.session import Session

_DAYS = ["mo", "tu", "we", "th", "fr", "sa", "su"]


@click.group(cls=Group)
def night() -> None:
    """Night service: who takes the calls when the desks are off."""


@night.command("show", examples=("softswitch night show",))
@click.pass_obj
def show_night(session: Session) -> None:
    """Show night service and its timetable."""
    answer = session.api.get("/api/night")
    if session.json:
        show.as_json(answer)
        return
    shown = {
        **answer,
        "targets": " ".join(answer["targets"]),
        "lines": " ".join(f"{each['extension']}:{each['target']}" for each in answer["lines"]),
        "periods": " ".join(map(_text, answer["periods"])),
        "since": show.instant(answer["since"]),
        "until": show.instant(answer["until"]),
    }
    show.one(session, shown)


def _text(period: dict[str, Any]) -> str:
    days = ",".join(_DAYS[day - 1] for day in period["days"])
    return f"{days}/{period['begin']}-{period['end']}"


def _add_mode(mode: str, help_: str) -> None:
    @night.command(mode, help=help_, examples=(f"softswitch night {mode}",))
    @click.pass_obj
    def act(session: Session) -> None:
        answer = session.api.put("/api/night/mode", {"mode": mode})
        show.done(session, answer, "Stored.")


_add_mode("on", "Begin now, until the timetable changes.")
_add_mode("off", "End now, until the timetable changes.")
_add_mode("auto", "Leave night service to the timetable.")


@night.command(
    "set",
    examples=(
        "softswitch night set --target 13800000000 --period mo,tu,we,th,fr/18:00-08:00",
        "softswitch night set --line 1001:2001 --period none",
    ),
)
@click.option(
    "--target", "targets", multiple=True, help="Takes emergency calls; in order; or none."
)
@click.option(
    "--period", "periods", multiple=True, metavar="DAYS/FROM-TO", help="When it is night; or none."
)
@click.option(
    "--line", "lines", multiple=True, metavar="EXTENSION:NUMBER", help="Sent on at night; or none."
)
@click.pass_obj
def set_night(
    session: Session, targets: tuple[str, ...], periods: tuple[str, ...], lines: tuple[str, ...]
) -> None:
    """Change targets, timetable or lines.

    What is not given stays; what is given replaces all of its kind.
    """
    body = changes(
        targets=_list(targets),
        periods=None if not periods else [_period(text) for text in _list(periods) or []],
        lines=None if not lines else dict(_line(text) for text in _list(lines) or []),
    )
    show.done(session, session.api.put("/api/night", body), "Stored.")


def _list(given: tuple[str, ...]) -> list[str] | None:
    return None if not given else [] if given == ("none",) else list(given)


def _period(text: str) -> dict[str, Any]:
    days, _, times = text.partition("/")
    begin, dash, end = times.partition("-")
    named = days.split(",")
    if not dash or not set(named) <= set(_DAYS):
        raise click.BadParameter(f"{text}: give it as mo,tu/18:00-08:00.")
    return {"days": [_DAYS.index(day) + 1 for day in named], "begin": begin, "end": end}


def _line(text: str) -> tuple[str, str]:
    line, colon, target = text.partition(":")
    if not colon:
        raise click.BadParameter(f"{text}: give it as 1001:13800000000.")
    return line, target
