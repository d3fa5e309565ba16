"""Carries out plans. A step is written before it is done, and confirmed after it.

The process may die between any two lines: a step that is ``doing`` is done again after the start, with the list that
was written and under ids made of run and step, so that nobody is rung twice for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import Any, Protocol

from softswitch.clock import Clock, Millis, now
from softswitch.errors import Refusal
from softswitch.events import Fact
from softswitch.layers.plans import acts, run_store
from softswitch.layers.plans.events import PlanPublished, PlanStepChanged, PlanTaskChanged
from softswitch.layers.plans.lookup import Parts, look_up
from softswitch.layers.plans.model import Kind, act_id
from softswitch.layers.plans.progress import (
    Run,
    RunState,
    StepRun,
    StepState,
    Task,
    TaskState,
    interrupted,
    is_over,
    next_deadline,
    overdue_steps,
    overdue_tasks,
    ready,
)
from softswitch.layers.plans.reach import StepReach, Trouble, reach
from softswitch.layers.plans.views import run_view
from softswitch.store.database import Database

log = logging.getLogger(__name__)

ENTITY = "plan_run"
RETRY_SECONDS = 0.5
LONGEST_SLEEP = 5.0


class Screen(Protocol):
    """Where views are shown (the live hub)."""

    def put(self, entity: str, id: str, value: dict[str, Any]) -> None: ...  # noqa: A002
    def drop(self, entity: str, id: str) -> None: ...  # noqa: A002


class Runner:
    """The runs that are not over, each with a task of its own."""

    def __init__(self, db: Database, screen: Screen, parts: Parts, *, clock: Clock = now) -> None:
        self.db = db
        self.parts = parts
        self.clock = clock
        self.runs: dict[str, Run] = {}
        self._screen = screen
        self._wakes: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    # ---- life

    async def load(self) -> None:
        """Take up what was not over."""
        for run in await self.db.read(run_store.open_runs):
            self.take(run)

    async def stop(self) -> None:
        """Let go of all runs; they go on at the next start."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()

    def take(self, run: Run) -> None:
        """Begin to carry out a run that is written."""
        self.runs[run.id] = run
        self._wakes[run.id] = asyncio.Event()
        self.show(run)
        self._tasks[run.id] = asyncio.create_task(self._drive(run), name=f"plan {run.plan}")

    def wake(self, run: Run) -> None:
        """Look at a run anew: somebody changed it."""
        self.show(run)
        if run.id in self._wakes:
            self._wakes[run.id].set()

    def show(self, run: Run) -> None:
        """Show a run that is not over."""
        if run.id in self.runs:
            self._screen.put(ENTITY, run.id, run_view(run))

    def forget(self, run: Run) -> None:
        """A run is over."""
        self.runs.pop(run.id, None)
        self._wakes.pop(run.id, None)
        self._tasks.pop(run.id, None)
        self._screen.drop(ENTITY, run.id)

    async def settle(self, run: Run) -> None:
        """A run was aborted: let what is being done at this moment come to its end, then forget it."""
        task, wake = self._tasks.get(run.id), self._wakes.get(run.id)
        if wake is not None:
            wake.set()
        if task is not None:
            await asyncio.wait({task})
        self.forget(run)

    # ---- carrying out

    async def _drive(self, run: Run) -> None:
        wake = self._wakes[run.id]
        repeated = False
        while run.id in self.runs and run.state is not RunState.ABORTED:
            wake.clear()
            pause = LONGEST_SLEEP
            try:
                if run.state is RunState.RUNNING:
                    if not repeated:
                        await self._repeat(run)
                        repeated = True
                    if await self._go_on(run):
                        continue
                pause = self._pause(run)
            except Refusal as refusal:
                log.warning("plan %s waits: %s", run.name, refusal)
                pause = RETRY_SECONDS
            # Not wait_for: in Python 3.11 that swallows being cancelled in the moment of the wake-up.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await wake.wait()

    def _pause(self, run: Run) -> float:
        at = next_deadline(run)
        if any(one.state is StepState.DOING for one in run.steps.values()):
            return RETRY_SECONDS
        wait = LONGEST_SLEEP if at is None else (at - self.clock()) / 1000
        return min(LONGEST_SLEEP, max(0.02, wait))

    async def _repeat(self, run: Run) -> None:
        """What was written before a crash and may not have been done: an escalation is an act too."""
        for task in [t for t in run.tasks.values() if t.state is TaskState.ESCALATED]:
            await self._tell_deputy(run, task)

    async def _go_on(self, run: Run) -> bool:
        """Do what is due now; tell whether anything was."""
        fresh = ready(run.steps)
        if fresh:
            await self._begin(run, fresh)
        doing = interrupted(run.steps.values())
        if doing and run.state is RunState.RUNNING:
            await asyncio.gather(*(self._do(run, one) for one in doing))
        if run.state is not RunState.RUNNING:
            return False
        late = await self._deadlines(run)
        if is_over(run):
            await self._end(run)
        return bool(fresh) or late

    async def _begin(self, run: Run, fresh: Sequence[StepRun]) -> None:
        """Write whom each step will reach, and that it begins: the intent."""
        world = await look_up(self.parts, [one.step for one in fresh], run.area, run.extra)
        at, facts, given = self.clock(), list[Fact](), list[Task]()
        for one in fresh:
            self._plan_step(run, one, reach(one.step, world), at, given)
            facts.append(_fact(run, one, at))
            if one.step.kind is Kind.PUBLISH:
                text, language = one.step.text, one.step.language
                facts.append(
                    PlanPublished(run.id, at, one.step.id, text, language, run.incident_id)
                )
        facts += [task_fact(run, task, at) for task in given]
        try:
            await self.db.write(run_store.put_steps, run.id, fresh, facts, given, at)
        except BaseException:
            for one in fresh:
                one.state = StepState.WAITING
            raise
        run.tasks |= {task.id: task for task in given}
        self.show(run)

    def _plan_step(
        self, run: Run, one: StepRun, found: StepReach, at: Millis, given: list[Task]
    ) -> None:
        one.reached, one.missed, one.began_at = found.reached, found.missed, at
        one.state, one.why = _first_state(one, found)
        if one.state is not StepState.DOING:
            one.ended_at = at
        elif one.step.kind is Kind.TASK:
            due = at + one.step.deadline if one.step.deadline is not None else None
            given += [
                Task(
                    act_id(run.id, one.step.id, each.number), run.id, one.step.id, one.step.text,
                    each.number, each.name, each.deputy, due,
                )
                for each in found.reached
            ]  # fmt: skip

    async def _do(self, run: Run, one: StepRun) -> None:
        try:
            one.ref = await acts.act(self.parts, run, one)
            one.state = StepState.DONE
        except Refusal as refusal:
            if acts.is_passing(refusal):
                log.warning("plan %s, step %s waits: %s", run.name, one.step.id, refusal)
                return
            one.state, one.why = StepState.FAILED, refusal.code
        at = self.clock()
        one.ended_at = at
        await self.db.write_surely(
            run_store.put_steps, run.id, [one], [_fact(run, one, at)], [], at
        )
        self.wake(run)

    # ---- deadlines

    async def _deadlines(self, run: Run) -> bool:
        at = self.clock()
        late = overdue_tasks(run.tasks.values(), at)
        for task in late:
            task.state = TaskState.ESCALATED
            facts = [task_fact(run, task, at)]
            await self.db.write_surely(run_store.put_steps, run.id, [], facts, [task], at)
            self.show(run)
            await self._tell_deputy(run, task)
        steps = overdue_steps(run.steps.values(), at)
        for one in steps:
            if one.step.kind is Kind.NOTIFY and one.ref:
                await acts.tell_deputies(self.parts, run, one)
            one.escalated = True
            await self.db.write_surely(
                run_store.put_steps, run.id, [one], [_fact(run, one, at)], [], at
            )
            self.show(run)
        return bool(late or steps)

    async def _tell_deputy(self, run: Run, task: Task) -> None:
        try:
            await acts.tell_deputy(self.parts, run, task)
        except Refusal as refusal:
            log.warning("plan %s: the deputy of %s is not told: %s", run.name, task.name, refusal)

    # ---- the end

    async def _end(self, run: Run) -> None:
        run.state, run.ended_at = RunState.DONE, self.clock()
        await self.db.write_surely(run_store.end, run, "", [], [])
        self.forget(run)


def _first_state(one: StepRun, found: StepReach) -> tuple[StepState, str]:
    """Return how a step begins: with nobody to reach it has failed, and the others go on."""
    if not found.available:
        return StepState.UNAVAILABLE, found.missed[-1].why.value
    if one.step.kind is Kind.PLAN:
        return StepState.FAILED, Trouble.NO_PLAN.value
    if not found.reached and one.step.kind is not Kind.PUBLISH:
        return StepState.FAILED, Trouble.NOBODY.value
    return StepState.DOING, ""


def _fact(run: Run, one: StepRun, at: Millis) -> Fact:
    return PlanStepChanged(
        run.id, at, one.step.id, one.state.value, len(one.reached), len(one.missed), one.ref,
        one.why, run.incident_id,
    )  # fmt: skip


def task_fact(run: Run, task: Task, at: Millis) -> Fact:
    """Return the fact of a task as it is now."""
    return PlanTaskChanged(
        run.id, at, task.id, task.state.value, task.number, task.name, task.done_by, run.incident_id
    )
