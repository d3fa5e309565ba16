"""`softswitch intercept`: monitor, whisper, insert, release; confirm; levels and settings."""

from __future__ import annotations

from typing import Any

import click

from softswitch.cli import show
from softswitch.cli.frame import Group
from softswitch.cli.helpers import acting, at_most, changes, given, part, words
from softswitch.cli.pick import pick_call
from softswitch.cli.session import Session

_ACTS = ("monitor", "whisper", "insert", "takeover")
_KINDS = ("user", "extension", "line")
_COLUMNS = (
    show.text("id", "intercept"),
    show.text("call_id", "call"),
    show.word("act"),
    show.text("login"),
    show.text("desk"),
    show.text("reason"),
    show.text("second", "confirmed by"),
    show.at("started_at", "started"),
    show.at("ended_at", "ended"),
    show.text("end_reason", "end"),
)
_PENDING = (
    show.text("id", "intercept"),
    show.text("call_id", "call"),
    show.word("act"),
    show.text("login"),
    show.text("desk"),
    show.text("reason"),
    show.at("expires_at", "expires"),
)
_LEVELS = (
    show.word("kind"),
    show.text("key", "name"),
    show.text("intrusion"),
    show.text("protection"),
    show.text("interruption"),
    show.text("interruption_protection", "interruption protection"),
    show.text("precedence"),
)

_reason = click.option("--reason", required=True, help="Why; it stands in the audit log.")


@click.group(cls=Group, desk=True)
def intercept() -> None:
    """Enter or clear calls of others.

    CALL is the id of a call or the beginning of it.
    """


def _asked(session: Session, answer: dict[str, Any]) -> None:
    sentence = (
        "A second person must confirm {id}."
        if answer.get("stage") == "pending"
        else "Intercept {id}: {stage}."
    )
    show.done(session, answer, sentence, id=answer["id"], stage=answer["stage"])


def _ask(session: Session, act: str, call_id: str, **fields: object) -> None:
    picked = pick_call(session, call_id)
    _asked(session, session.api.post(f"/api/calls/{part(picked)}/{act}", acting(session, **fields)))


@intercept.command(
    "monitor", examples=('softswitch intercept monitor 1732260000.12 --reason "coaching"',)
)
@click.argument("call_id", metavar="CALL")
@_reason
@click.pass_obj
def monitor(session: Session, call_id: str, reason: str) -> None:
    """Hear a call without being heard."""
    _ask(session, "monitor", call_id, reason=reason)


@intercept.command(
    "whisper",
    examples=('softswitch intercept whisper 1732260000.12 --to 1732260000.13 --reason "coaching"',),
)
@click.argument("call_id", metavar="CALL")
@click.option("--to", metavar="LEG", required=True, help="The leg that alone hears you.")
@_reason
@click.pass_obj
def whisper(session: Session, call_id: str, to: str, reason: str) -> None:
    """Be heard by one party only."""
    _ask(session, "whisper", call_id, target=to, reason=reason)


@intercept.command(
    "insert", examples=('softswitch intercept insert 1732260000.12 --reason "urgent order"',)
)
@click.argument("call_id", metavar="CALL")
@click.option("--no-tone", is_flag=True, help="Without the warning tone; takes a right.")
@_reason
@click.pass_obj
def insert(session: Session, call_id: str, no_tone: bool, reason: str) -> None:
    """Break into a call: all hear all."""
    _ask(session, "insert", call_id, waive_tone=no_tone, reason=reason)


@intercept.command(
    "release",
    examples=(
        'softswitch intercept release 1732260000.12 --reason "line needed"',
        'softswitch intercept release 1732260000.12 --connect 1732260000.13 --reason "line needed"',
    ),
)
@click.argument("call_id", metavar="CALL")
@click.option("--connect", metavar="LEG", help="Talk to this leg afterwards.")
@_reason
@click.pass_obj
def release(session: Session, call_id: str, connect: str | None, reason: str) -> None:
    """Clear a call."""
    _ask(session, "release", call_id, **given(connect=connect, reason=reason))


@intercept.command("options", examples=("softswitch intercept options 1732260000.12",))
@click.argument("call_id", metavar="CALL")
@click.pass_obj
def options(session: Session, call_id: str) -> None:
    """Show what you may do to a call, and why not."""
    picked = pick_call(session, call_id)
    query = given(desk=session.desk)
    answer = session.api.get(f"/api/calls/{part(picked)}/intercept", **query)
    language = "reason_zh" if session.say("yes") == "是" else "reason_en"
    columns = (show.word("act"), show.text("allowed"), show.text(language, "reason"))
    show.rows(session, answer, columns)


@intercept.command(
    "switch",
    examples=(
        "softswitch intercept switch insert",
        "softswitch intercept switch whisper --to 1732260000.13",
    ),
)
@click.argument("act", type=click.Choice(_ACTS))
@click.argument("intercept_id", metavar="[INTERCEPT]", required=False)
@click.option("--to", metavar="LEG", help="Whom to whisper to.")
@click.option("--no-tone", is_flag=True, help="Without the warning tone; takes a right.")
@click.pass_obj
def switch(
    session: Session, act: str, intercept_id: str | None, to: str | None, no_tone: bool
) -> None:
    """Go over to another act in the same call."""
    body = acting(session, act=act, target=to, waive_tone=no_tone)
    answer = session.api.post(f"/api/intercepts/{part(_own(session, intercept_id))}/switch", body)
    _asked(session, answer)


@intercept.command("leave", examples=("softswitch intercept leave",))
@click.argument("intercept_id", metavar="[INTERCEPT]", required=False)
@click.pass_obj
def leave(session: Session, intercept_id: str | None) -> None:
    """Leave the call; it goes on as it was."""
    path = f"/api/intercepts/{part(_own(session, intercept_id))}/leave"
    show.done(session, session.api.post(path, acting(session)), "Done.")


def _own(session: Session, intercept_id: str | None) -> str:
    if intercept_id is not None:
        return intercept_id
    found = session.api.get("/api/intercepts/own")["intercepts"]
    if len(found) != 1:
        raise click.UsageError(
            f"You have {len(found)} intercepts: name one.", click.get_current_context()
        )
    return str(found[0]["id"])


@intercept.command("list", examples=("softswitch intercept list --call 1732260000.12",))
@click.option("--call", "call_id", metavar="CALL", help="Only those of this call.")
@at_most(50)
@click.pass_obj
def list_intercepts(session: Session, call_id: str | None, limit: int) -> None:
    """List who entered or cleared which call."""
    answer = session.api.get("/api/intercepts", **given(call_id=call_id, limit=limit))
    show.rows(session, answer, _COLUMNS)


@intercept.command("pending", examples=("softswitch intercept pending",))
@click.pass_obj
def pending(session: Session) -> None:
    """List what waits for a second person."""
    show.rows(session, session.api.get("/api/intercepts/pending"), _PENDING)


@intercept.command("confirm", examples=("softswitch intercept confirm 0f3a5b",))
@click.argument("intercept_id", metavar="INTERCEPT")
@click.pass_obj
def confirm(session: Session, intercept_id: str) -> None:
    """Confirm what another asked for."""
    _asked(session, session.api.post(f"/api/intercepts/{part(intercept_id)}/confirm", {}))


@intercept.command("refuse", examples=("softswitch intercept refuse 0f3a5b",))
@click.argument("intercept_id", metavar="INTERCEPT")
@click.pass_obj
def refuse(session: Session, intercept_id: str) -> None:
    """Turn down what another asked for."""
    answer = session.api.post(f"/api/intercepts/{part(intercept_id)}/refuse", {})
    show.done(session, answer, "Done.")


@intercept.command("settings", examples=("softswitch intercept settings",))
@click.pass_obj
def settings(session: Session) -> None:
    """Show the settings of intercept."""
    show.one(session, session.api.get("/api/intercept-settings"))


@intercept.command(
    "set",
    examples=(
        "softswitch intercept set --tone itu --confirm-seconds 60",
        "softswitch intercept set --two-person monitor,whisper",
    ),
)
@click.option("--tone", help="Warning tone: cn, us, itu, or steps such as 950/200,0/200.")
@click.option("--two-person", metavar="ACTS", help="Acts that a second person confirms; or none.")
@click.option("--confirm-seconds", type=int, help="How long a request waits for that person.")
@click.option("--reason/--no-reason", "reason", default=None, help="A reason must be given.")
@click.option("--emergency-precedence", type=int, help="Level of emergency calls, 0 to 4.")
@click.option("--voice", type=click.Choice(["zh", "en"]), help="Language of announcements.")
@click.pass_obj
def set_settings(
    session: Session,
    tone: str | None,
    two_person: str | None,
    confirm_seconds: int | None,
    reason: bool | None,
    emergency_precedence: int | None,
    voice: str | None,
) -> None:
    """Change the settings of intercept.

    What is not given stays.
    """
    body = changes(
        tone=tone,
        two_person=words(two_person),
        confirm_seconds=confirm_seconds,
        reason_required=reason,
        emergency_precedence=emergency_precedence,
        language=voice,
    )
    show.done(session, session.api.put("/api/intercept-settings", body), "Stored.")


@intercept.command("levels", examples=("softswitch intercept levels",))
@click.pass_obj
def levels(session: Session) -> None:
    """List capability and protection levels."""
    show.rows(session, session.api.get("/api/intercept-levels"), _LEVELS)


@intercept.command(
    "set-levels",
    examples=("softswitch intercept set-levels extension 2001 --protection 3 --precedence 2",),
)
@click.argument("kind", type=click.Choice(_KINDS))
@click.argument("key", metavar="NAME")
@click.option("--intrusion", type=int, default=0, help="Capability to enter calls, 0 to 3.")
@click.option("--protection", type=int, default=0, help="Protection from that, 0 to 3.")
@click.option("--interruption", type=int, default=0, help="Capability to clear calls, 0 to 3.")
@click.option(
    "--interruption-protection", type=int, default=0, help="Protection from that, 0 to 3."
)
@click.option("--precedence", type=int, default=4, help="Highest precedence, 0 (highest) to 4.")
@click.pass_obj
def set_levels(
    session: Session,
    kind: str,
    key: str,
    intrusion: int,
    protection: int,
    interruption: int,
    interruption_protection: int,
    precedence: int,
) -> None:
    """Set the levels of a user, extension or line."""
    body = {
        "intrusion": intrusion,
        "protection": protection,
        "interruption": interruption,
        "interruption_protection": interruption_protection,
        "precedence": precedence,
    }
    answer = session.api.put(f"/api/intercept-levels/{kind}/{part(key)}", body)
    show.done(session, answer, "Stored.")


@intercept.command("remove-levels", examples=("softswitch intercept remove-levels extension 2001",))
@click.argument("kind", type=click.Choice(_KINDS))
@click.argument("key", metavar="NAME")
@click.pass_obj
def remove_levels(session: Session, kind: str, key: str) -> None:
    """Remove levels: those of the role stand again."""
    answer = session.api.delete(f"/api/intercept-levels/{kind}/{part(key)}")
    show.done(session, answer, "Removed {what}.", what=f"{kind} {key}")
