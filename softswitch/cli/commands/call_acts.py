"""The acts on calls that need a call and a desk and nothing else, added to `softswitch call`."""

from __future__ import annotations

from collections.abc import Callable

import click

from softswitch.cli import show
from softswitch.cli.commands.call import call
from softswitch.cli.helpers import acting, part
from softswitch.cli.pick import pick_answer, pick_call
from softswitch.cli.session import Session

Pick = Callable[[Session, str | None], str]


def _talking(session: Session, text: str | None) -> str:
    return pick_call(session, text, "talking")


def _held(session: Session, text: str | None) -> str:
    return pick_call(session, text, "held")


_ACTS: tuple[tuple[str, str, Pick | None], ...] = (
    (
        "answer",
        "Take a waiting or ringing call.\n\nWithout CALL: the one that rings at the desk, else the first that waits.",
        pick_answer,
    ),
    ("hold", "Hold the own call.", _talking),
    ("resume", "Talk again to the held call.", _held),
    ("park", "Park the own call at a free slot.\n\nAny desk can take it back.", _talking),
    ("retrieve", "Take a parked call back.", None),
    ("pickup", "Take a call that rings elsewhere.", None),
    ("takeover", "Take over the call of another desk.", None),
)


def _add(name: str, help_: str, pick: Pick | None) -> None:
    optional = pick is not None
    example = f"softswitch call {name}" + ("" if optional else " 1732260000.12")

    @call.command(name, help=help_, examples=(example, f"{example} --desk 1001"))
    @click.argument("call_id", metavar="[CALL]" if optional else "CALL", required=not optional)
    @click.pass_obj
    def act(session: Session, call_id: str | None) -> None:
        picked = (pick or pick_call)(session, call_id)
        answer = session.api.post(f"/api/calls/{part(picked)}/{name}", acting(session))
        if answer.get("slot"):
            show.done(session, answer, "Parked at {slot}.", slot=answer["slot"])
        else:
            show.done(session, answer, "Done.")


for _name, _help, _pick in _ACTS:
    _add(_name, _help, _pick)
