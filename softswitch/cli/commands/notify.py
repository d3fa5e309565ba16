"""`softswitch notify`."""

from __future__ import annotations

import base64
from pathlib import Path

import click

from softswitch.cli import show
from softswitch.cli.frame import Group
from softswitch.cli.helpers import given, part
from softswitch.cli.session import Session

_COLUMNS: tuple[show.Column, ...] = (
    show.text("id"),
    show.word("state"),
    show.at("created_at", "started"),
    show.text("people", "members"),
    show.text("reached"),
    show.text("failed"),
    show.text("text"),
)
_PEOPLE = (
    show.text("number"),
    show.text("name"),
    show.word("state"),
    show.text("tries"),
    show.word("why", "reason"),
    show.at("done_at", "ended"),
    show.text("deputy"),
)


@click.group(cls=Group)
def notify() -> None:
    """Tell people by telephone until they confirm."""


@notify.command("list", examples=("softswitch notify list",))
@click.pass_obj
def list_notices(session: Session) -> None:
    """List notifications."""
    show.rows(session, session.api.get("/api/notices"), _COLUMNS)


@notify.command("show", examples=("softswitch notify show 7c31",))
@click.argument("notice", metavar="ID")
@click.pass_obj
def show_notice(session: Session, notice: str) -> None:
    """Show who was reached."""
    answer = session.api.get(f"/api/notices/{part(notice)}")
    show.rows(session, answer if session.json else answer["ledger"], _PEOPLE)


@notify.command(
    "send",
    examples=(
        'softswitch notify send "All to the station." --group 消防',
        "softswitch notify send 集合 --number 2001 --tries 5 --pause 120",
    ),
)
@click.argument("text")
@click.option("--group", "groups", multiple=True, help="A stored group; may be repeated.")
@click.option("--number", "numbers", multiple=True, help="One more to call; may be repeated.")
@click.option(
    "--sound",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A sound file in place of the text (WAV).",
)
@click.option(
    "--tries", type=int, default=3, show_default=True, help="How often each person is rung."
)
@click.option(
    "--pause", type=int, default=60, show_default=True, help="Seconds before the next try."
)
@click.option("--no-confirm", is_flag=True, help="Hearing it is enough; no key is asked for.")
@click.option(
    "--language",
    type=click.Choice(["zh", "en"]),
    default="zh",
    show_default=True,
    help="Language of the voice.",
)
@click.pass_obj
def send(
    session: Session,
    text: str,
    groups: tuple[str, ...],
    numbers: tuple[str, ...],
    sound: Path | None,
    tries: int,
    pause: int,
    no_confirm: bool,
    language: str,
) -> None:
    """Begin a notification."""
    body = given(
        text=text, groups=list(groups), numbers=list(numbers), tries=tries, pause_seconds=pause,
        confirm=not no_confirm, language=language,
        sound=base64.b64encode(sound.read_bytes()).decode() if sound else None,
    )  # fmt: skip
    answer = session.api.post("/api/notices", body)
    show.done(
        session, answer, "Telling {count} people: {id}", count=answer["people"], id=answer["id"]
    )


@notify.command("stop", examples=("softswitch notify stop 7c31",))
@click.argument("notice", metavar="ID")
@click.pass_obj
def stop(session: Session, notice: str) -> None:
    """Ring nobody else."""
    show.done(session, session.api.post(f"/api/notices/{part(notice)}/stop", {}), "Done.")
