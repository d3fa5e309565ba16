"""HTTP of the tables of types and grades."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from softswitch.access.model import Actor, Right
from softswitch.layers.incidents.build import Incidents
from softswitch.web.csv_http import CsvReport, csv_response
from softswitch.web.guard import Guard


def kind_routes(router: APIRouter, incidents: Incidents, guard: Guard) -> None:
    """Add the routes of types and grades."""
    reader = Annotated[Actor, Depends(guard(Right.INCIDENT_READ))]
    setter = Annotated[Actor, Depends(guard(Right.INCIDENT_CONFIGURE))]
    kinds = incidents.kinds

    @router.get("/types")
    async def types(_actor: reader) -> dict[str, Any]:
        return {"types": [one.as_json() for one in kinds.types.values()]}

    @router.get("/grades")
    async def grades(_actor: reader) -> dict[str, Any]:
        return {"grades": [one.as_json() for one in kinds.grades.values()]}

    @router.get("/types/export.csv", response_class=Response)
    async def export_types(_actor: reader) -> Response:
        return csv_response(kinds.export_types(), "incident-types.csv")

    @router.get("/grades/export.csv", response_class=Response)
    async def export_grades(_actor: reader) -> Response:
        return csv_response(kinds.export_grades(), "incident-grades.csv")

    @router.post("/types/import", response_model=CsvReport)
    async def import_types(request: Request, actor: setter, dry_run: bool = False) -> Any:
        data = await request.body()
        return await kinds.import_types(actor.login, data, dry_run=dry_run)

    @router.post("/grades/import", response_model=CsvReport)
    async def import_grades(request: Request, actor: setter, dry_run: bool = False) -> Any:
        data = await request.body()
        return await kinds.import_grades(actor.login, data, dry_run=dry_run)
