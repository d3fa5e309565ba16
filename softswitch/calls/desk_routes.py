"""HTTP of desks and call-back tasks."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from softswitch import numbers
from softswitch.access import audit
from softswitch.access.model import Actor, Right
from softswitch.calls import task_store
from softswitch.calls.acting import acting_desk
from softswitch.calls.center import CallCenter
from softswitch.calls.intake import Duty
from softswitch.calls.routes import Acting
from softswitch.calls.views import task_view
from softswitch.errors import conflict
from softswitch.store.database import Database
from softswitch.web.guard import Guard

Json = dict[str, Any]
TaskId = Annotated[str, Field(pattern=r"^[a-f0-9]{1,64}$")]

BrowserPhone = Callable[[str], Json | None]
"""The account of the browser phone of an extension, as the console needs it."""


class Seating(BaseModel):
    """Which desk, and whether it takes calls; no desk: leave."""

    model_config = ConfigDict(extra="forbid")
    extension: str | None = None
    duty: Duty = Duty.READY


class Closing(BaseModel):
    """Why a task is closed."""

    model_config = ConfigDict(extra="forbid")
    reason: str


def desk_routes(
    center: CallCenter, db: Database, guard: Guard, browser_phone: BrowserPhone
) -> APIRouter:
    """Return the routes of the own desk."""
    router = APIRouter(prefix="/api/me", tags=["desk"])
    sitter = Annotated[Actor, Depends(guard(Right.DESK_SEAT))]

    @router.put("/desk")
    async def sit(body: Seating, actor: sitter) -> Json:
        if body.extension is None:
            center.desks.leave(actor.login)
        else:
            extension = numbers.extension(numbers.bare(body.extension), "extension")
            center.desks.sit(actor.login, extension, body.duty)
        desk = center.desks.seat_of(actor.login)
        await db.write(
            audit.append, actor.login, "desk.seat", desk or "", {"duty": body.duty.value}
        )
        return {"desk": desk, "duty": body.duty.value if desk else None}

    @router.get("/phone")
    async def phone(actor: sitter) -> Json:
        desk = acting_desk(actor, None, center.desks, center.book)
        account = browser_phone(desk)
        if account is None:
            raise conflict(
                "no_browser_phone",
                f"Desk {desk} has no browser phone.",
                f"Add one: softswitch phone add --extension {desk} --kind browser.",
            )
        return account

    return router


def task_routes(center: CallCenter, db: Database, guard: Guard) -> APIRouter:
    """Return the routes of call-back tasks."""
    router = APIRouter(prefix="/api/tasks", tags=["tasks"])
    reader = Annotated[Actor, Depends(guard(Right.TASK_READ))]
    worker = Annotated[Actor, Depends(guard(Right.TASK_WORK))]

    @router.get("")
    async def list_tasks(
        _actor: reader, closed: bool = False, limit: Annotated[int, Query(ge=1, le=1000)] = 100
    ) -> Json:
        if closed:
            rows = await db.read(task_store.recent_tasks, limit)
        else:
            rows = list(center.tasks.open.values())[:limit]
        return {
            "tasks": [
                task_view(row, center.book, await center.book.who(row["number"])) for row in rows
            ]
        }

    @router.post("/{task_id}/call")
    async def call_back(task_id: TaskId, body: Acting, actor: worker) -> Json:
        desk = acting_desk(actor, body.desk, center.desks, center.book)
        call_id = await center.tasks.call(desk, actor.login, task_id)
        await db.write(audit.append, actor.login, "task.call", task_id, {"desk": desk})
        return {"task_id": task_id, "call_id": call_id}

    @router.post("/{task_id}/close")
    async def close(task_id: TaskId, body: Closing, actor: worker) -> Json:
        reason = numbers.plain_text(body.reason, "reason")
        await center.tasks.close(actor.login, task_id, reason)
        return {"task_id": task_id, "reason": reason}

    return router
