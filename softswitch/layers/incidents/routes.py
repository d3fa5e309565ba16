"""HTTP of incidents."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from softswitch import numbers
from softswitch.access.model import Actor, Right
from softswitch.clock import LATEST, Millis
from softswitch.layers.incidents.model import Status
from softswitch.layers.incidents.service import IncidentService
from softswitch.web.guard import Guard

Json = dict[str, Any]
IncidentId = Annotated[str, Field(pattern=r"^[a-f0-9]{1,32}$")]


class Edit(BaseModel):
    """What to change, and the version that was read."""

    model_config = ConfigDict(extra="forbid")
    version: Annotated[int, Field(ge=0, le=2**31)]
    title: str | None = None
    note: str | None = None
    address: str | None = None
    name: str | None = None
    status: Status | None = None


class Nothing(BaseModel):
    """An empty body."""

    model_config = ConfigDict(extra="forbid")


def routes(service: IncidentService, guard: Guard) -> APIRouter:
    """Return the routes of incidents."""
    router = APIRouter(prefix="/api/incidents", tags=["incidents"])
    reader = Annotated[Actor, Depends(guard(Right.INCIDENT_READ))]
    editor = Annotated[Actor, Depends(guard(Right.INCIDENT_EDIT))]

    @router.get("")
    async def find(
        _actor: reader,
        number: str | None = None,
        status: Status | None = None,
        before: Annotated[Millis | None, Query(ge=0, le=LATEST)] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Json:
        wanted = str(numbers.phone_number(number)) if number else None
        found = await service.find(
            number=wanted, status=status.value if status else None, before=before, limit=limit
        )
        return {"incidents": found}

    @router.get("/{incident_id}")
    async def show(incident_id: IncidentId, _actor: reader) -> Json:
        return await service.get(incident_id)

    @router.patch("/{incident_id}")
    async def edit(incident_id: IncidentId, body: Edit, actor: editor) -> Json:
        fields = body.model_dump(exclude={"version"}, exclude_none=True, mode="json")
        return await service.edit(actor, incident_id, body.version, fields)

    @router.post("/{incident_id}/claim")
    async def claim(incident_id: IncidentId, _body: Nothing, actor: editor) -> Json:
        return await service.claim(actor, incident_id)

    return router
