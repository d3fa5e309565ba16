"""`softswitch intercom`."""

from __future__ import annotations

import click

from softswitch.cli import show
from softswitch.cli.frame import Group
from softswitch.cli.helpers import acting, part
from softswitch.cli.session import Session


@click.group(cls=Group, desk=True)
def intercom() -> None:
    """Speak to phones that answer by themselves."""


@intercom.command("list", examples=("softswitch intercom list",))
@click.pass_obj
def list_intercom(session: Session) -> None:
    """List the extensions that allow intercom."""
    answer = session.api.get("/api/intercom")
    rows = [{"extension": number} for number in answer["extensions"]]
    show.rows(session, answer if session.json else rows, (show.text("extension"),))


@intercom.command("call", examples=("softswitch intercom call 2001 --desk 1001",))
@click.argument("extension")
@click.pass_obj
def call(session: Session, extension: str) -> None:
    """Speak to a phone that answers by itself."""
    answer = session.api.post("/api/intercom", acting(session, to=extension))
    show.done(session, answer, "Done.")


def _add_rule(name: str, allowed: bool, help_: str) -> None:
    @intercom.command(name, help=help_, examples=(f"softswitch intercom {name} 2001",))
    @click.argument("extension")
    @click.pass_obj
    def act(session: Session, extension: str) -> None:
        answer = session.api.put(f"/api/intercom/{part(extension)}", {"allowed": allowed})
        show.done(session, answer, "Changed {what}.", what=extension)


_add_rule("allow", True, "Let an extension answer intercom.")
_add_rule("forbid", False, "Let an extension answer it no longer.")
