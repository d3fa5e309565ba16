"""`softswitch sms reply`, `template`, `block`, `alert` and `rules`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import click

from softswitch.cli import show
from softswitch.cli.download import save
from softswitch.cli.frame import Group
from softswitch.cli.helpers import at_most, changes, part
from softswitch.cli.session import Session
from softswitch.errors import invalid

_REPLIES = (
    show.text("id"),
    show.at("at", "started"),
    show.text("number"),
    show.text("name"),
    show.text("area"),
    show.word("meaning", "act"),
    show.text("text", "message"),
    show.text("seen_by", "owner"),
)
_TEMPLATES: tuple[show.Column, ...] = (
    show.text("id"),
    show.text("name"),
    show.text("text", "message"),
    ("field", lambda _session, row: " ".join(field["name"] for field in row["fields"])),
)
_BLOCKED = (
    show.text("number"),
    show.word("kind"),
    show.text("why", "reason"),
    show.text("login"),
    show.at("at", "started"),
)
_ALERTS = (
    show.text("id"),
    show.at("at", "started"),
    show.word("status"),
    show.text("kind"),
    show.text("event", "message"),
    show.word("outcome", "result"),
    show.text("campaign_id", "campaign"),
)

# ---- replies


@click.group(cls=Group)
def reply() -> None:
    """What citizens answered."""


@reply.command(
    "list",
    examples=(
        "softswitch sms reply list",
        "softswitch sms reply list --campaign 7c31 --meaning help",
    ),
)
@click.option("--campaign", help="Answers to this campaign only.")
@click.option(
    "--meaning",
    type=click.Choice(["safe", "help", "opt_out", "unknown"]),
    help="Answers with this meaning only.",
)
@at_most()
@click.pass_obj
def list_replies(session: Session, campaign: str | None, meaning: str | None, limit: int) -> None:
    """List answers, the newest first."""
    answer = session.api.get("/api/sms/replies", campaign=campaign, meaning=meaning, limit=limit)
    show.rows(session, answer, _REPLIES)


@reply.command("board", examples=("softswitch sms reply board 7c31",))
@click.argument("campaign_id", metavar="CAMPAIGN")
@click.pass_obj
def board(session: Session, campaign_id: str) -> None:
    """Show who is safe and who needs help."""
    answer = session.api.get(f"/api/sms/campaigns/{part(campaign_id)}/welfare")
    if session.json:
        show.as_json(answer)
        return
    show.one(session, {key: answer[key] for key in ("safe", "help", "silent")})
    if answer["people"]:
        click.echo(show.grid(session, answer["people"], _REPLIES))


@reply.command("seen", examples=("softswitch sms reply seen 12",))
@click.argument("reply_id", type=int, metavar="ID")
@click.pass_obj
def seen(session: Session, reply_id: int) -> None:
    """Note that an answer was read."""
    show.done(session, session.api.post(f"/api/sms/replies/{reply_id}/seen", {}), "Done.")


# ---- templates


@click.group(cls=Group)
def template() -> None:
    """Texts with fields to fill in."""


@template.command("list", examples=("softswitch sms template list",))
@click.pass_obj
def list_templates(session: Session) -> None:
    """List templates."""
    show.rows(session, session.api.get("/api/sms/templates"), _TEMPLATES)


@template.command(
    "set",
    examples=(
        'softswitch sms template set 暴雨 "{level:红|橙}色预警，{place}请于{at:time}前转移"',
    ),
)
@click.argument("name")
@click.argument("text")
@click.pass_obj
def set_template(session: Session, name: str, text: str) -> None:
    """Store a template; one of this name is replaced."""
    answer = session.api.post("/api/sms/templates", {"name": name, "text": text})
    show.done(session, answer, "Stored.")


@template.command(
    "fill", examples=("softswitch sms template fill 暴雨 level=红 place=自流井区 at=18:30",)
)
@click.argument("name")
@click.argument("values", nargs=-1, metavar="FIELD=VALUE...")
@click.pass_obj
def fill(session: Session, name: str, values: tuple[str, ...]) -> None:
    """Print a text with its fields filled in."""
    pairs = dict(_pair(text) for text in values)
    path = f"/api/sms/templates/{part(_template(session, name)['id'])}/fill"
    answer = session.api.post(path, {"values": pairs})
    show.done(session, answer, "{text}", text=answer["text"])


@template.command("remove", examples=("softswitch sms template remove 暴雨",))
@click.argument("name")
@click.pass_obj
def remove_template(session: Session, name: str) -> None:
    """Remove a template."""
    session.api.delete(f"/api/sms/templates/{part(_template(session, name)['id'])}")
    show.done(session, {"name": name}, "Removed {what}.", what=name)


def _template(session: Session, name: str) -> dict[str, Any]:
    for row in session.api.get("/api/sms/templates")["templates"]:
        if name in (row["id"], row["name"]):
            found: dict[str, Any] = row
            return found
    raise invalid("template_not_found", f"There is no template {name}.", "Look at the list.")


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise click.UsageError(f"{text[:40]!r} is no field; give name=value.")
    return name, value


# ---- who may not be sent to


@click.group(cls=Group)
def block() -> None:
    """Numbers that are sent nothing."""


@block.command("list", examples=("softswitch sms block list",))
@click.option("--after", metavar="NUMBER", help="Go on behind this number.")
@at_most()
@click.pass_obj
def list_blocked(session: Session, after: str | None, limit: int) -> None:
    """List blocked numbers and who opted out."""
    show.rows(session, session.api.get("/api/sms/blocked", after=after, limit=limit), _BLOCKED)


@block.command("add", examples=('softswitch sms block add 13800138000 --why "wrong number"',))
@click.argument("number")
@click.option("--opt-out", is_flag=True, help="Only from what is not about life.")
@click.option("--why", default="", help="Why; it stands in the list.")
@click.pass_obj
def add_blocked(session: Session, number: str, opt_out: bool, why: str) -> None:
    """Send nothing more to a number."""
    body = {"number": number, "kind": "opt_out" if opt_out else "blacklist", "why": why}
    answer = session.api.post("/api/sms/blocked", body)
    show.done(session, answer, "Added {what}.", what=answer["number"])


@block.command("remove", examples=("softswitch sms block remove 13800138000",))
@click.argument("number")
@click.pass_obj
def remove_blocked(session: Session, number: str) -> None:
    """Let a number be sent to again."""
    session.api.delete(f"/api/sms/blocked/{part(number)}")
    show.done(session, {"number": number}, "Removed {what}.", what=number)


# ---- alerts


@click.group(cls=Group)
def alert() -> None:
    """Alerts in CAP 1.2, in and out."""


@alert.command("list", examples=("softswitch sms alert list",))
@at_most()
@click.pass_obj
def list_alerts(session: Session, limit: int) -> None:
    """List alerts that came in."""
    show.rows(session, session.api.get("/api/sms/alerts", limit=limit), _ALERTS)


@alert.command("take", examples=("softswitch sms alert take alert.xml --list 居民",))
@click.argument("file", type=click.File("rb"))
@click.option("--list", "registry", help="The list of citizens that its area chooses from.")
@click.pass_obj
def take(session: Session, file: BinaryIO, registry: str | None) -> None:
    """Take in an alert; it drafts a campaign."""
    answer = session.api.send_file(
        "/api/sms/alerts", file.read(), "application/cap+xml", registry=registry
    )
    show.done(session, answer, "{event}: {outcome} {campaign}", event=answer["event"],
              outcome=session.say(answer["outcome"]), campaign=answer["campaign_id"])  # fmt: skip


@alert.command("export", examples=("softswitch sms alert export 7c31 alert.xml --kind Update",))
@click.argument("campaign_id", metavar="CAMPAIGN")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--kind",
    type=click.Choice(["Alert", "Update", "Cancel"]),
    default="Alert",
    show_default=True,
    help="What the document does.",
)
@click.option("--sender", default="softswitch", show_default=True, help="Who says it.")
@click.pass_obj
def export(session: Session, campaign_id: str, file: Path | None, kind: str, sender: str) -> None:
    """Write a campaign as CAP 1.2."""
    save(
        session,
        f"/api/sms/campaigns/{part(campaign_id)}/cap?kind={kind}&sender={part(sender)}",
        file,
    )


# ---- rules


@click.group(cls=Group)
def rules() -> None:
    """What holds for every campaign."""


@rules.command("show", examples=("softswitch sms rules show",))
@click.pass_obj
def show_rules(session: Session) -> None:
    """Show the rules."""
    show.one(session, session.api.get("/api/sms/rules"))


@rules.command(
    "set", examples=("softswitch sms rules set --signature 自贡应急 --approval-size 500",)
)
@click.option("--approval-size", type=int, help="More people need a second person.")
@click.option("--signature", help="What stands in 【】 before every text.")
@click.option("--sender", help="The sender's number.")
@click.option("--price", type=int, help="Thousandths of the currency for a part.")
@click.option(
    "--joining", type=click.Choice(["udh8", "udh16", "payload"]), help="How long texts are joined."
)
@click.pass_obj
def set_rules(session: Session, /, **more: Any) -> None:
    """Change the rules; what is not given stays."""
    changed = changes(**more)
    answer = session.api.put("/api/sms/rules", {**session.api.get("/api/sms/rules"), **changed})
    show.done(session, answer, "Stored.")
