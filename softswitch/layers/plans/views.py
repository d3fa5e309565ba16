"""How plans, their reach and their runs look as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from softswitch.layers.plans.progress import Run, StepRun, Task
from softswitch.layers.plans.reach import StepReach

Json = dict[str, Any]


def reach_view(reach: StepReach) -> Json:
    """Return whom a step reaches, and whom not."""
    return {
        "step": reach.step,
        "do": reach.kind.value,
        "available": reach.available,
        "reached": [asdict(one) for one in reach.reached],
        "missed": [{"what": one.what, "why": one.why.value} for one in reach.missed],
    }


def step_view(one: StepRun, *, whole: bool) -> Json:
    """Return a step of a run; ``whole`` with everybody it reaches."""
    found: Json = {
        "step": one.step.id, "do": one.step.kind.value, "name": one.step.name,
        "state": one.state.value, "people": len(one.reached), "troubles": len(one.missed),
        "began_at": one.began_at, "ended_at": one.ended_at, "due_at": one.due_at(),
        "ref": one.ref, "why": one.why, "escalated": one.escalated,
    }  # fmt: skip
    if whole:
        found["reached"] = [asdict(each) for each in one.reached]
        found["missed"] = [{"what": each.what, "why": each.why.value} for each in one.missed]
        found["text"] = one.step.text
    return found


def task_view(task: Task) -> Json:
    """Return a task."""
    return {**asdict(task), "state": task.state.value}


def run_view(run: Run, *, whole: bool = False) -> Json:
    """Return a run as the screens show it."""
    return {
        "id": run.id, "plan": run.plan, "version": run.version, "level": run.level,
        "name": run.name, "login": run.login, "started_at": run.started_at,
        "state": run.state.value, "ended_at": run.ended_at, "incident_id": run.incident_id,
        "approvals": list(run.approvals), "approvals_needed": run.approvals_needed,
        "steps": [step_view(one, whole=whole) for one in run.steps.values()],
        "tasks": [task_view(task) for task in run.tasks.values()],
    }  # fmt: skip
