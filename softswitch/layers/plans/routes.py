"""HTTP of plans: their versions, dry runs, and the start."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from softswitch.access.model import Actor, Right
from softswitch.errors import invalid
from softswitch.layers.plans import store
from softswitch.layers.plans.build import Plans
from softswitch.layers.plans.model import Plan
from softswitch.layers.plans.reading import check, plan_of
from softswitch.layers.plans.run_routes import run_routes
from softswitch.layers.plans.service import Wanted, run_id_of
from softswitch.layers.plans.tree import Node, of_json, of_yaml
from softswitch.layers.plans.views import reach_view, run_view
from softswitch.layers.plans.writing import plain, to_yaml
from softswitch.web.guard import Guard

Json = dict[str, Any]
Key = Annotated[str, Field(min_length=1, max_length=32)]
Version = Annotated[int, Field(ge=1, le=1_000_000)]
RunId = Annotated[str, Field(pattern=r"^[a-f0-9]{1,32}$")]


class Body(BaseModel):
    """Nothing that is not known."""

    model_config = ConfigDict(extra="forbid")


class PlanText(Body):
    """A plan as YAML, or as the same in JSON (``plan``)."""

    yaml: str | None = Field(None, max_length=300_000)
    plan: dict[str, Any] | None = None


class NewVersion(PlanText):
    """A new version upon the one that was read; 0: there is none yet. ``run_id``: revised after that run."""

    base: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    remark: str = Field("", max_length=4_000)
    run_id: RunId | None = None


class Start(Body):
    """What to start. ``area`` is a polygon (GeoJSON), ``numbers`` whom the map chose inside it.

    ``key`` is chosen by the sender: a repeat with the same starts nothing else.
    """

    level: str = Field("", max_length=32)
    incident_id: str = Field("", pattern=r"^[a-f0-9]{0,32}$")
    area: dict[str, Any] | None = None
    numbers: list[str] = Field(default_factory=list, max_length=1_000)
    version: Version | None = None
    key: str = Field("", max_length=100)


class Enabled(Body):
    """Whether the plan can be started."""

    enabled: bool


def routes(plans: Plans, guard: Guard) -> APIRouter:
    """Return the routes of plans and their runs."""
    router = APIRouter(prefix="/api", tags=["plans"])
    router.include_router(run_routes(plans, guard))
    _reading(router, plans, guard)
    _writing(router, plans, guard)
    _starting(router, plans, guard)
    return router


def _reading(router: APIRouter, plans: Plans, guard: Guard) -> None:
    reader = Annotated[Actor, Depends(guard(Right.PLAN_READ))]
    service = plans.service

    @router.get("/plans")
    async def list_plans(_actor: reader) -> Json:
        """Return every plan in its present version."""
        found = await service.db.read(store.current)
        return {"plans": [_row(plan, row) for plan, row in found.values()]}

    @router.get("/plans/{key}")
    async def show_plan(key: Key, _actor: reader, version: Version | None = None) -> Json:
        """Return a plan with its versions."""
        plan, row = await service.db.read(store.one, key, version)
        versions = await service.db.read(store.history, key)
        return {**row, "plan": plain(plan), "yaml": to_yaml(plan), "versions": versions}

    @router.post("/plans/check")
    async def check_plan(body: PlanText, _actor: reader) -> Json:
        """Tell every problem of a plan with its line; nothing is stored."""
        plan, problems = check(_tree(body))
        listed = [{"line": p.line, "place": p.place, "message": p.message} for p in problems]
        good = plan is not None and not problems
        return {"ok": good, "problems": listed, "plan": plain(plan) if plan and good else None}


def _row(plan: Plan, row: Json) -> Json:
    levels = [
        {
            "id": level.id,
            "name": level.name,
            "approvals": level.approvals,
            "steps": len(level.steps),
        }
        for level in plan.levels
    ]
    trigger = plain(plan).get("trigger")
    return {**row, "levels": levels, "trigger": trigger, "note": plan.note}


def _writing(router: APIRouter, plans: Plans, guard: Guard) -> None:
    editor = Annotated[Actor, Depends(guard(Right.PLAN_EDIT))]
    service = plans.service

    @router.put("/plans/{key}")
    async def store_plan(key: Key, body: NewVersion, actor: editor) -> Json:
        """Store a new version; answer with whom its steps would miss now."""
        plan = plan_of(_tree(body))
        if plan.key != key:
            raise invalid("wrong_key", f"The plan is called {plan.key}, not {key}.", "Give the same.")  # fmt: skip
        run_id = body.run_id or ""
        version = await service.put(actor.login, plan, body.base, remark=body.remark, run_id=run_id)
        return {"key": key, "version": version, "missed": await _missed(plans, plan)}

    @router.put("/plans/{key}/enabled")
    async def enable_plan(key: Key, body: Enabled, actor: editor) -> Json:
        """Let a plan be started, or no longer."""
        await service.enable(actor.login, key, body.enabled)
        return {"key": key, "enabled": body.enabled}


async def _missed(plans: Plans, plan: Plan) -> list[Json]:
    """Return, for each level, who has left, which groups are empty, ...: told when it is written, not when it burns."""
    found = []
    for level in plan.levels:
        _, _, _, steps = await plans.service.dry_run(Wanted(plan.key, level.id))
        found += [{"level": level.id, **reach_view(step)} for step in steps if step.missed]
    return [{name: row[name] for name in ("level", "step", "missed")} for row in found]


def _tree(body: PlanText) -> Node:
    if (body.yaml is None) == (body.plan is None):
        raise invalid("bad_plan", "The plan is given twice, or not at all.", "Give yaml or plan.")  # fmt: skip
    return of_yaml(body.yaml) if body.yaml is not None else of_json(body.plan)


def _starting(router: APIRouter, plans: Plans, guard: Guard) -> None:
    reader = Annotated[Actor, Depends(guard(Right.PLAN_READ))]
    starter = Annotated[Actor, Depends(guard(Right.PLAN_START))]
    service = plans.service

    @router.post("/plans/{key}/dry-run")
    async def dry_run(key: Key, body: Start, _actor: reader) -> Json:
        """Tell exactly whom each step would reach now; nobody is rung."""
        plan, level, version, steps = await service.dry_run(_wanted(key, body))
        return {
            "key": plan.key, "version": version, "level": level.id, "approvals": level.approvals,
            "steps": [reach_view(step) for step in steps],
            "people": len({one.number for step in steps for one in step.reached}),
        }  # fmt: skip

    @router.post("/plans/{key}/start", status_code=202)
    async def start_plan(key: Key, body: Start, actor: starter) -> Json:
        """Start a plan, or ask for the approvals that its level needs."""
        run_id = run_id_of(f"{actor.login} {body.key}") if body.key else None
        run = await service.start(actor.login, _wanted(key, body), run_id)
        return run_view(run, whole=True)


def _wanted(key: str, body: Start) -> Wanted:
    return Wanted(key, body.level, body.incident_id, body.area, body.numbers, body.version)
