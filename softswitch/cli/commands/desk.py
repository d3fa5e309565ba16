"""`softswitch desk`."""

from __future__ import annotations

from typing import Any

import click

from softswitch.cli import show
from softswitch.cli.frame import Group
from softswitch.cli.helpers import given
from softswitch.cli.session import Session
from softswitch.errors import Kind, Refusal
from softswitch.numbers import bare


@click.group(cls=Group, desk=True)
def desk() -> None:
    """Take a seat, go ready, pause, leave."""


@desk.command("show", examples=("softswitch desk show",))
@click.pass_obj
def show_desk(session: Session) -> None:
    """Show who you are and at which desk you sit."""
    me = session.api.get("/api/me")
    show.one(session, me if session.json else {**me, "rights": len(me["rights"])})


@desk.command("seat", examples=("softswitch desk seat 1001",))
@click.argument("number", type=bare)
@click.option("--paused", is_flag=True, help="Take no calls yet.")
@click.pass_obj
def seat(session: Session, number: str, paused: bool) -> None:
    """Take a seat at a desk and go ready."""
    _sit(session, number, "paused" if paused else "ready")


@desk.command("ready", examples=("softswitch desk ready",))
@click.pass_obj
def ready(session: Session) -> None:
    """Let calls be offered to the own desk."""
    _sit(session, _own(session), "ready")


@desk.command("pause", examples=("softswitch desk pause",))
@click.pass_obj
def pause(session: Session) -> None:
    """Have no calls offered to the own desk for a while."""
    _sit(session, _own(session), "paused")


@desk.command("leave", examples=("softswitch desk leave",))
@click.pass_obj
def leave(session: Session) -> None:
    """Leave the own desk."""
    answer = session.api.put("/api/me/desk", {"extension": None, "duty": "off"})
    show.done(session, answer, "You left your desk.")


def _own(session: Session) -> str:
    number: Any = session.desk or session.api.get("/api/me").get("desk")
    if not number:
        raise Refusal(
            Kind.CONFLICT,
            "no_desk",
            "You sit at no desk.",
            "Take a seat first: softswitch desk seat NUMBER",
        )
    return str(number)


def _sit(session: Session, number: str, duty: str) -> None:
    answer = session.api.put("/api/me/desk", given(extension=number, duty=duty))
    sentence = "You sit at desk {desk}: {duty}."
    show.done(session, answer, sentence, desk=number, duty=session.say(duty))
