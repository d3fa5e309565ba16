"""A run of a plan as pure decisions: which steps begin now, whose deadline is over, when it is done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from softswitch.clock import Millis
from softswitch.layers.plans.model import Step
from softswitch.layers.plans.reach import Missed, Reached


class RunState(StrEnum):
    """How far a run has come."""

    WAITING = "waiting"  # for approvals
    RUNNING = "running"
    DONE = "done"
    ABORTED = "aborted"


class StepState(StrEnum):
    """How far a step has come."""

    WAITING = "waiting"
    DOING = "doing"  # written before the act: after a crash it is repeated, under the same ids
    DONE = "done"
    FAILED = "failed"
    UNAVAILABLE = "unavailable"  # the part of the system that it needs is not there
    SKIPPED = "skipped"  # the run was aborted


ENDED = frozenset({StepState.DONE, StepState.FAILED, StepState.UNAVAILABLE, StepState.SKIPPED})
OVER = frozenset({RunState.DONE, RunState.ABORTED})


@dataclass(slots=True)
class StepRun:
    """A step that is being carried out. ``ref``: the room, notification or message that it made."""

    step: Step
    state: StepState = StepState.WAITING
    reached: tuple[Reached, ...] = ()
    missed: tuple[Missed, ...] = ()
    began_at: Millis | None = None
    ended_at: Millis | None = None
    ref: str = ""
    why: str = ""
    escalated: bool = False

    def due_at(self) -> Millis | None:
        """Return when its deadline is over; None without one, or before it began."""
        if self.step.deadline is None or self.began_at is None:
            return None
        return self.began_at + self.step.deadline


class TaskState(StrEnum):
    """Whether somebody did what he was asked for."""

    OPEN = "open"
    ESCALATED = "escalated"  # the deadline is over, the deputy was told
    DONE = "done"
    CANCELLED = "cancelled"


@dataclass(slots=True)
class Task:
    """Something that one person has to do until ``due_at``."""

    id: str
    run_id: str
    step_id: str
    text: str
    number: str
    name: str
    deputy: str
    due_at: Millis | None
    state: TaskState = TaskState.OPEN
    done_at: Millis | None = None
    done_by: str = ""


@dataclass(slots=True)
class Run:
    """A plan that was started, in the version that it had then."""

    id: str
    plan: str
    version: int
    level: str
    name: str
    login: str
    started_at: Millis
    approvals_needed: int = 0
    incident_id: str = ""
    area: str = ""
    extra: tuple[str, ...] = ()
    state: RunState = RunState.RUNNING
    approvals: tuple[str, ...] = ()
    ended_at: Millis | None = None
    steps: dict[str, StepRun] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)


def ready(steps: Mapping[str, StepRun]) -> list[StepRun]:
    """Return the steps that begin now: all that they wait for has ended, however it ended."""
    return [
        one
        for one in steps.values()
        if one.state is StepState.WAITING
        and all(name not in steps or steps[name].state in ENDED for name in one.step.after)
    ]


def interrupted(steps: Iterable[StepRun]) -> list[StepRun]:
    """Return the steps that were being done when the process died."""
    return [one for one in steps if one.state is StepState.DOING]


def overdue_tasks(tasks: Iterable[Task], at: Millis) -> list[Task]:
    """Return the tasks whose deadline is over and whose deputy was not told yet."""
    return [
        task
        for task in tasks
        if task.state is TaskState.OPEN and task.due_at is not None and task.due_at <= at
    ]


def overdue_steps(steps: Iterable[StepRun], at: Millis) -> list[StepRun]:
    """Return the steps with a deadline that is over, which were not looked at for it yet."""
    return [
        one
        for one in steps
        if not one.escalated
        and one.state in {StepState.DOING, StepState.DONE}
        and (due := one.due_at()) is not None
        and due <= at
    ]


def next_deadline(run: Run) -> Millis | None:
    """Return the next instant at which something is due; None when nothing is."""
    times = [task.due_at for task in run.tasks.values() if task.state is TaskState.OPEN]
    times += [one.due_at() for one in run.steps.values() if not one.escalated]
    return min((at for at in times if at is not None), default=None)


def is_over(run: Run) -> bool:
    """Tell whether nothing is left to be done: all steps have ended, no task is open, no deadline runs."""
    return (
        all(one.state in ENDED for one in run.steps.values())
        and all(task.state in {TaskState.DONE, TaskState.CANCELLED} for task in run.tasks.values())
        and all(one.escalated or one.due_at() is None for one in run.steps.values() if one.state is StepState.DONE)
    )  # fmt: skip
