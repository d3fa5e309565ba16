"""CSV of the address book and of rosters over HTTP."""

import asyncio
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response

from softswitch.access.model import Actor, Right
from softswitch.csvio import Report
from softswitch.layers.duty.bodies import Instant
from softswitch.layers.duty.build import Duty
from softswitch.web.csv_http import csv_response
from softswitch.web.guard import Guard

DAY = 86_400_000


def file_routes(duty: Duty, guard: Guard) -> APIRouter:
    """Return the routes of import and export."""
    router = APIRouter()
    reader = Annotated[Actor, Depends(guard(Right.DUTY_READ))]
    editor = Annotated[Actor, Depends(guard(Right.DUTY_EDIT))]
    changes = duty.changes

    @router.post("/people/import")
    async def import_people(request: Request, actor: editor, dry_run: bool = False) -> Response:
        data = await request.body()
        return await _answer(await changes.import_people(actor.login, data, dry_run=dry_run))

    @router.post("/shifts/import")
    async def import_shifts(request: Request, actor: editor, dry_run: bool = False) -> Response:
        data = await request.body()
        return await _answer(await changes.import_shifts(actor.login, data, dry_run=dry_run))

    @router.get("/people/export.csv")
    async def export_people(_actor: reader) -> Response:
        return csv_response(await changes.export_people(), "duty-people.csv")

    @router.get("/shifts/export.csv")
    async def export_shifts(
        _actor: reader,
        begin: Instant | None = None,
        days: Annotated[int, Query(ge=1, le=366)] = 62,
    ) -> Response:
        start = duty.service.clock() - DAY if begin is None else begin
        content = await changes.export_shifts(start, start + days * DAY)
        return csv_response(content, "duty-shifts.csv")

    return router


async def _answer(report: Report) -> Response:
    """A report of 100,000 rows is encoded beside the event loop, not on it."""
    body = await asyncio.to_thread(lambda: orjson.dumps(report.as_json()))
    return Response(body, media_type="application/json")
