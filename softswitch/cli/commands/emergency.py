"""`softswitch emergency`."""

from __future__ import annotations

import click

from softswitch.cli import show
from softswitch.cli.frame import Group
from softswitch.cli.helpers import changes, given, part
from softswitch.cli.session import Session
from softswitch.numbers import bare

_PATH = "/api/emergency-numbers"
_COLUMNS = (
    show.text("digits"),
    show.text("name_zh", "name (zh)"),
    show.text("name_en", "name (en)"),
    show.text("rank"),
    show.text("skill"),
)


@click.group(cls=Group)
def emergency() -> None:
    """The numbers 110, 119, 120, 122 and others."""


@emergency.command("list", examples=("softswitch emergency list",))
@click.pass_obj
def list_numbers(session: Session) -> None:
    """List emergency numbers, the most urgent first."""
    show.rows(session, session.api.get(_PATH), _COLUMNS)


@emergency.command(
    "add",
    examples=(
        'softswitch emergency add 12395 --name-zh 水上搜救 --name-en "Water rescue" --rank 0',
        "softswitch emergency add 12345 --name-en Hotline --rank 5 --skill hotline",
    ),
)
@click.argument("digits", type=bare)
@click.option("--name-zh", help="Name in Chinese.")
@click.option("--name-en", help="Name in English.")
@click.option("--rank", type=int, help="Place in the queue; 0 is served first.")
@click.option("--skill", help="Only desks with this skill, or with none, are offered its calls.")
@click.pass_obj
def add_number(
    session: Session,
    digits: str,
    name_zh: str | None,
    name_en: str | None,
    rank: int | None,
    skill: str | None,
) -> None:
    """Add an emergency number.

    No extension may be equal to it or be its beginning.
    """
    body = given(digits=digits, name_zh=name_zh, name_en=name_en, rank=rank, skill=skill)
    show.done(session, session.api.post(_PATH, body), "Added {what}.", what=digits)


@emergency.command("set", examples=("softswitch emergency set 122 --rank 0",))
@click.argument("digits", type=bare)
@click.option("--name-zh", help="Name in Chinese.")
@click.option("--name-en", help="Name in English.")
@click.option("--rank", type=int, help="Place in the queue; 0 is served first.")
@click.option("--skill", help="Skill that a desk needs; none for no limit.")
@click.pass_obj
def set_number(
    session: Session,
    digits: str,
    name_zh: str | None,
    name_en: str | None,
    rank: int | None,
    skill: str | None,
) -> None:
    """Change an emergency number.

    What is not given stays.
    """
    body = changes(name_zh=name_zh, name_en=name_en, rank=rank, skill=skill)
    if skill == "none":
        body["skill"] = None
    answer = session.api.patch(f"{_PATH}/{part(digits)}", body)
    show.done(session, answer, "Changed {what}.", what=digits)


@emergency.command("remove", examples=("softswitch emergency remove 12345",))
@click.argument("digits", type=bare)
@click.pass_obj
def remove_number(session: Session, digits: str) -> None:
    """Remove an emergency number; the last one stays."""
    answer = session.api.delete(f"{_PATH}/{part(digits)}")
    show.done(session, answer, "Removed {what}.", what=digits)
