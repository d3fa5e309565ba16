"""`softswitch intake`."""

from __future__ import annotations

import click

from softswitch.cli import show
from softswitch.cli.frame import Group
from softswitch.cli.helpers import changes
from softswitch.cli.session import Session


@click.group(cls=Group)
def intake() -> None:
    """How waiting calls are handed out."""


@intake.command("show", examples=("softswitch intake show",))
@click.pass_obj
def show_intake(session: Session) -> None:
    """Show the settings of intake."""
    show.one(session, session.api.get("/api/intake"))


@intake.command(
    "set",
    examples=(
        "softswitch intake set --offer-seconds 20 --duty-number 13800000000",
        "softswitch intake set --duty-number none --callback-auto",
    ),
)
@click.option("--offer-seconds", type=int, help="How long one desk rings before the next.")
@click.option("--strategy", type=click.Choice(["longest_idle", "in_order"]), help="Who is first.")
@click.option("--duty-number", metavar="NUMBER", help="Rung when no desk answers; or none.")
@click.option(
    "--callback-auto/--no-callback-auto", default=None, help="Call back who gave up by itself."
)
@click.option("--area-code", metavar="CODE", help="Own area code, such as 0813; or none.")
@click.pass_obj
def set_intake(
    session: Session,
    offer_seconds: int | None,
    strategy: str | None,
    duty_number: str | None,
    callback_auto: bool | None,
    area_code: str | None,
) -> None:
    """Change the settings of intake.

    What is not given stays.
    """
    body = changes(
        offer_seconds=offer_seconds,
        strategy=strategy,
        duty_number=duty_number,
        callback_auto=callback_auto,
        area_code="" if area_code == "none" else area_code,
    )
    if duty_number == "none":
        body["duty_number"] = None
    show.done(session, session.api.put("/api/intake", body), "Stored.")
