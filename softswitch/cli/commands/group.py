"""`softswitch group`."""

from __future__ import annotations

from typing import Any

import click

from softswitch.cli import show
from softswitch.cli.frame import Group
from softswitch.cli.helpers import acting, part
from softswitch.cli.session import Session

_COLUMNS: tuple[show.Column, ...] = (
    show.text("name"),
    ("members", lambda _session, row: " ".join(m["number"] for m in row["members"])),
)


@click.group(cls=Group, desk=True)
def group() -> None:
    """Groups that are called together."""


@group.command("list", examples=("softswitch group list",))
@click.pass_obj
def list_groups(session: Session) -> None:
    """List groups."""
    show.rows(session, session.api.get("/api/groups"), _COLUMNS)


@group.command(
    "set",
    examples=("softswitch group set 消防 2001 2002", "softswitch group set duty 2001:2002 2003"),
)
@click.argument("name")
@click.argument("members", nargs=-1, required=True, metavar="NUMBER[:DEPUTY]...")
@click.pass_obj
def set_group(session: Session, name: str, members: tuple[str, ...]) -> None:
    """Store a group; one of this name is replaced."""
    body: dict[str, Any] = {"name": name, "members": [_member(text) for text in members]}
    known = {row["name"] for row in session.api.get("/api/groups")["groups"]}
    if name in known:
        answer = session.api.put(f"/api/groups/{part(name)}", body)
    else:
        answer = session.api.post("/api/groups", body)
    show.done(session, answer, "Stored.")


def _member(text: str) -> dict[str, str]:
    number, _, deputy = text.partition(":")
    return {"number": number, "deputy": deputy}


@group.command("remove", examples=("softswitch group remove 消防",))
@click.argument("name")
@click.pass_obj
def remove(session: Session, name: str) -> None:
    """Remove a group."""
    session.api.delete(f"/api/groups/{part(name)}")
    show.done(session, {"name": name}, "Removed {what}.", what=name)


@group.command(
    "call",
    examples=(
        "softswitch group call 消防 --desk 1001",
        "softswitch group call --number 2001 --number 2002 --desk 1001",
    ),
)
@click.argument("groups", nargs=-1)
@click.option("--number", "numbers", multiple=True, help="One more to call; may be repeated.")
@click.option("--auto-answer", is_flag=True, help="Own phones that allow it answer by themselves.")
@click.option("--lecture", is_flag=True, help="Only the own desk is heard.")
@click.option("--record", "recording", is_flag=True, help="Record the room.")
@click.pass_obj
def call(
    session: Session,
    groups: tuple[str, ...],
    numbers: tuple[str, ...],
    auto_answer: bool,
    lecture: bool,
    recording: bool,
) -> None:
    """Call groups or a hand-picked set into one room."""
    answer = session.api.post(
        "/api/group-calls",
        acting(
            session, groups=list(groups), numbers=list(numbers), auto_answer=auto_answer,
            lecture=lecture, recording=recording,
        ),
    )  # fmt: skip
    show.done(
        session,
        answer,
        "Ringing {count} into room {room}.",
        count=len(answer["invited"]),
        room=answer["room"]["number"],
    )
