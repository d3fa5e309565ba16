"""HTTP of resources."""

import asyncio
from codecs import BOM_UTF8
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from softswitch.access.model import Actor, Right
from softswitch.clock import LATEST, Millis
from softswitch.layers.resources.files import export_csv, export_geojson, import_file
from softswitch.layers.resources.model import Kind, Status
from softswitch.layers.resources.service import ResourceService
from softswitch.layers.resources.store import Wanted
from softswitch.web.csv_http import csv_response
from softswitch.web.guard import Guard
from softswitch.web.json_body import is_json
from softswitch.web.places import Offset

Json = dict[str, Any]
Degrees = Annotated[float, Field(allow_inf_nan=False)]


class Edit(BaseModel):
    """What to change; what is not given stays. With ``version`` only when nobody was quicker."""

    model_config = ConfigDict(extra="forbid")
    version: Annotated[int, Field(ge=1, le=2**31)] | None = None
    kind: Kind | None = None
    name: str | None = Field(None, max_length=200)
    numbers: list[str] | None = Field(None, max_length=20)
    lon: Degrees | None = None
    lat: Degrees | None = None
    address: str | None = Field(None, max_length=400)
    status: Status | None = None
    rested_at: Annotated[Millis, Field(ge=0, le=LATEST)] | None = None
    team: str | None = Field(None, max_length=100)
    amount: str | None = Field(None, max_length=100)
    note: str | None = Field(None, max_length=2_000)


class New(Edit):
    """A new resource."""

    code: str = Field(max_length=100)
    kind: Kind


def routes(service: ResourceService, guard: Guard) -> APIRouter:
    """Return the routes of resources."""
    router = APIRouter(prefix="/api/resources", tags=["resources"])
    reader = Annotated[Actor, Depends(guard(Right.RESOURCE_READ))]
    editor = Annotated[Actor, Depends(guard(Right.RESOURCE_EDIT))]

    @router.get("")
    async def find(
        _actor: reader,
        kind: Kind | None = None,
        status: Status | None = None,
        team: str | None = None,
        query: str = "",
        after: str = "",
        offset: Offset = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Json:
        """List resources in order of code; with ``offset`` from that place on, with the ``count`` of the whole list."""
        wanted = Wanted(kind, status, team, query)
        if offset is None:
            return {"resources": await service.page(wanted, after, limit)}
        found, count = await service.part(wanted, offset, limit)
        return {"resources": found, "count": count}

    @router.post("", status_code=201)
    async def add(body: New, actor: editor) -> Json:
        return await service.add(actor, body.model_dump(exclude={"version"}))

    @router.get("/export.csv")
    async def export_as_csv(_actor: reader) -> Response:
        return csv_response(await service.db.read(export_csv), "resources.csv")

    @router.get("/export.geojson")
    async def export_as_geojson(_actor: reader) -> Response:
        headers = {"Content-Disposition": 'attachment; filename="resources.geojson"'}
        content = await service.db.read(export_geojson)
        return Response(content, media_type="application/geo+json", headers=headers)

    @router.post("/import")
    async def import_any(request: Request, actor: editor, dry_run: bool = False) -> Response:
        data = await request.body()
        looks = data.removeprefix(BOM_UTF8).lstrip().startswith(b"{")
        geojson = is_json(request.headers.get("content-type", "")) or looks
        report = await import_file(service, actor.login, data, geojson=geojson, dry_run=dry_run)
        body = await asyncio.to_thread(lambda: orjson.dumps(report.as_json()))
        return Response(body, media_type="application/json")

    @router.get("/{code}")
    async def show(code: str, _actor: reader) -> Json:
        return await service.get(code)

    @router.patch("/{code}")
    async def change(code: str, body: Edit, actor: editor) -> Json:
        fields = body.model_dump(exclude_unset=True, exclude={"version"})
        return await service.change(actor, code, body.version, fields)

    @router.delete("/{code}", status_code=204)
    async def remove(code: str, actor: editor) -> None:
        await service.remove(actor, code)

    return router
