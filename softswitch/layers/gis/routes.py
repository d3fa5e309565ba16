"""HTTP of the map."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from softswitch import numbers
from softswitch.access.model import Actor, Right
from softswitch.clock import LATEST, Millis, now
from softswitch.layers.gis.board import Wanted
from softswitch.layers.gis.bodies import ByHand, Inside, Message, Nearest, Positions, UnitId
from softswitch.layers.gis.build import Gis
from softswitch.layers.gis.map_routes import map_routes, point_routes
from softswitch.layers.gis.model import point, uncertainty
from softswitch.layers.gis.service import thing_view
from softswitch.web.guard import Guard

Json = dict[str, Any]
Instant = Annotated[Millis, Query(ge=0, le=LATEST)]


def routes(gis: Gis, guard: Guard) -> APIRouter:
    """Return the routes of the map."""
    router = APIRouter(prefix="/api/map", tags=["map"])
    router.include_router(_area_routes(gis, guard))
    router.include_router(_caller_routes(gis, guard))
    router.include_router(_unit_routes(gis, guard))
    router.include_router(map_routes(gis, guard))
    router.include_router(point_routes(gis, guard))
    return router


def _area_routes(gis: Gis, guard: Guard) -> APIRouter:
    router = APIRouter()
    reader = Annotated[Actor, Depends(guard(Right.MAP_READ))]
    sender = Annotated[Actor, Depends(guard(Right.SMS_SEND))]

    @router.get("/settings")
    async def settings(_actor: reader) -> Json:
        ground = gis.ground
        return {
            "url": ground.url,
            "labels": ground.labels,
            "coordinates": ground.coordinates,
            "messages": await gis.service.can_message(),
        }

    @router.post("/inside")
    async def inside(body: Inside, _actor: reader) -> Json:
        return await gis.service.inside(body.parsed(), body.wanted(), body.limit)

    @router.post("/nearest")
    async def nearest(body: Nearest, _actor: reader) -> Json:
        place = point(body.lon, body.lat, body.coordinates)
        at = now()
        wanted = Wanted(
            frozenset(body.statuses),
            at - body.oldest_seconds * 1000 if body.oldest_seconds else None,
            at if body.rested else None,
            body.with_number,
        )
        found = await gis.service.nearest(body.kind, place, body.count, wanted)
        return {"nearest": [thing_view(thing, distance) for distance, thing in found]}

    @router.post("/messages", status_code=202)
    async def message(body: Message, actor: sender) -> Json:
        shape = body.model_dump(include={"area", "centre", "radius", "coordinates"}, mode="json")
        text = numbers.plain_text(body.text, "text", 1_000)
        return await gis.service.message(
            actor.login, body.parsed(), shape, body.wanted(), text, body.incident_id
        )

    return router


def _caller_routes(gis: Gis, guard: Guard) -> APIRouter:
    router = APIRouter()
    reader = Annotated[Actor, Depends(guard(Right.MAP_READ))]
    locator = Annotated[Actor, Depends(guard(Right.MAP_LOCATE))]

    @router.get("/callers/{call_id}")
    async def caller(call_id: str, _actor: reader) -> Json:
        return await gis.callers.get(call_id)

    @router.put("/callers/{call_id}")
    async def locate(call_id: str, body: ByHand, actor: locator) -> Json:
        place = point(body.lon, body.lat, body.coordinates)
        number = numbers.phone_number(body.number) if body.number else ""
        return await gis.callers.set_by_hand(
            actor,
            numbers.plain_text(call_id, "call_id", 64),
            number,
            place,
            uncertainty(body.uncertainty),
            numbers.plain_text(body.address, "address"),
        )

    return router


def _unit_routes(gis: Gis, guard: Guard) -> APIRouter:
    router = APIRouter()
    reader = Annotated[Actor, Depends(guard(Right.MAP_READ))]
    tracker = Annotated[Actor, Depends(guard(Right.POSITION_REPORT))]

    @router.post("/positions")
    async def report(body: Positions, _actor: tracker) -> Json:
        return await gis.units.report(body.positions)

    @router.get("/units/{unit}/track")
    async def track(
        unit: UnitId, _actor: reader, since: Instant = 0, until: Instant = LATEST
    ) -> Json:
        return {"track": await gis.units.track(unit, since, until)}

    return router
