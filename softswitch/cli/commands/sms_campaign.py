"""`softswitch sms campaign`."""

from __future__ import annotations

from typing import Any

import click

from softswitch.cli import show
from softswitch.cli.commands.sms_options import audience_options, body_of, plan_options
from softswitch.cli.frame import Group
from softswitch.cli.helpers import at_most, part
from softswitch.cli.session import Session

_COLUMNS: tuple[show.Column, ...] = (
    show.text("id"),
    show.text("name"),
    show.word("state"),
    show.word("priority"),
    show.text("people", "members"),
    show.at("began_at", "started"),
    show.text("login"),
)
_ROW = (
    "id", "name", "text", "state", "priority", "exercise", "people", "login", "approved_by",
    "began_at", "expires_at", "voice",
)  # fmt: skip


@click.group(cls=Group)
def campaign() -> None:
    """Campaigns: drafts, approval, pause, cancel."""


@campaign.command("list", examples=("softswitch sms campaign list",))
@at_most(50)
@click.pass_obj
def list_campaigns(session: Session, limit: int) -> None:
    """List campaigns, the newest first."""
    show.rows(session, session.api.get("/api/sms/campaigns", limit=limit), _COLUMNS)


@campaign.command("show", examples=("softswitch sms campaign show 7c31",))
@click.argument("campaign_id", metavar="ID")
@click.pass_obj
def show_campaign(session: Session, campaign_id: str) -> None:
    """Show a campaign and how far it is."""
    answer = session.api.get(f"/api/sms/campaigns/{part(campaign_id)}")
    if session.json:
        show.as_json(answer)
        return
    shown = {name: answer[name] for name in _ROW}
    counts = {state: n for state, n in answer.get("counts", {}).items() if n}
    show.one(session, {**shown, "parts": answer["preview"]["parts"], **counts})


@campaign.command(
    "create",
    examples=('softswitch sms campaign create 暴雨 "请转移" --list 居民 --at "2026-12-01 08:00"',),
)
@click.argument("name")
@click.argument("text")
@audience_options
@plan_options
@click.pass_obj
def create(session: Session, /, name: str, text: str, **more: Any) -> None:
    """Make a draft; nothing is sent."""
    answer = session.api.post("/api/sms/campaigns", body_of(name, text, more))
    show.done(session, answer, "Draft: {id}", id=answer["id"])


@campaign.command("test", examples=("softswitch sms campaign test 7c31 13800138000",))
@click.argument("campaign_id", metavar="ID")
@click.argument("number")
@click.pass_obj
def test(session: Session, campaign_id: str, number: str) -> None:
    """Send its text to one telephone."""
    path = f"/api/sms/campaigns/{part(campaign_id)}/test"
    show.done(session, session.api.post(path, {"number": number}), "Done.")


@campaign.command("remove", examples=("softswitch sms campaign remove 7c31",))
@click.argument("campaign_id", metavar="ID")
@click.pass_obj
def remove(session: Session, campaign_id: str) -> None:
    """Remove a draft."""
    session.api.delete(f"/api/sms/campaigns/{part(campaign_id)}")
    show.done(session, {"id": campaign_id}, "Removed {what}.", what=campaign_id)


def _act(word: str, help_: str) -> None:
    @campaign.command(word, help=help_, examples=(f"softswitch sms campaign {word} 7c31",))
    @click.argument("campaign_id", metavar="ID")
    @click.pass_obj
    def act(session: Session, campaign_id: str) -> None:
        answer = session.api.post(f"/api/sms/campaigns/{part(campaign_id)}/{word}", {})
        show.done(session, answer, "{name}: {state}", name=answer["name"],
                  state=session.say(answer["state"]))  # fmt: skip


_act("submit", "Send, schedule, or lay before a second person.")
_act("approve", "Approve as the second person.")
_act("withdraw", "Make a draft of it again.")
_act("pause", "Send nothing more for now.")
_act("resume", "Go on.")
_act("cancel", "Send nothing more, ever.")


@campaign.command(
    "doubt",
    examples=(
        "softswitch sms campaign doubt 7c31 resend",
        "softswitch sms campaign doubt 7c31 fail",
    ),
)
@click.argument("campaign_id", metavar="ID")
@click.argument("decision", type=click.Choice(["resend", "fail"]))
@click.pass_obj
def doubt(session: Session, campaign_id: str, decision: str) -> None:
    """Decide on messages that may have gone out."""
    path = f"/api/sms/campaigns/{part(campaign_id)}/doubt"
    show.done(session, session.api.post(path, {"resend": decision == "resend"}), "Done.")
