"""Runs of plans in SQL: a step is written before it is done."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, insert, or_, select, update

from softswitch.access import audit
from softswitch.clock import Millis
from softswitch.events import Fact
from softswitch.layers.plans.events import PlanApproved, PlanEnded, PlanStarted
from softswitch.layers.plans.model import Step
from softswitch.layers.plans.progress import (
    OVER,
    Run,
    RunState,
    StepRun,
    StepState,
    Task,
    TaskState,
)
from softswitch.layers.plans.reach import Missed, Reached, Trouble
from softswitch.layers.plans.reading import step_of
from softswitch.layers.plans.tables import run_steps, runs, tasks
from softswitch.layers.plans.tree import of_json
from softswitch.layers.plans.writing import step_plain
from softswitch.store.event_log import append

Row = dict[str, Any]
_RUN = (
    "id", "plan", "version", "level", "name", "login", "started_at", "approvals_needed",
    "incident_id", "area", "ended_at",
)  # fmt: skip
_TASK = (
    "id", "run_id", "step_id", "text", "number", "name", "deputy", "due_at", "done_at", "done_by",
)  # fmt: skip


def add(conn: Connection, run: Run) -> bool:
    """Write a run with its steps, before anything of it is done; tell whether it is new."""
    if conn.execute(select(runs.c.id).where(runs.c.id == run.id)).first():
        return False
    conn.execute(insert(runs).values(**_run_row(run)))
    rows = [
        {"run_id": run.id, "position": place, **_step_row(one)}
        for place, one in enumerate(run.steps.values())
    ]
    if rows:
        conn.execute(insert(run_steps), rows)
    details = {
        "plan": run.plan,
        "version": run.version,
        "level": run.level,
        "incident": run.incident_id,
    }
    audit.append(conn, run.login, "plan.start", run.id, details, at=run.started_at)
    fact = PlanStarted(
        run.id, run.started_at, run.plan, run.version, run.level, run.state.value, run.login,
        run.incident_id,
    )  # fmt: skip
    append(conn, fact, at=run.started_at)
    return True


def put_steps(
    conn: Connection, run_id: str, steps: Sequence[StepRun], facts: Sequence[Fact],
    given: Sequence[Task], at: Millis,
) -> None:  # fmt: skip
    """Write steps, the tasks that they give, and the facts that tell it."""
    for one in steps:
        where = and_(run_steps.c.run_id == run_id, run_steps.c.step_id == one.step.id)
        conn.execute(update(run_steps).where(where).values(**_step_row(one)))
    for task in given:
        _put_task(conn, task)
    if facts:
        append(conn, *facts, at=at)


def approve(conn: Connection, run: Run, login: str, at: Millis) -> None:
    """Write that somebody agreed, and whether it begins now."""
    audit.append(conn, login, "plan.approve", run.id, {"plan": run.plan}, at=at)
    values = {"approvals": json.dumps(run.approvals), "state": run.state.value}
    conn.execute(update(runs).where(runs.c.id == run.id).values(**values))
    missing = max(0, run.approvals_needed - len(run.approvals))
    append(conn, PlanApproved(run.id, at, login, missing), at=at)


def end(
    conn: Connection, run: Run, login: str, changed: Sequence[StepRun], facts: Sequence[Fact]
) -> None:
    """Write that a run is over, with the steps and tasks that end with it."""
    at = run.ended_at or 0
    if login:
        audit.append(conn, login, "plan.abort", run.id, {"plan": run.plan}, at=at)
    values = {"state": run.state.value, "ended_at": run.ended_at}
    conn.execute(update(runs).where(runs.c.id == run.id).values(**values))
    put_steps(conn, run.id, changed, facts, list(run.tasks.values()), at)
    append(conn, PlanEnded(run.id, at, run.state.value, login, run.incident_id), at=at)


def end_task(conn: Connection, task: Task, login: str, fact: Fact, at: Millis) -> None:
    """Write that a task is done, with who said so."""
    audit.append(conn, login, "plan.task_done", task.id, {"run": task.run_id}, at=at)
    _put_task(conn, task)
    append(conn, fact, at=at)


def _put_task(conn: Connection, task: Task) -> None:
    row = {**{name: getattr(task, name) for name in _TASK}, "state": task.state.value}
    if not conn.execute(update(tasks).where(tasks.c.id == task.id).values(**row)).rowcount:
        conn.execute(insert(tasks).values(**row))


# ---- reading


def open_runs(conn: Connection) -> list[Run]:
    """Return the runs that are not over."""
    over = [state.value for state in OVER]
    query = select(runs).where(runs.c.state.not_in(over)).order_by(runs.c.started_at)
    return [_run(conn, row) for row in conn.execute(query).mappings()]


def one(conn: Connection, run_id: str) -> Run | None:
    """Return a run, or None."""
    row = conn.execute(select(runs).where(runs.c.id == run_id)).mappings().first()
    return _run(conn, row) if row else None


def page(
    conn: Connection, *, limit: int, before: Millis | None = None, before_id: str = "",
    plan: str | None = None, incident: str | None = None,
) -> list[Row]:  # fmt: skip
    """Return runs without their steps, the newest first; ``before`` and its id are the last of the page before."""
    query = select(runs).order_by(runs.c.started_at.desc(), runs.c.id.desc()).limit(limit)
    if before is not None:
        same = and_(runs.c.started_at == before, runs.c.id < before_id)
        query = query.where(or_(runs.c.started_at < before, same))
    if plan is not None:
        query = query.where(runs.c.plan == plan)
    if incident is not None:
        query = query.where(runs.c.incident_id == incident)
    names = (*_RUN, "state")
    rows = conn.execute(query).mappings()
    return [
        {**{n: row[n] for n in names}, "approvals": json.loads(row["approvals"])} for row in rows
    ]


def _run(conn: Connection, row: RowMapping) -> Run:
    run = Run(
        **{name: row[name] for name in _RUN},
        extra=tuple(json.loads(row["extra"])),
        state=RunState(row["state"]),
        approvals=tuple(json.loads(row["approvals"])),
    )
    wanted = select(run_steps).where(run_steps.c.run_id == run.id).order_by(run_steps.c.position)
    for each in conn.execute(wanted).mappings():
        run.steps[each["step_id"]] = _step(each)
    for each in conn.execute(select(tasks).where(tasks.c.run_id == run.id)).mappings():
        values = {name: each[name] for name in _TASK}
        run.tasks[each["id"]] = Task(**values, state=TaskState(each["state"]))
    return run


def _run_row(run: Run) -> Row:
    return {
        **{name: getattr(run, name) for name in _RUN},
        "extra": json.dumps(run.extra),
        "state": run.state.value,
        "approvals": json.dumps(run.approvals),
    }


def _step_row(one: StepRun) -> Row:
    # The id of an expanded step is the way to it, which is no name of a step in a plan.
    bare = step_plain(replace(one.step, id="step", after=()))
    return {
        "step_id": one.step.id,
        "body": json.dumps({"step": bare, "after": one.step.after}, ensure_ascii=False),
        "state": one.state.value,
        "reached": json.dumps([asdict(each) for each in one.reached], ensure_ascii=False),
        "missed": json.dumps([[m.what, m.why.value] for m in one.missed], ensure_ascii=False),
        "began_at": one.began_at, "ended_at": one.ended_at, "ref": one.ref, "why": one.why[:200],
        "escalated": one.escalated,
    }  # fmt: skip


def _step(row: RowMapping) -> StepRun:
    body = json.loads(row["body"])
    return StepRun(
        _named(step_of(of_json(body["step"])), row["step_id"], body["after"]),
        StepState(row["state"]),
        tuple(Reached(**each) for each in json.loads(row["reached"])),
        tuple(Missed(what, Trouble(why)) for what, why in json.loads(row["missed"])),
        row["began_at"], row["ended_at"], row["ref"], row["why"], row["escalated"],
    )  # fmt: skip


def _named(step: Step, name: str, after: Iterable[str]) -> Step:
    return replace(step, id=name, after=tuple(after))
