"""`softswitch token`."""

from __future__ import annotations

import click

from softswitch.cli import show
from softswitch.cli.frame import Group
from softswitch.cli.helpers import given, part
from softswitch.cli.session import Session

_COLUMNS = (
    show.text("id"),
    show.text("label"),
    show.at("created_at", "started"),
    show.at("expires_at", "expires"),
    show.at("seen_at", "last"),
)


@click.group(cls=Group)
def token() -> None:
    """API tokens of your own account.

    They let programs and other machines act in your name.
    """


@token.command("list", examples=("softswitch token list",))
@click.pass_obj
def list_tokens(session: Session) -> None:
    """List tokens; their secrets are not kept."""
    show.rows(session, session.api.get("/api/tokens"), _COLUMNS)


@token.command("add", examples=("softswitch token add backup-script --days 90",))
@click.argument("label")
@click.option("--days", type=click.IntRange(min=1), help="Runs out after this; else never.")
@click.pass_obj
def add_token(session: Session, label: str, days: int | None) -> None:
    """Make a token; it may do what you may do."""
    answer = session.api.post("/api/tokens", given(label=label, days=days))
    show.done(session, answer, "Token: {secret}", secret=answer["secret"])
    show.note(session, "It is shown only now: write it down.")


@token.command("remove", examples=("softswitch token remove 3f2a",))
@click.argument("token_id", metavar="ID")
@click.pass_obj
def remove_token(session: Session, token_id: str) -> None:
    """Take a token back."""
    session.api.delete(f"/api/tokens/{part(token_id)}")
    show.done(session, {"removed": token_id}, "Removed {what}.", what=token_id)
