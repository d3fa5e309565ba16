"""Plans: what people do with them and with their runs, on every entrance."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from softswitch import numbers
from softswitch.clock import Clock, now
from softswitch.errors import conflict, invalid, not_found
from softswitch.layers.plans import acts, run_store, store
from softswitch.layers.plans.lookup import Parts, area_text, look_up
from softswitch.layers.plans.model import Level, Plan, Step, expand
from softswitch.layers.plans.progress import Run, RunState, StepRun, StepState, TaskState
from softswitch.layers.plans.reach import StepReach, reach
from softswitch.layers.plans.runs import Runner, Screen, task_fact
from softswitch.store.database import Database

MOST_EXTRA = 1_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be started. ``area`` is GeoJSON, ``numbers`` stand for it where the map chose them already."""

    plan: str
    level: str = ""
    incident_id: str = ""
    area: Mapping[str, Any] | None = None
    numbers: Sequence[str] = ()
    version: int | None = None


class PlanService:
    """Plans in versions, dry runs, runs."""

    def __init__(self, db: Database, screen: Screen, parts: Parts, *, clock: Clock = now) -> None:
        self.db = db
        self.parts = parts
        self.clock = clock
        self.runner = Runner(db, screen, parts, clock=clock)

    # ---- plans

    async def put(
        self, login: str, plan: Plan, base: int, *, remark: str = "", run_id: str = ""
    ) -> int:
        """Store a new version upon ``base``; ``run_id``: it was revised after that run."""
        text = numbers.plain_text(remark, "remark", 2_000)
        if run_id:
            await self.run(run_id)
        at = self.clock()
        return await self.db.write(store.put, login, plan, base, at, remark=text, run_id=run_id)

    async def enable(self, login: str, key: str, on: bool) -> None:
        """Let a plan be started, or no longer."""
        if not await self.db.write(store.enable, login, key, on, self.clock()):
            raise not_found("plan", key, "Look with `softswitch plan list`.")

    # ---- before and at the start

    async def dry_run(self, wanted: Wanted) -> tuple[Plan, Level, int, list[StepReach]]:
        """Return exactly whom each step would reach now; nothing is rung and nothing is written."""
        plan, level, version, steps = await self._steps(wanted)
        world = await look_up(self.parts, steps, area_text(wanted.area), _extra(wanted.numbers))
        return plan, level, version, [reach(step, world) for step in steps]

    async def start(self, login: str, wanted: Wanted, run_id: str | None = None) -> Run:
        """Start a plan, or ask for the approvals that its level needs.

        A ``run_id`` that the sender chose makes a repeat harmless.
        """
        plan, level, version, steps = await self._steps(wanted)
        made = run_id or secrets.token_hex(8)
        running = self.runner.runs.get(made)
        if running is not None:
            return running
        run = Run(
            made, plan.key, version, level.id, plan.name, login, self.clock(), level.approvals,
            wanted.incident_id, area_text(wanted.area), _extra(wanted.numbers),
            RunState.WAITING if level.approvals else RunState.RUNNING,
            steps={step.id: StepRun(step) for step in steps},
        )  # fmt: skip
        if not await self.db.write(run_store.add, run):
            return await self.run(made)
        self.runner.take(run)
        return run

    async def _steps(self, wanted: Wanted) -> tuple[Plan, Level, int, list[Step]]:
        plan, row = await self.db.read(store.one, wanted.plan, wanted.version)
        if not row["enabled"]:
            raise conflict("plan_disabled", f"Plan {plan.key} is disabled.", "Enable it first.")
        level = plan.level(wanted.level)
        if level is None:
            known = ", ".join(each.id for each in plan.levels)
            raise not_found("level", numbers.quoted(wanted.level), f"Plan {plan.key} has {known}.")
        others = {key: each for key, (each, _) in (await self.db.read(store.current)).items()}
        return plan, level, row["version"], list(expand(plan, level, others).steps)

    # ---- runs

    async def run(self, run_id: str) -> Run:
        """Return a run, or refuse."""
        found = self.runner.runs.get(run_id) or await self.db.read(run_store.one, run_id)
        if found is None:
            raise not_found("plan run", run_id, "Look with `softswitch plan runs`.")
        return found

    def _open(self, run: Run) -> Run:
        if run.id not in self.runner.runs:
            raise conflict(
                "run_over", f"Run {run.id} is over ({run.state.value}).", "Start it anew."
            )
        return run

    async def approve(self, login: str, run_id: str) -> Run:
        """Agree to a run that waits; the last approval that it needs lets it begin."""
        run = self._open(await self.run(run_id))
        if run.state is not RunState.WAITING:
            raise conflict("not_waiting", f"Run {run.id} waits for nobody.", "Look at its steps.")
        if login == run.login:
            raise conflict("own_approval", "Who starts a plan cannot approve it.", "Ask another.")
        if login in run.approvals:
            raise conflict("approved_already", f"{login} approved it already.", "Ask another.")
        before = run.state, run.approvals
        run.approvals = (*run.approvals, login)
        if len(run.approvals) >= run.approvals_needed:
            run.state = RunState.RUNNING
        try:
            await self.db.write(run_store.approve, run, login, self.clock())
        except BaseException:
            run.state, run.approvals = before
            raise
        self.runner.wake(run)
        return run

    async def abort(self, login: str, run_id: str) -> Run:
        """Begin nothing else and ring nobody else; who talks goes on talking."""
        run = self._open(await self.run(run_id))
        at = self.clock()
        before = run.state
        run.state, run.ended_at = RunState.ABORTED, at
        waiting = [one for one in run.steps.values() if one.state is StepState.WAITING]
        tasks = [t for t in run.tasks.values() if t.state in (TaskState.OPEN, TaskState.ESCALATED)]
        kept = [(task, task.state) for task in tasks]
        for one in waiting:
            one.state, one.ended_at = StepState.SKIPPED, at
        for task in tasks:
            task.state, task.done_at = TaskState.CANCELLED, at
        facts = [task_fact(run, task, at) for task in tasks]
        try:
            await self.db.write(run_store.end, run, login, waiting, facts)
        except BaseException:
            run.state, run.ended_at = before, None
            for one in waiting:
                one.state, one.ended_at = StepState.WAITING, None
            for task, state in kept:
                task.state, task.done_at = state, None
            raise
        await self.runner.settle(run)
        await acts.stop(self.parts, run)
        return run

    async def task_done(self, login: str, run_id: str, task_id: str) -> Run:
        """Note that a task is done."""
        run = self._open(await self.run(run_id))
        task = run.tasks.get(task_id)
        if task is None:
            raise not_found("plan task", task_id, "Look at the run.")
        if task.state in (TaskState.DONE, TaskState.CANCELLED):
            raise conflict(
                "task_over", f"The task is over ({task.state.value}).", "Look at the run."
            )
        before, at = task.state, self.clock()
        task.state, task.done_at, task.done_by = TaskState.DONE, at, login
        try:
            await self.db.write(run_store.end_task, task, login, task_fact(run, task, at), at)
        except BaseException:
            task.state, task.done_at, task.done_by = before, None, ""
            raise
        self.runner.wake(run)
        return run


def _extra(given: Sequence[str]) -> tuple[str, ...]:
    if len(given) > MOST_EXTRA:
        raise invalid(
            "too_many", f"{len(given)} numbers are too many.", f"Give up to {MOST_EXTRA}."
        )
    return tuple(dict.fromkeys(str(numbers.phone_number(each, "numbers")) for each in given))


def run_id_of(key: str) -> str:
    """Return the id of a run from a key that the sender chose, such as an Idempotency-Key."""
    return hashlib.sha256(f"run {key}".encode()).hexdigest()[:16]
