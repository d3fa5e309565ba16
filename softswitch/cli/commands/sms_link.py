"""`softswitch sms link`."""

from __future__ import annotations

from typing import Any

import click

from softswitch.cli import show
from softswitch.cli.frame import Group
from softswitch.cli.helpers import changes, given, part
from softswitch.cli.session import Session

_COLUMNS: tuple[show.Column, ...] = (
    show.text("name"),
    show.text("protocol"),
    ("address", lambda _session, row: f"{row['host']}:{row['port']}"),
    ("state", lambda session, row: session.say(row["status"]["state"])),
    ("rate", lambda _session, row: f"{row['status']['rate']:.0f}"),
    ("submitted", lambda _session, row: str(row["status"]["submitted"])),
    ("receipts", lambda _session, row: str(row["status"]["receipts"])),
    show.text("exercise"),
    ("details", lambda session, row: show.sentence(session, row["status"], "detail")),
)


@click.group(cls=Group)
def link() -> None:
    """Links to message centres."""


@link.command("list", examples=("softswitch sms link list",))
@click.pass_obj
def list_links(session: Session) -> None:
    """List links with their state."""
    show.rows(session, session.api.get("/api/sms/links"), _COLUMNS)


@link.command(
    "add",
    examples=(
        "softswitch sms link add cmcc-1 192.0.2.10 7890 --protocol cmpp --user 901234 --password x",
        "softswitch sms link add drill 127.0.0.1 2775 --user drill --password x --exercise",
    ),
)
@click.argument("name")
@click.argument("host")
@click.argument("port", type=int)
@click.option("--user", "system_id", required=True, help="Who signs in: system_id, SP id.")
@click.option("--password", required=True, help="Its password.")
@click.option(
    "--protocol",
    type=click.Choice(["smpp", "cmpp"]),
    default="smpp",
    show_default=True,
    help="What the centre speaks.",
)
@click.option("--tls", is_flag=True, help="Encrypt the connection.")
@click.option("--window", type=int, help="Parts under way at once. [10]")
@click.option("--rate", type=float, help="Parts a second; 0: as fast as it goes.")
@click.option("--sender", help="The sender's number.")
@click.option("--exercise", is_flag=True, help="Carries exercises and nothing else.")
@click.option(
    "--route", "routes", multiple=True, metavar="PREFIX[:COST]", help="Numbers that it takes."
)
@click.pass_obj
def add_link(session: Session, /, routes: tuple[str, ...], **more: Any) -> None:
    """Add a link."""
    body = given(**more, routes=_routes(routes))
    answer = session.api.post("/api/sms/links", body)
    show.done(session, answer, "Added {what}.", what=answer["name"])


@link.command("set", examples=("softswitch sms link set cmcc-1 --rate 200 --window 50",))
@click.argument("name")
@click.option("--host", help="Its address.")
@click.option("--port", type=int, help="Its port.")
@click.option("--user", "system_id", help="Who signs in: system_id, SP id.")
@click.option("--password", help="Its password.")
@click.option("--window", type=int, help="Parts under way at once. [10]")
@click.option("--rate", type=float, help="Parts a second; 0: as fast as it goes.")
@click.option("--sender", help="The sender's number.")
@click.option(
    "--route", "routes", multiple=True, metavar="PREFIX[:COST]", help="Numbers that it takes."
)
@click.pass_obj
def set_link(session: Session, /, name: str, routes: tuple[str, ...], **more: Any) -> None:
    """Change a link; what is not given stays."""
    answer = session.api.patch(
        f"/api/sms/links/{part(name)}", changes(**more, routes=_routes(routes))
    )
    show.done(session, answer, "Changed {what}.", what=name)


@link.command("pause", examples=("softswitch sms link pause cmcc-1",))
@click.argument("name")
@click.pass_obj
def pause(session: Session, name: str) -> None:
    """Send nothing new over a link."""
    show.done(session, session.api.patch(f"/api/sms/links/{part(name)}", {"paused": True}), "Done.")


@link.command("resume", examples=("softswitch sms link resume cmcc-1",))
@click.argument("name")
@click.pass_obj
def resume(session: Session, name: str) -> None:
    """Let a link go on."""
    show.done(
        session, session.api.patch(f"/api/sms/links/{part(name)}", {"paused": False}), "Done."
    )


@link.command("remove", examples=("softswitch sms link remove cmcc-1",))
@click.argument("name")
@click.pass_obj
def remove_link(session: Session, name: str) -> None:
    """Remove a link; what waits goes over others."""
    session.api.delete(f"/api/sms/links/{part(name)}")
    show.done(session, {"name": name}, "Removed {what}.", what=name)


def _routes(texts: tuple[str, ...]) -> list[dict[str, Any]] | None:
    if not texts:
        return None
    return [_route(text) for text in texts]


def _route(text: str) -> dict[str, Any]:
    prefix, _, cost = text.partition(":")
    if cost and not (cost.isascii() and cost.isdigit()):
        raise click.UsageError(f"{text[:40]!r} is no route; give 8613 or 8613:45.")
    return {"prefix": prefix, "cost": int(cost or 0)}
