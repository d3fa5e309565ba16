"""`softswitch duty`: the hand-over log and the daily report."""

from __future__ import annotations

import click

from softswitch.cli import show
from softswitch.cli.commands.duty import GAPS, SHIFTS, duty
from softswitch.cli.helpers import at_most, given, part
from softswitch.cli.session import Session

__all__ = ["duty"]

_LOG: tuple[show.Column, ...] = (
    show.text("id"),
    show.text("roster"),
    show.at("written_at", "at"),
    show.text("gave_login", "gave"),
    show.text("took_login", "took"),
    show.text("text"),
)


@duty.command("log", examples=("softswitch duty log --roster chief",))
@click.option("--roster", help="Only those of this roster.")
@at_most()
@click.pass_obj
def log(session: Session, roster: str | None, limit: int) -> None:
    """Show the hand-over log, newest first."""
    query = given(roster=roster, limit=limit)
    show.rows(session, session.api.get("/api/duty/log", **query), _LOG)


@duty.command("give", examples=('softswitch duty give chief "二号线路故障，已报修"',))
@click.argument("roster")
@click.argument("text")
@click.pass_obj
def give(session: Session, roster: str, text: str) -> None:
    """Hand over and sign."""
    answer = session.api.post("/api/duty/log", {"roster": roster, "text": text})
    show.done(session, answer, "Signed: {id}", id=answer["id"])


@duty.command("take", examples=("softswitch duty take 5f0c9d",))
@click.argument("entry_id", metavar="ID")
@click.pass_obj
def take(session: Session, entry_id: str) -> None:
    """Sign as the one who takes over."""
    answer = session.api.post(f"/api/duty/log/{part(entry_id)}/sign", {})
    show.done(session, answer, "Signed: {id}", id=entry_id)


@duty.command("verify", examples=("softswitch duty verify",))
@click.pass_obj
def verify(session: Session) -> int:
    """Check the signatures of the hand-over log."""
    answer = session.api.get("/api/duty/log/check")
    if answer["ok"]:
        show.done(
            session, answer, "{lines} signatures, nothing was changed.", lines=answer["lines"]
        )
        return 0
    show.done(session, answer, "Line {line} was changed.", line=answer["broken"] or "?")
    return 1


@duty.command("report", examples=("softswitch duty report 2026-11-22",))
@click.argument("date")
@click.option("--zone", default="Asia/Shanghai", show_default=True, help="Time zone of the day.")
@click.pass_obj
def report(session: Session, date: str, zone: str) -> None:
    """Show the report of a day."""
    answer = session.api.get("/api/duty/report", date=date, zone=zone)
    if session.json:
        show.as_json(answer)
        return
    posts = answer["rosters"]
    shifts = [{**shift, "roster": post["key"]} for post in posts for shift in post["shifts"]]
    gaps = [gap for post in posts for gap in post["gaps"]]
    click.echo(show.grid(session, shifts, SHIFTS[1:]))
    click.echo(show.grid(session, gaps, GAPS))
    show.one(session, answer["counts"])
