"""`softswitch rollcall`."""

from __future__ import annotations

import click

from softswitch.cli import show
from softswitch.cli.frame import Group
from softswitch.cli.helpers import acting, part
from softswitch.cli.session import Session
from softswitch.errors import not_found

_COLUMNS: tuple[show.Column, ...] = (
    show.text("id"),
    show.word("kind"),
    show.word("state"),
    show.at("started_at", "started"),
    show.text("current"),
    show.text("absent"),
)
_ENTRIES = (show.text("number"), show.word("state"), show.word("why", "reason"))


@click.group(cls=Group, desk=True)
def rollcall() -> None:
    """Call a list one after the other."""


@rollcall.command("list", examples=("softswitch rollcall list",))
@click.pass_obj
def list_rolls(session: Session) -> None:
    """List roll calls and hunts."""
    show.rows(session, session.api.get("/api/roll-calls"), _COLUMNS)


@rollcall.command("show", examples=("softswitch rollcall show 7c31",))
@click.argument("roll", metavar="ID")
@click.pass_obj
def show_roll(session: Session, roll: str) -> None:
    """Show who answered and who is absent."""
    rows = session.api.get("/api/roll-calls", limit=1000)["roll_calls"]
    found = next((row for row in rows if row["id"].startswith(roll)), None)
    if found is None:
        raise not_found("roll call", roll, "See softswitch rollcall list.")
    show.rows(session, found if session.json else found["entries"], _ENTRIES)


@rollcall.command(
    "begin",
    examples=(
        "softswitch rollcall begin 消防 --desk 1001",
        "softswitch rollcall begin --number 2001 --number 2002 --hunt --desk 1001",
    ),
)
@click.argument("groups", nargs=-1)
@click.option("--number", "numbers", multiple=True, help="One more on the list; may be repeated.")
@click.option(
    "--hunt", is_flag=True, help="End with the first answers instead of going through all."
)
@click.option(
    "--enough", type=int, default=1, show_default=True, help="How many answers end a hunt."
)
@click.option("--confirm", is_flag=True, help="Only key 1 makes an answer.")
@click.option("--stay", is_flag=True, help="Who was talked to stays on the line and listens.")
@click.pass_obj
def begin(
    session: Session,
    groups: tuple[str, ...],
    numbers: tuple[str, ...],
    hunt: bool,
    enough: int,
    confirm: bool,
    stay: bool,
) -> None:
    """Begin a roll call, or a hunt."""
    body = acting(
        session, groups=list(groups), numbers=list(numbers), kind="hunt" if hunt else "roll",
        enough=enough, confirm=confirm, stay=stay,
    )  # fmt: skip
    answer = session.api.post("/api/roll-calls", body)
    show.done(session, answer, "Added {what}.", what=answer["id"])


def _add(name: str, help_: str) -> None:
    @rollcall.command(name, help=help_, examples=(f"softswitch rollcall {name} 7c31",))
    @click.argument("roll", metavar="ID")
    @click.pass_obj
    def act(session: Session, roll: str) -> None:
        answer = session.api.post(f"/api/roll-calls/{part(roll)}/{name}", {})
        show.done(session, answer, "Done.")


_add("next", "Go on to the next one now.")
_add("stop", "End a roll call.")
_add("resume", "Ring the desk again that did not come back.")
_add("conference", "Make it a conference that keeps those present.")
