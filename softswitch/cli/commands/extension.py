"""`softswitch extension`."""

from __future__ import annotations

import click

from softswitch.cli import show
from softswitch.cli.commands.csv_files import add_csv
from softswitch.cli.frame import Group
from softswitch.cli.helpers import changes, given, part, words
from softswitch.cli.session import Session
from softswitch.numbers import bare

_KINDS = click.Choice(["desk", "phone"])
_COLUMNS = (
    show.text("number"),
    show.text("name"),
    show.word("kind"),
    show.text("position"),
    show.text("record"),
    show.text("enabled"),
    show.text("skills"),
    ("phones", lambda _session, row: " ".join(phone["id"] for phone in row["phones"])),
)


@click.group(cls=Group)
def extension() -> None:
    """Desks that take emergency calls, and others."""


@extension.command(
    "list", examples=("softswitch extension list", "softswitch extension list --json")
)
@click.pass_obj
def list_extensions(session: Session) -> None:
    """List all extensions with their phones."""
    show.rows(session, session.api.get("/api/extensions"), _COLUMNS)


@extension.command("show", examples=("softswitch extension show 1001",))
@click.argument("number", type=bare)
@click.pass_obj
def show_extension(session: Session, number: str) -> None:
    """Show one extension."""
    found = session.api.get(f"/api/extensions/{part(number)}")
    if session.json:
        show.as_json(found)
    else:
        show.one(session, {**found, "phones": [phone["id"] for phone in found["phones"]]})


@extension.command(
    "add",
    examples=(
        'softswitch extension add 1004 --name "Desk 4" --kind desk --skills fire,medical',
        'softswitch extension add 2010 --name "巡警一组"',
    ),
)
@click.argument("number", type=bare)
@click.option("--name", help="Name that others see.")
@click.option("--kind", type=_KINDS, help="A desk takes emergency calls; else a phone.")
@click.option("--record/--no-record", default=None, help="Record its calls; desks always are.")
@click.option("--skills", metavar="LIST", help="What a desk can take, such as fire,medical.")
@click.option("--position", type=int, help="Place of a desk in the ringing order.")
@click.pass_obj
def add_extension(
    session: Session,
    number: str,
    name: str | None,
    kind: str | None,
    record: bool | None,
    skills: str | None,
    position: int | None,
) -> None:
    """Add an extension; add a phone to it next."""
    body = given(
        number=number,
        name=name,
        kind=kind,
        record=record,
        skills=words(skills),
        position=position,
    )
    show.done(session, session.api.post("/api/extensions", body), "Added {what}.", what=number)


@extension.command(
    "set",
    examples=(
        "softswitch extension set 1004 --skills none",
        "softswitch extension set 1004 --disabled",
    ),
)
@click.argument("number", type=bare)
@click.option("--name", help="Name that others see.")
@click.option("--kind", type=_KINDS, help="A desk takes emergency calls; else a phone.")
@click.option("--record/--no-record", default=None, help="Record its calls; desks always are.")
@click.option("--skills", metavar="LIST", help="What a desk can take; none for no limit.")
@click.option("--position", type=int, help="Place of a desk in the ringing order.")
@click.option("--enabled/--disabled", default=None, help="Whether its phones may register.")
@click.pass_obj
def set_extension(
    session: Session,
    number: str,
    name: str | None,
    kind: str | None,
    record: bool | None,
    skills: str | None,
    position: int | None,
    enabled: bool | None,
) -> None:
    """Change an extension; what is not given stays."""
    body = changes(
        name=name,
        kind=kind,
        record=record,
        skills=words(skills),
        position=position,
        enabled=enabled,
    )
    answer = session.api.patch(f"/api/extensions/{part(number)}", body)
    show.done(session, answer, "Changed {what}.", what=number)


@extension.command("remove", examples=("softswitch extension remove 1004",))
@click.argument("number", type=bare)
@click.pass_obj
def remove_extension(session: Session, number: str) -> None:
    """Remove an extension with its phones."""
    answer = session.api.delete(f"/api/extensions/{part(number)}")
    show.done(session, answer, "Removed {what}.", what=" ".join([number, *answer["phones"]]))


add_csv(extension, "extensions", "number, name, kind, record, skills, position, enabled, phones")
