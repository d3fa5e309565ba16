"""`softswitch sms`: send, import, report; the other groups are beside this file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import click

from softswitch.cli import show
from softswitch.cli.commands.sms_campaign import campaign
from softswitch.cli.commands.sms_link import link
from softswitch.cli.commands.sms_more import alert, block, reply, rules, template
from softswitch.cli.commands.sms_options import audience_options, body_of, plan_options
from softswitch.cli.download import save
from softswitch.cli.frame import Group
from softswitch.cli.helpers import part
from softswitch.cli.session import Session

_PIECE = 1_000_000
_BAD = (show.text("line"), show.word("why", "reason"), show.text("cell"))
_LISTS = (
    show.text("name"),
    show.text("people", "members"),
    show.text("placed"),
    show.text("repeated"),
    show.text("bad"),
    show.word("state"),
    show.at("created_at", "started"),
)
_MESSAGES = (
    show.text("number"),
    show.text("name"),
    show.text("area"),
    show.word("state"),
    show.text("attempts", "tries"),
    show.text("error", "reason"),
)
_AREAS = (
    show.text("area"),
    show.text("total"),
    ("state", lambda s, row: _counts(s, row["counts"])),
)


@click.group(cls=Group)
def sms() -> None:
    """Short messages to many: warnings, replies, links."""


for each in (campaign, link, reply, template, block, alert, rules):
    sms.add_command(each)


@sms.command(
    "send",
    examples=(
        'softswitch sms send "暴雨红色预警，请转移" --list 居民 --area 自流井区 --life-safety',
        'softswitch sms send "Drill." --number 13800138000 --exercise --dry-run',
    ),
)
@click.argument("text")
@click.option("--name", help="What it is called in the list.")
@click.option("--dry-run", is_flag=True, help="Count people and parts; send nothing.")
@audience_options
@plan_options
@click.pass_obj
def send(session: Session, /, text: str, name: str | None, dry_run: bool, **more: Any) -> None:
    """Send a text to many people."""
    if not text.strip():
        raise click.UsageError("The text is empty.", click.get_current_context())
    body = body_of(name or text[:40], text, more)
    if dry_run:
        _count(session, body)
        return
    made = session.api.post("/api/sms/campaigns", body)
    answer = session.api.post(f"/api/sms/campaigns/{part(made['id'])}/submit", {})
    show.done(
        session, answer, "{state}: {count} people, {parts} parts each: {id}",
        state=session.say(answer["state"]), count=answer["people"],
        parts=answer["preview"]["parts"], id=answer["id"],
    )  # fmt: skip


def _count(session: Session, body: dict[str, Any]) -> None:
    asked = {
        "audience": body["audience"], "life_safety": body["priority"] == "life_safety",
        "text": body["text"] if body["personal"] else "",
    }  # fmt: skip
    tally = session.api.post("/api/sms/count", asked)
    words = {key: body[key] for key in ("text", "exercise", "advertising", "language", "personal")}
    asked = {**words, "recipients": tally["people"], "audience": body["audience"]}
    seen = session.api.post("/api/sms/preview", asked)
    answer = {**tally, "preview": seen}
    if session.json:
        show.as_json(answer)
        return
    show.one(session, {**{k: v for k, v in tally.items() if k != "areas"}, **seen})


@sms.command(
    "import",
    examples=("softswitch sms import 居民 people.csv", "softswitch sms import 居民 - < people.csv"),
)
@click.argument("name")
@click.argument("file", type=click.File("rb"))
@click.pass_obj
def import_list(session: Session, name: str, file: BinaryIO) -> int:
    """Import a CSV file of recipients as a list.

    Columns: number, and if known name, area, longitude, latitude. Bad rows are reported and left out; the exit code is
    1 then. A list of this name is replaced.
    """
    report = session.api.upload_stream("/api/sms/lists/import", _pieces(file), name=name)
    if session.json:
        show.as_json(report)
    else:
        if report["bad_rows"]:
            click.echo(show.grid(session, report["bad_rows"], _BAD))
        click.echo(session.say("{people} people, {repeated} repeated, {bad} bad rows", **report))
    return 1 if report["bad"] else 0


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece


@sms.command("lists", examples=("softswitch sms lists",))
@click.pass_obj
def lists(session: Session) -> None:
    """List imported lists of recipients."""
    show.rows(session, session.api.get("/api/sms/lists"), _LISTS)


@sms.command(
    "remove-list",
    examples=("softswitch sms remove-list 居民",),
)
@click.argument("name")
@click.pass_obj
def remove_list(session: Session, name: str) -> None:
    """Remove a list; campaigns keep their people."""
    session.api.delete(f"/api/sms/lists/{part(name)}")
    show.done(session, {"name": name}, "Removed {what}.", what=name)


@sms.command(
    "report",
    examples=(
        "softswitch sms report 7c31",
        "softswitch sms report 7c31 --csv messages.csv",
        "softswitch sms report 7c31 --state failed",
        "softswitch sms report 7c31 --talking",
    ),
)
@click.argument("campaign_id", metavar="CAMPAIGN")
@click.option(
    "--csv",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write every message to this file.",
)
@click.option("--state", help="List the messages in this state, such as failed.")
@click.option(
    "--talking", is_flag=True, help="List who has not got it and talks on a line of ours."
)
@click.pass_obj
def report(
    session: Session, campaign_id: str, file: Path | None, state: str | None, talking: bool
) -> None:
    """Show what became of a campaign."""
    path = f"/api/sms/campaigns/{part(campaign_id)}"
    if file is not None:
        save(session, f"{path}/report.csv", file)
        return
    if talking:
        show.rows(
            session, session.api.get(f"{path}/talking"), (*_MESSAGES, show.text("call_id", "call"))
        )
        return
    if state is not None:
        show.rows(session, session.api.get(f"{path}/messages", state=state, limit=1000), _MESSAGES)
        return
    answer = session.api.get(f"{path}/report")
    if session.json:
        show.as_json(answer)
        return
    shown = {key: answer[key] for key in ("name", "state", "people", "parts", "resent")}
    show.one(session, {**shown, **{k: v for k, v in answer["counts"].items() if v}})
    if answer["areas"]:
        click.echo(show.grid(session, answer["areas"], _AREAS))


def _counts(session: Session, counts: dict[str, int]) -> str:
    return ", ".join(f"{session.say(state)} {n}" for state, n in counts.items())
