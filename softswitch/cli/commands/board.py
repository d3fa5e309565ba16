"""`softswitch board` and `softswitch queue`."""

from __future__ import annotations

import json

import click

from softswitch.cli import live, show
from softswitch.cli.board_view import QUEUE, board_text, queue_of
from softswitch.cli.frame import Command
from softswitch.cli.session import Session

_HOME_AND_CLEAR = "\x1b[H\x1b[J"  # ECMA-48 CUP and ED


@click.command(
    cls=Command,
    examples=("softswitch board", "softswitch board --watch", "softswitch board --json"),
)
@click.option(
    "--watch", is_flag=True, help="Go on showing it until Ctrl-C; in JSON a line a change."
)
@click.pass_obj
def board(session: Session, watch: bool) -> None:
    """Show queue, calls, tasks and extensions."""
    if watch:
        _watch(session)
        return
    answer = session.api.get("/api/board")
    if session.json:
        show.as_json(answer)
    else:
        click.echo(board_text(session, answer["entities"]))


@click.command(cls=Command, examples=("softswitch queue",))
@click.pass_obj
def queue(session: Session) -> None:
    """Show the calls that wait, first one first."""
    waiting = queue_of(session.api.get("/api/board")["entities"])
    show.rows(session, {"waiting": waiting}, QUEUE, "No calls are waiting.")


def _watch(session: Session) -> None:
    maps: live.Maps = {}
    for message in live.follow(*session.server()):
        changed = live.apply(maps, message)
        if session.json:
            click.echo(json.dumps(message, ensure_ascii=False))
        elif changed or message["type"] == "ping":  # a ping lets the times go on
            click.echo(_HOME_AND_CLEAR + board_text(session, maps))
