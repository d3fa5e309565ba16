"""`softswitch speed-dial`."""

from __future__ import annotations

from typing import Any

import click

from softswitch.cli import show
from softswitch.cli.frame import Group
from softswitch.cli.helpers import given
from softswitch.cli.session import Session
from softswitch.errors import Kind, Refusal

_PATH = "/api/speed-dials"
_COLUMNS = (show.text("position"), show.text("label"), show.text("number"))


@click.group("speed-dial", cls=Group, desk=True)
def speed_dial() -> None:
    """Set the one-key buttons of a desk."""


@speed_dial.command("list", examples=("softswitch speed-dial list --desk 1001",))
@click.pass_obj
def list_buttons(session: Session) -> None:
    """List the buttons of the desk."""
    show.rows(session, session.api.get(_PATH, desk=session.desk), _COLUMNS)


@speed_dial.command(
    "set", examples=("softswitch speed-dial set 1 13800000000 --label 值班领导 --desk 1001",)
)
@click.argument("position", type=click.IntRange(1, 48))
@click.argument("number")
@click.option("--label", help="What stands on the button; else the number.")
@click.pass_obj
def set_button(session: Session, position: int, number: str, label: str | None) -> None:
    """Put a number on a button."""
    others = [button for button in _buttons(session) if button["position"] != position]
    new = given(position=position, number=number, label=label)
    show.done(session, _store(session, [*others, new]), "Stored.")


@speed_dial.command("remove", examples=("softswitch speed-dial remove 1 --desk 1001",))
@click.argument("position", type=click.IntRange(1, 48))
@click.pass_obj
def remove_button(session: Session, position: int) -> None:
    """Clear a button."""
    buttons = _buttons(session)
    others = [button for button in buttons if button["position"] != position]
    if len(others) == len(buttons):
        raise Refusal(
            Kind.NOT_FOUND,
            "button_not_found",
            f"There is no button {position}.",
            "List them: softswitch speed-dial list",
        )
    show.done(session, _store(session, others), "Removed {what}.", what=position)


def _buttons(session: Session) -> list[dict[str, Any]]:
    return [dict(row) for row in show.list_of(session.api.get(_PATH, desk=session.desk))]


def _store(session: Session, buttons: list[dict[str, Any]]) -> Any:
    return session.api.put(_PATH, given(speed_dials=buttons, desk=session.desk))
