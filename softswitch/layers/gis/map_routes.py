"""HTTP of imported maps, of what stands in view, and of the places of numbers and addresses."""

import asyncio
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from shapely import box

from softswitch.access.model import Actor, Right
from softswitch.layers.gis import store
from softswitch.layers.gis.area import Polygon
from softswitch.layers.gis.build import Gis
from softswitch.layers.gis.model import Coordinates, Kind
from softswitch.layers.gis.points_csv import export_points, import_points
from softswitch.web.csv_http import csv_response
from softswitch.web.guard import Guard

Json = dict[str, Any]
Lon = Annotated[float, Query(ge=-180, le=180)]
Lat = Annotated[float, Query(ge=-90, le=90)]


def map_routes(gis: Gis, guard: Guard) -> APIRouter:
    """Return the routes of imported maps and of the view."""
    router = APIRouter()
    reader = Annotated[Actor, Depends(guard(Right.MAP_READ))]
    editor = Annotated[Actor, Depends(guard(Right.MAP_EDIT))]

    @router.get("/maps")
    async def list_maps(_actor: reader) -> Json:
        return {"maps": await gis.maps.all()}

    @router.post("/maps/upload")
    async def upload(
        request: Request,
        actor: editor,
        name: str,
        note: str = "",
        coordinates: Coordinates = Coordinates.WGS84,
    ) -> Json:
        return await gis.maps.load(actor.login, name, note, coordinates, request.stream())

    @router.delete("/maps/{map_id}", status_code=204)
    async def remove(map_id: str, actor: editor) -> None:
        await gis.maps.remove(actor.login, map_id)

    @router.get("/maps/{map_id}/features")
    async def features(
        map_id: str,
        _actor: reader,
        west: Lon = -180,
        south: Lat = -90,
        east: Lon = 180,
        north: Lat = 90,
    ) -> Response:
        content = await gis.maps.features(map_id, (west, south, east, north))
        return Response(content, media_type="application/geo+json")

    @router.get("/things")
    async def things(
        _actor: reader,
        west: Lon = -180,
        south: Lat = -90,
        east: Lon = 180,
        north: Lat = 90,
        kinds: str = "",
        limit: Annotated[int, Query(ge=1, le=1000)] = 1000,
    ) -> Json:
        wanted = [kind for kind in Kind if kind.value in kinds.split(",")] if kinds else list(Kind)
        shown = [kind for kind in wanted if kind is not Kind.NUMBER]
        return await gis.service.inside(Polygon(box(west, south, east, north)), shown, limit)

    return router


def point_routes(gis: Gis, guard: Guard) -> APIRouter:
    """Return the routes of the places of numbers and addresses."""
    router = APIRouter()
    reader = Annotated[Actor, Depends(guard(Right.REGISTRY_READ))]
    editor = Annotated[Actor, Depends(guard(Right.REGISTRY_EDIT))]

    @router.get("/points")
    async def list_points(
        _actor: reader, after: str = "", limit: Annotated[int, Query(ge=1, le=1000)] = 100
    ) -> Json:
        return {"points": await gis.db.read(store.point_page, after, limit)}

    @router.get("/points/export.csv")
    async def export(_actor: reader) -> Response:
        return csv_response(await gis.db.read(export_points), "points.csv")

    @router.post("/points/import")
    async def import_csv(request: Request, actor: editor, dry_run: bool = False) -> Response:
        data = await request.body()
        report = await import_points(gis.db, gis.asks.canonical, actor.login, data, dry_run=dry_run)
        if not dry_run:
            await gis.service.points_changed()
        body = await asyncio.to_thread(lambda: orjson.dumps(report.as_json()))
        return Response(body, media_type="application/json")

    return router
