"""`softswitch resource`."""

from __future__ import annotations

from pathlib import Path

import click

from softswitch.cli import show
from softswitch.cli.commands.csv_files import add_csv
from softswitch.cli.download import save
from softswitch.cli.frame import Group
from softswitch.cli.helpers import at_most, at_offset, changes, given, part, words
from softswitch.cli.session import Session

_KINDS = click.Choice(["person", "unit", "team", "material", "hazard", "target", "camera"])
_STATES = click.Choice(["free", "assigned", "resting", "out"])
_COLUMNS = (
    show.text("code"),
    show.word("kind"),
    show.text("name"),
    show.text("numbers"),
    show.word("status"),
    show.text("team"),
    show.text("address"),
    show.text("amount"),
)


@click.group(cls=Group)
def resource() -> None:
    """People, units, materials, hazards, targets."""


@resource.command(
    "list",
    examples=(
        "softswitch resource list --kind unit --status free",
        "softswitch resource list 油库",
    ),
)
@click.argument("text", required=False)
@click.option("--kind", type=_KINDS, help="Only of this kind.")
@click.option("--status", type=_STATES, help="Only those in this state.")
@click.option("--team", help="Only those that belong to it.")
@click.option("--after", metavar="CODE", help="Go on behind this code.")
@at_offset
@at_most()
@click.pass_obj
def list_resources(
    session: Session,
    text: str | None,
    kind: str | None,
    status: str | None,
    team: str | None,
    after: str | None,
    offset: int | None,
    limit: int,
) -> None:
    """List resources that hold TEXT."""
    query = given(
        query=text, kind=kind, status=status, team=team, after=after, offset=offset, limit=limit
    )
    answer = session.api.get("/api/resources", **query)
    show.whole(session, answer, _COLUMNS)
    found = show.list_of(answer)
    if offset is None and len(found) == limit:
        show.note(session, "More: --after {after}", after=found[-1]["code"])


@resource.command("show", examples=("softswitch resource show 119-01",))
@click.argument("code")
@click.pass_obj
def show_resource(session: Session, code: str) -> None:
    """Show one resource."""
    show.one(session, session.api.get(f"/api/resources/{part(code)}"))


@resource.command(
    "add",
    examples=(
        "softswitch resource add 119-01 --kind unit --name 一号车 --numbers 13800000001,2001",
    ),
)
@click.argument("code")
@click.option("--kind", type=_KINDS, required=True, help="What it is.")
@click.option("--name", help="What it is called.")
@click.option("--numbers", help="Numbers in the order of calling; none removes them.")
@click.option("--lon", type=float, help="Longitude in degrees.")
@click.option("--lat", type=float, help="Latitude in degrees.")
@click.option("--address", help="Where it stands.")
@click.option("--status", type=_STATES, help="Whether it can be sent.")
@click.option("--team", help="The code of what it belongs to.")
@click.option("--amount", help="How much there is.")
@click.option("--note", help="What a dispatcher should know.")
@click.pass_obj
def add_resource(session: Session, /, code: str, numbers: str | None, **fields: object) -> None:
    """Add a resource."""
    body = given(code=code, numbers=words(numbers), **fields)
    answer = session.api.post("/api/resources", body)
    show.done(session, answer, "Added {what}.", what=answer["code"])


@resource.command("set", examples=("softswitch resource set 119-01 --status assigned",))
@click.argument("code")
@click.option("--kind", type=_KINDS, help="What it is.")
@click.option("--name", help="What it is called.")
@click.option("--numbers", help="Numbers in the order of calling; none removes them.")
@click.option("--lon", type=float, help="Longitude in degrees.")
@click.option("--lat", type=float, help="Latitude in degrees.")
@click.option("--address", help="Where it stands.")
@click.option("--status", type=_STATES, help="Whether it can be sent.")
@click.option("--team", help="The code of what it belongs to.")
@click.option("--amount", help="How much there is.")
@click.option("--note", help="What a dispatcher should know.")
@click.option("--version", type=int, help="Refuse when it was changed since this version.")
@click.pass_obj
def set_resource(session: Session, /, code: str, numbers: str | None, **fields: object) -> None:
    """Change a resource; what is not given stays."""
    body = changes(numbers=words(numbers), **fields)
    answer = session.api.patch(f"/api/resources/{part(code)}", body)
    show.done(session, answer, "Changed {what}.", what=answer["code"])


@resource.command("remove", examples=("softswitch resource remove 119-01",))
@click.argument("code")
@click.pass_obj
def remove_resource(session: Session, code: str) -> None:
    """Remove a resource."""
    answer = session.api.delete(f"/api/resources/{part(code)}")
    show.done(session, answer, "Removed {what}.", what=code)


@resource.command("geojson", examples=("softswitch resource geojson resources.geojson",))
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def export_geojson(session: Session, file: Path | None) -> None:
    """Export as GeoJSON to FILE, or to standard output."""
    save(session, "/api/resources/export.geojson", file)


add_csv(
    resource,
    "resources",
    "code, kind, name, numbers, lon, lat, address, status, rested_at, team, amount, note",
    geojson=True,
)
