"""`softswitch plan`."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

import click

from softswitch.cli import show
from softswitch.cli.frame import Group
from softswitch.cli.helpers import at_most, given, part
from softswitch.cli.session import Session

_COLUMNS: tuple[show.Column, ...] = (
    show.text("key"),
    show.text("name"),
    show.text("version"),
    ("levels", lambda _session, row: " ".join(level["id"] for level in row["levels"])),
    show.text("enabled"),
    show.at("updated_at"),
)
_REACH: tuple[show.Column, ...] = (
    show.text("step"),
    show.text("number"),
    show.text("name"),
    show.text("then"),
    show.text("via"),
    show.word("why", "reason"),
)
_RUNS = (
    show.text("id"),
    show.text("plan"),
    show.text("level"),
    show.word("state"),
    show.at("started_at", "started"),
    show.text("login"),
    show.text("incident_id", "incident"),
)
_STEPS = (
    show.text("step"),
    show.text("do"),
    show.word("state"),
    show.text("people", "members"),
    show.text("troubles"),
    show.at("began_at", "started"),
    show.word("why", "reason"),
)
_TASKS = (
    show.text("id"),
    show.text("number"),
    show.text("name"),
    show.word("state"),
    show.at("due_at", "until"),
    show.text("text"),
)


@click.group(cls=Group)
def plan() -> None:
    """Response plans: who is rung, told and tasked."""


@plan.command("list", examples=("softswitch plan list",))
@click.pass_obj
def list_plans(session: Session) -> None:
    """List plans."""
    show.rows(session, session.api.get("/api/plans"), _COLUMNS)


@plan.command(
    "show",
    examples=("softswitch plan show flood", "softswitch plan show flood --version 2 > flood.yaml"),
)
@click.argument("key")
@click.option("--version", type=int, help="This version in place of the present one.")
@click.pass_obj
def show_plan(session: Session, key: str, version: int | None) -> None:
    """Print a plan as YAML."""
    answer = session.api.get(f"/api/plans/{part(key)}", **given(version=version))
    if session.json:
        show.as_json(answer)
    else:
        click.echo(answer["yaml"], nl=False)


@plan.command("check", examples=("softswitch plan check flood.yaml",))
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.pass_obj
def check(session: Session, file: Any) -> int:
    """Tell every problem of a file with its line."""
    answer = session.api.post("/api/plans/check", {"yaml": file.read()})
    if session.json:
        show.as_json(answer)
    elif answer["ok"]:
        click.echo(session.say("The plan is good."))
    else:
        columns = (show.text("line"), show.text("place"), show.text("message"))
        click.echo(show.grid(session, answer["problems"], columns))
    return 0 if answer["ok"] else 1


@plan.command(
    "store",
    examples=("softswitch plan store flood.yaml --remark 汛期前修订",),
)
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--remark", default="", help="What is new.")
@click.option("--base", type=int, help="Refuse when it was changed since this version.")
@click.option("--run", "run_id", help="Revised after this run.")
@click.pass_obj
def store(session: Session, file: Any, remark: str, base: int | None, run_id: str | None) -> None:
    """Store a file as a new version."""
    text = file.read()
    checked = session.api.post("/api/plans/check", {"yaml": text})
    key = (checked["plan"] or {}).get("key", "-")
    if base is None:
        known = {row["key"]: row["version"] for row in session.api.get("/api/plans")["plans"]}
        base = known.get(key, 0)
    body = given(yaml=text, base=base, remark=remark, run_id=run_id)
    answer = session.api.put(f"/api/plans/{part(key)}", body)
    show.done(
        session, answer, "Stored {key}, version {version}.", key=key, version=answer["version"]
    )
    for row in answer["missed"]:
        for one in row["missed"]:
            _missed(session, f"{row['level']}/{row['step']}", one)


def _missed(session: Session, where: str, one: dict[str, Any]) -> None:
    why = session.say(one["why"])
    show.note(
        session, "{where}: {what} is not reached: {why}", where=where, what=one["what"], why=why
    )


def _add_enabled(word: str, on: bool, help_: str) -> None:
    @plan.command(word, help=help_, examples=(f"softswitch plan {word} flood",))
    @click.argument("key")
    @click.pass_obj
    def act(session: Session, key: str) -> None:
        answer = session.api.put(f"/api/plans/{part(key)}/enabled", {"enabled": on})
        show.done(session, answer, "Stored.")


_add_enabled("enable", True, "Let a plan be started.")
_add_enabled("disable", False, "Let nobody start a plan.")


def _wanted(
    level: str, incident: str, area: Path | None, numbers: tuple[str, ...]
) -> dict[str, Any]:
    body = given(level=level or None, incident_id=incident or None, numbers=list(numbers))
    if area is not None:
        body["area"] = _geojson(area)
    return body


def _geojson(file: Path) -> Any:
    try:
        return json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise click.BadParameter(f"{file} is no GeoJSON: {error}") from error


_LEVEL = click.option("--level", default="", help="Which level; the first unless given.")
_INCIDENT = click.option("--incident", default="", help="Id of the incident.")
_AREA = click.option(
    "--area",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A polygon (GeoJSON).",
)
_NUMBERS = click.option("--number", "numbers", multiple=True, help="In the area; may be repeated.")


@plan.command("dry-run", examples=("softswitch plan dry-run flood --level l3",))
@click.argument("key")
@_LEVEL
@_INCIDENT
@_AREA
@_NUMBERS
@click.pass_obj
def dry_run(
    session: Session, key: str, level: str, incident: str, area: Path | None, numbers: tuple[str, ...]
) -> None:  # fmt: skip
    """List exactly who would be reached now."""
    body = _wanted(level, incident, area, numbers)
    answer = session.api.post(f"/api/plans/{part(key)}/dry-run", body)
    if session.json:
        show.as_json(answer)
        return
    show.rows(session, _reach_rows(answer["steps"]), _REACH)


def _reach_rows(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = [{"step": step["step"], **one} for step in steps for one in step["reached"]]
    rows += [
        {"step": step["step"], "name": one["what"], "why": one["why"]}
        for step in steps
        for one in step["missed"]
    ]
    return rows


@plan.command("start", examples=("softswitch plan start flood --level l3 --incident 5f0c9d",))
@click.argument("key")
@_LEVEL
@_INCIDENT
@_AREA
@_NUMBERS
@click.pass_obj
def start(
    session: Session, key: str, level: str, incident: str, area: Path | None, numbers: tuple[str, ...]
) -> None:  # fmt: skip
    """Start a plan."""
    body = {**_wanted(level, incident, area, numbers), "key": secrets.token_hex(8)}
    answer = session.api.post(f"/api/plans/{part(key)}/start", body)
    show.done(
        session, answer, "Run {id}: {state}.", id=answer["id"], state=session.say(answer["state"])
    )


@plan.command("runs", examples=("softswitch plan runs --plan flood",))
@click.option("--plan", "key", help="Only those of this plan.")
@click.option("--incident", help="Only those of this incident.")
@at_most()
@click.pass_obj
def runs(session: Session, key: str | None, incident: str | None, limit: int) -> None:
    """List runs, newest first."""
    query = given(plan=key, incident=incident, limit=limit)
    show.rows(session, session.api.get("/api/plan-runs", **query), _RUNS)


@plan.command("run", examples=("softswitch plan run 5f0c9d",))
@click.argument("run_id", metavar="ID")
@click.pass_obj
def run(session: Session, run_id: str) -> None:
    """Show how far a run has come."""
    answer = session.api.get(f"/api/plan-runs/{part(run_id)}")
    if session.json:
        show.as_json(answer)
        return
    click.echo(show.grid(session, answer["steps"], _STEPS))
    if answer["tasks"]:
        click.echo(show.grid(session, answer["tasks"], _TASKS))


def _add_act(word: str, help_: str) -> None:
    @plan.command(word, help=help_, examples=(f"softswitch plan {word} 5f0c9d",))
    @click.argument("run_id", metavar="ID")
    @click.pass_obj
    def act(session: Session, run_id: str) -> None:
        answer = session.api.post(f"/api/plan-runs/{part(run_id)}/{word}", {})
        show.done(
            session, answer, "Run {id}: {state}.", id=run_id, state=session.say(answer["state"])
        )


_add_act("approve", "Agree to a run that waits.")
_add_act("abort", "Begin nothing else, ring nobody else.")


@plan.command("done", examples=("softswitch plan done 5f0c9d 77aa01",))
@click.argument("run_id", metavar="ID")
@click.argument("task_id", metavar="TASK")
@click.pass_obj
def done(session: Session, run_id: str, task_id: str) -> None:
    """Note that a task is done."""
    path = f"/api/plan-runs/{part(run_id)}/tasks/{part(task_id)}/done"
    show.done(session, session.api.post(path, {}), "Done.")
