"""`softswitch camp`."""

from __future__ import annotations

import click

from softswitch.cli import show
from softswitch.cli.frame import Group
from softswitch.cli.helpers import acting, part
from softswitch.cli.session import Session

_COLUMNS = (
    show.text("id"),
    show.text("caller"),
    show.text("target"),
    show.word("state"),
    show.text("place"),
    show.at("expires_at"),
)


@click.group(cls=Group, desk=True)
def camp() -> None:
    """Be called when a busy extension is free."""


@camp.command("list", examples=("softswitch camp list",))
@click.pass_obj
def list_camps(session: Session) -> None:
    """List who waits for a busy extension."""
    show.rows(session, session.api.get("/api/camps"), _COLUMNS)


@camp.command("add", examples=("softswitch camp add 2001 --desk 1001",))
@click.argument("extension")
@click.option("--seconds", type=int, default=2700, show_default=True, help="How long to wait.")
@click.pass_obj
def add(session: Session, extension: str, seconds: int) -> None:
    """Be called when an extension is free."""
    body = acting(session, target=extension, seconds=seconds)
    answer = session.api.post("/api/camps", body)
    show.done(session, answer, "Added {what}.", what=answer["id"])


@camp.command("cancel", examples=("softswitch camp cancel 1f2e",))
@click.argument("camp_id")
@click.pass_obj
def cancel(session: Session, camp_id: str) -> None:
    """Wait no longer."""
    answer = session.api.delete(f"/api/camps/{part(camp_id)}")
    show.done(session, answer, "Removed {what}.", what=camp_id)
