"""`softswitch registry`."""

from __future__ import annotations

import click

from softswitch.cli import show
from softswitch.cli.commands.csv_files import add_csv
from softswitch.cli.frame import Group
from softswitch.cli.helpers import at_most, changes, given, part
from softswitch.cli.session import Session

_COLUMNS = (show.text("number"), show.text("name"), show.text("address"), show.text("note"))


@click.group(cls=Group)
def registry() -> None:
    """Whose number it is and where it stands."""


@registry.command(
    "list", examples=("softswitch registry list 光大街", "softswitch registry list --limit 1000")
)
@click.argument("text", required=False)
@click.option("--after", metavar="NUMBER", help="Go on behind this number.")
@at_most()
@click.pass_obj
def list_entries(session: Session, text: str | None, after: str | None, limit: int) -> None:
    """List entries that hold TEXT.

    It is looked for in number, name and address.
    """
    answer = session.api.get("/api/registry", query=text, after=after, limit=limit)
    show.rows(session, answer, _COLUMNS)
    found = show.list_of(answer)
    if len(found) == limit:
        show.note(session, "More: --after {after}", after=found[-1]["number"])


@registry.command("find", examples=("softswitch registry find +8613800000000",))
@click.argument("number")
@click.pass_obj
def find(session: Session, number: str) -> None:
    """Find one caller however the number is written."""
    found = session.api.get("/api/registry/lookup", number=number)
    show.rows(session, {"registry": [found] if found else []}, _COLUMNS)


@registry.command(
    "add",
    examples=("softswitch registry add 13800000000 --name 李明 --address 自流井区光大街12号",),
)
@click.argument("number")
@click.option("--name", required=True, help="Whose number it is.")
@click.option("--address", help="Where it stands.")
@click.option("--note", help="What a dispatcher should know.")
@click.pass_obj
def add_entry(
    session: Session, number: str, name: str, address: str | None, note: str | None
) -> None:
    """Add an entry."""
    body = given(number=number, name=name, address=address, note=note)
    answer = session.api.post("/api/registry", body)
    show.done(session, answer, "Added {what}.", what=answer["number"])


@registry.command("set", examples=('softswitch registry set 13800000000 --note "二楼"',))
@click.argument("number")
@click.option("--name", help="Whose number it is.")
@click.option("--address", help="Where it stands.")
@click.option("--note", help="What a dispatcher should know.")
@click.pass_obj
def set_entry(
    session: Session, number: str, name: str | None, address: str | None, note: str | None
) -> None:
    """Change an entry; what is not given stays."""
    body = changes(name=name, address=address, note=note)
    answer = session.api.patch(f"/api/registry/{part(number)}", body)
    show.done(session, answer, "Changed {what}.", what=answer["number"])


@registry.command("remove", examples=("softswitch registry remove 13800000000",))
@click.argument("number")
@click.pass_obj
def remove_entry(session: Session, number: str) -> None:
    """Remove an entry."""
    answer = session.api.delete(f"/api/registry/{part(number)}")
    show.done(session, answer, "Removed {what}.", what=answer["removed"])


add_csv(registry, "registry", "number, name, address, note")
