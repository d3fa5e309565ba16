"""HTTP of the runs of plans: progress, approval, tasks, abort."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from softswitch.access.model import Actor, Right
from softswitch.clock import LATEST
from softswitch.layers.plans import run_store
from softswitch.layers.plans.build import Plans
from softswitch.layers.plans.views import run_view
from softswitch.web.guard import Guard

Json = dict[str, Any]
RunId = Annotated[str, Field(pattern=r"^[a-f0-9]{1,32}$")]


class Nothing(BaseModel):
    """An empty body."""

    model_config = ConfigDict(extra="forbid")


def run_routes(plans: Plans, guard: Guard) -> APIRouter:
    """Return the routes of runs."""
    router = APIRouter()
    reader = Annotated[Actor, Depends(guard(Right.PLAN_READ))]
    starter = Annotated[Actor, Depends(guard(Right.PLAN_START))]
    approver = Annotated[Actor, Depends(guard(Right.PLAN_APPROVE))]
    service = plans.service

    @router.get("/plan-runs")
    async def list_runs(
        _actor: reader,
        plan: str | None = None,
        incident: str | None = None,
        before: Annotated[int | None, Query(ge=0, le=LATEST)] = None,
        before_id: Annotated[str, Query(max_length=32)] = "",
        limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    ) -> Json:
        """Return runs, the newest first; ``before`` and ``before_id`` are the last of the page before."""
        found = await service.db.read(
            run_store.page, limit=limit, before=before, before_id=before_id, plan=plan,
            incident=incident,
        )  # fmt: skip
        return {"runs": found}

    @router.get("/plan-runs/{run_id}")
    async def show_run(run_id: RunId, _actor: reader) -> Json:
        """Return a run with everybody whom its steps reach."""
        return run_view(await service.run(run_id), whole=True)

    @router.post("/plan-runs/{run_id}/approve")
    async def approve_run(run_id: RunId, _body: Nothing, actor: approver) -> Json:
        """Agree to a run that waits."""
        return run_view(await service.approve(actor.login, run_id))

    @router.post("/plan-runs/{run_id}/abort")
    async def abort_run(run_id: RunId, _body: Nothing, actor: starter) -> Json:
        """Begin nothing else and ring nobody else."""
        return run_view(await service.abort(actor.login, run_id))

    @router.post("/plan-runs/{run_id}/tasks/{task_id}/done")
    async def finish_task(run_id: RunId, task_id: RunId, _body: Nothing, actor: starter) -> Json:
        """Note that a task is done."""
        return run_view(await service.task_done(actor.login, run_id, task_id))

    return router
