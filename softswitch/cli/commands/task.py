"""`softswitch task`."""

from __future__ import annotations

import click

from softswitch.cli import show
from softswitch.cli.frame import Group
from softswitch.cli.helpers import acting, at_most, part
from softswitch.cli.session import Session

_COLUMNS = (
    show.text("id"),
    show.word("state"),
    show.text("class_name", "class"),
    show.text("number"),
    show.text("name"),
    show.text("calls"),
    show.at("last_at", "last"),
    show.text("attempts"),
    show.text("owner"),
    show.text("reason", "note"),
)


@click.group(cls=Group, desk=True)
def task() -> None:
    """Call back who gave up before an answer."""


@task.command("list", examples=("softswitch task list", "softswitch task list --closed"))
@click.option("--closed", is_flag=True, help="The closed ones too.")
@at_most()
@click.pass_obj
def list_tasks(session: Session, closed: bool, limit: int) -> None:
    """List tasks."""
    answer = session.api.get("/api/tasks", closed="true" if closed else None, limit=limit)
    show.rows(session, answer, _COLUMNS)


@task.command("call", examples=("softswitch task call 7c31 --desk 1001",))
@click.argument("task_id", metavar="ID")
@click.pass_obj
def call_back(session: Session, task_id: str) -> None:
    """Call the number back from the desk."""
    answer = session.api.post(f"/api/tasks/{part(task_id)}/call", acting(session))
    show.done(
        session, answer, "Calling {to}: call {call}", to=task_id, call=answer.get("call_id", "")
    )


@task.command("close", examples=('softswitch task close 7c31 "false alarm"',))
@click.argument("task_id", metavar="ID")
@click.argument("reason")
@click.pass_obj
def close(session: Session, task_id: str, reason: str) -> None:
    """Close a task with a reason."""
    answer = session.api.post(f"/api/tasks/{part(task_id)}/close", {"reason": reason})
    show.done(session, answer, "Changed {what}.", what=task_id)
