"""`softswitch incident`."""

from __future__ import annotations

import click

from softswitch.cli import show
from softswitch.cli.frame import Group
from softswitch.cli.helpers import changes, given, part
from softswitch.cli.session import Session

_STATES = click.Choice(["draft", "open", "closed"])
_COLUMNS = (
    show.text("id"),
    show.at("created_at", "started"),
    show.word("status"),
    show.text("class_name", "class"),
    show.text("number"),
    show.text("name"),
    show.text("address"),
    show.text("owner"),
    show.text("title"),
)


@click.group(cls=Group)
def incident() -> None:
    """What emergency calls were about."""


@incident.command(
    "list",
    examples=("softswitch incident list --status draft", "softswitch incident list --number 120"),
)
@click.option("--status", type=_STATES, help="Only those in this state.")
@click.option("--number", help="Only those of this caller.")
@click.option(
    "--limit",
    type=click.IntRange(1, 1000),
    default=100,
    show_default=True,
    help="How many rows at most.",
)
@click.pass_obj
def list_incidents(session: Session, status: str | None, number: str | None, limit: int) -> None:
    """List incidents, newest first."""
    query = given(status=status, number=number, limit=limit)
    show.rows(session, session.api.get("/api/incidents", **query), _COLUMNS)


@incident.command("show", examples=("softswitch incident show 5f0c9d",))
@click.argument("incident_id", metavar="ID")
@click.pass_obj
def show_incident(session: Session, incident_id: str) -> None:
    """Show one incident."""
    show.one(session, session.api.get(f"/api/incidents/{part(incident_id)}"))


@incident.command("claim", examples=("softswitch incident claim 5f0c9d",))
@click.argument("incident_id", metavar="ID")
@click.pass_obj
def claim(session: Session, incident_id: str) -> None:
    """Become its one owner."""
    answer = session.api.post(f"/api/incidents/{part(incident_id)}/claim")
    show.done(session, answer, "Changed {what}.", what=incident_id)


@incident.command(
    "edit",
    examples=(
        'softswitch incident edit 5f0c9d --title "Fire in a flat" --status open',
        "softswitch incident edit 5f0c9d --address 自流井区光大街12号",
    ),
)
@click.argument("incident_id", metavar="ID")
@click.option("--title", help="What happened, in one line.")
@click.option("--note", help="What else is known.")
@click.option("--name", help="Name of the caller.")
@click.option("--address", help="Where it happened.")
@click.option("--status", type=_STATES, help="Open it or close it.")
@click.option("--version", type=int, help="Refuse when it was changed since this version.")
@click.pass_obj
def edit(
    session: Session,
    incident_id: str,
    title: str | None,
    note: str | None,
    name: str | None,
    address: str | None,
    status: str | None,
    version: int | None,
) -> None:
    """Change an incident; what is not given stays."""
    body = changes(title=title, note=note, name=name, address=address, status=status)
    path = f"/api/incidents/{part(incident_id)}"
    if version is None:
        version = session.api.get(path)["version"]
    answer = session.api.patch(path, {**body, "version": version})
    show.done(session, answer, "Changed {what}.", what=incident_id)
