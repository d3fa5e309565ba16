"""`softswitch call`: look at calls and act on them."""

from __future__ import annotations

import uuid

import click

from softswitch.cli import show
from softswitch.cli.board_view import CALLS
from softswitch.cli.frame import Group
from softswitch.cli.helpers import acting, at_most, at_offset, given, part
from softswitch.cli.pick import pick_call
from softswitch.cli.session import Session
from softswitch.cli.times import INSTANT


def _side(name: str) -> show.Column:
    """Caller or called of the history, whose rows are flat."""

    def cell(_session: Session, row: show.Row) -> str:
        flat = {"number": row.get(f"{name}_number", ""), "name": row.get(f"{name}_name")}
        return show.person(row.get(name) or flat)

    return (name, cell)


_HISTORY = (
    show.text("id", "call"),
    show.word("kind"),
    show.at("started_at", "started"),
    show.at("answered_at", "answered"),
    show.at("ended_at", "ended"),
    _side("caller"),
    _side("called"),
    show.text("owner"),
    show.text("incident_id", "incident"),
)


_LISTS = {
    "legs": (
        show.text("id"),
        show.word("role"),
        show.text("number"),
        show.text("name"),
        show.text("extension"),
        show.at("started_at", "started"),
        show.at("answered_at", "answered"),
        show.at("ended_at", "ended"),
    ),
    "recordings": (
        show.text("id"),
        show.at("began_at", "started"),
        show.text("extension"),
        show.word("state"),
    ),
}
_KINDS = click.Choice(["emergency", "internal", "incoming", "outgoing"])


@click.group(cls=Group, desk=True)
def call() -> None:
    """Dial, answer, hold, transfer, hang up.

    CALL is the id of a call or the beginning of it; without it the one call of your desk is meant.
    """


@call.command(
    "list",
    examples=(
        "softswitch call list --now",
        "softswitch call list --number 13800000000 --from 2026-11-01",
    ),
)
@click.option("--now", is_flag=True, help="Only the calls that are up.")
@click.option("--number", help="Only those from or to this number.")
@click.option("--kind", type=_KINDS, help="Only calls of this kind.")
@click.option("--from", "from_", type=INSTANT, help="Not older than this.")
@click.option("--to", type=INSTANT, help="Not newer than this.")
@at_offset
@at_most(50)
@click.pass_obj
def list_calls(
    session: Session,
    now: bool,
    number: str | None,
    kind: str | None,
    from_: int | None,
    to: int | None,
    offset: int | None,
    limit: int,
) -> None:
    """List the history, or what is up now."""
    if now:
        calls = session.api.get("/api/board")["entities"].get("call", {})
        show.rows(session, {"calls": list(calls.values())}, CALLS)
        return
    query = given(number=number, kind=kind, from_=from_, to=to, offset=offset, limit=limit)
    show.whole(session, session.api.get("/api/calls", **query), _HISTORY)


@call.command("show", examples=("softswitch call show 1732260000.12",))
@click.argument("call_id", metavar="CALL")
@click.pass_obj
def show_call(session: Session, call_id: str) -> None:
    """Show one call with its legs and recordings."""
    found = session.api.get(f"/api/calls/{part(call_id)}")
    show.one(
        session, found if session.json else {n: v for n, v in found.items() if n not in _LISTS}
    )
    for name, columns in () if session.json else _LISTS.items():
        if found.get(name):
            click.echo(f"\n{session.say(name)}\n{show.grid(session, found[name], columns)}")


@call.command(
    "dial", examples=("softswitch call dial 2001 --desk 1001", "softswitch call dial 13800000000")
)
@click.argument("number")
@click.pass_obj
def dial(session: Session, number: str) -> None:
    """Ring the own phone, then the number."""
    # The key makes a request that is sent again after a broken connection dial once.
    answer = session.api.post("/api/calls", acting(session, to=number), key=uuid.uuid4().hex)
    show.done(
        session, answer, "Calling {to}: call {call}", to=number, call=answer.get("call_id", "")
    )


@call.command(
    "transfer",
    examples=(
        "softswitch call transfer 2002",
        "softswitch call transfer 1002 --attended",
        "softswitch call transfer --complete",
    ),
)
@click.argument("number", required=False)
@click.argument("call_id", metavar="[CALL]", required=False)
@click.option("--attended", is_flag=True, help="Talk to NUMBER first.")
@click.option("--complete", is_flag=True, help="Connect caller and NUMBER after talking.")
@click.option("--cancel", is_flag=True, help="Go back to the caller.")
@click.pass_obj
def transfer(
    session: Session,
    number: str | None,
    call_id: str | None,
    attended: bool,
    complete: bool,
    cancel: bool,
) -> None:
    """Hand a call on, at once or after talking.

    Its incident goes along.
    """
    if complete + cancel + attended > 1:
        raise click.UsageError("Give one of --attended, --complete and --cancel.")
    if complete or cancel:
        _finish_transfer(session, number or call_id, "complete" if complete else "cancel")
        return
    if number is None:
        raise click.UsageError("Missing argument 'NUMBER'.", click.get_current_context())
    picked = pick_call(session, call_id)
    body = acting(session, to=number, mode="attended" if attended else "blind")
    show.done(session, session.api.post(f"/api/calls/{part(picked)}/transfer", body), "Done.")


def _finish_transfer(session: Session, call_id: str | None, act: str) -> None:
    picked = pick_call(session, call_id)
    path = f"/api/calls/{part(picked)}/transfer/{act}"
    show.done(session, session.api.post(path, acting(session)), "Done.")


@call.command("dtmf", examples=("softswitch call dtmf 12#", "softswitch call dtmf 1 1732260000.12"))
@click.argument("digits")
@click.argument("call_id", metavar="[CALL]", required=False)
@click.pass_obj
def dtmf(session: Session, digits: str, call_id: str | None) -> None:
    """Send keys to the other party."""
    picked = pick_call(session, call_id)
    path = f"/api/calls/{part(picked)}/dtmf"
    show.done(session, session.api.post(path, acting(session, digits=digits)), "Done.")


@call.command("priority", examples=("softswitch call priority 1732260000.12 0",))
@click.argument("call_id", metavar="CALL")
@click.argument("rank", type=click.IntRange(0, 9))
@click.pass_obj
def priority(session: Session, call_id: str, rank: int) -> None:
    """Change the place of a waiting call.

    RANK 0 is served first.
    """
    picked = pick_call(session, call_id)
    answer = session.api.post(f"/api/calls/{part(picked)}/priority", {"rank": rank})
    show.done(session, answer, "Done.")


@call.command("hangup", examples=("softswitch call hangup", "softswitch call hangup 1732260000.12"))
@click.argument("call_id", metavar="[CALL]", required=False)
@click.option("--leg", metavar="ID", help="End only this leg.")
@click.pass_obj
def hangup(session: Session, call_id: str | None, leg: str | None) -> None:
    """End a call, or one leg of it."""
    picked = pick_call(session, call_id)
    body = acting(session, leg=leg)
    show.done(session, session.api.post(f"/api/calls/{part(picked)}/hangup", body), "Done.")
