"""HTTP of incidents."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from softswitch import numbers
from softswitch.access.model import Actor, Right
from softswitch.clock import LATEST, Millis
from softswitch.layers.incidents import kind_model
from softswitch.layers.incidents.books import new_id
from softswitch.layers.incidents.build import Incidents
from softswitch.layers.incidents.kind_routes import kind_routes
from softswitch.layers.incidents.model import Grade, Status
from softswitch.layers.incidents.order_routes import order_routes
from softswitch.layers.incidents.report_routes import report_routes
from softswitch.layers.incidents.search_store import Wanted
from softswitch.web.guard import Guard
from softswitch.web.places import Offset

Json = dict[str, Any]
IncidentId = Annotated[str, Field(pattern=r"^[a-f0-9]{1,32}$")]
CallId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
Version = Annotated[int, Field(ge=0, le=2**31)]


class Body(BaseModel):
    """What every body has: no field that nobody knows."""

    model_config = ConfigDict(extra="forbid")


class Fields(Body):
    """What people know of an incident; places are WGS-84 in degrees, ``uncertainty`` in metres."""

    title: str | None = None
    note: str | None = None
    address: str | None = None
    name: str | None = None
    result: str | None = None
    type: str | None = None
    grade: Grade | None = None
    latitude: float | None = None
    longitude: float | None = None
    uncertainty: float | None = None


class New(Fields):
    """An incident that no call told of. Who chooses ``id`` may repeat the request."""

    id: IncidentId | None = None
    number: str | None = None


class Edit(Fields):
    """What to change, and the version that was read."""

    version: Version


class Move(Body):
    """The state to go to, and why, when it goes back."""

    version: Version
    status: Status
    reason: str = ""


class Note(Body):
    """A line for the timeline."""

    text: str = Field(max_length=10_000)


class Merge(Body):
    """The incident that becomes part of this one, and the versions that were read."""

    version: Version
    other: IncidentId
    other_version: Version


class Split(Body):
    """Calls that become an incident of their own; none: take this one out of the one it was merged into."""

    version: Version
    call_ids: list[CallId] = Field(default_factory=list, max_length=500)
    title: str = ""


class Link(Body):
    """A related incident."""

    other: IncidentId
    why: str = ""


class Attach(Body):
    """A call that was placed for the incident."""

    call_id: CallId


class Nothing(Body):
    """An empty body."""


def routes(incidents: Incidents, guard: Guard) -> APIRouter:
    """Return the routes of incidents."""
    router = APIRouter(prefix="/api/incidents", tags=["incidents"])
    # What has a name of its own stands before /{incident_id}.
    kind_routes(router, incidents, guard)
    order_routes(router, incidents, guard)
    report_routes(router, incidents, guard)
    _reading(router, incidents, guard)
    _changing(router, incidents, guard)
    _joining(router, incidents, guard)
    return router


def _reading(router: APIRouter, incidents: Incidents, guard: Guard) -> None:
    reader = Annotated[Actor, Depends(guard(Right.INCIDENT_READ))]
    service = incidents.service

    @router.get("")
    async def find(
        _actor: reader,
        text: Annotated[str, Query(max_length=200)] = "",
        number: str | None = None,
        status: Annotated[list[Status] | None, Query(max_length=8)] = None,
        type: Annotated[str, Query(max_length=64)] = "",  # noqa: A002
        grade: Grade = Grade.NONE,
        owner: Annotated[str, Query(max_length=64)] = "",
        since: Annotated[Millis | None, Query(alias="from", ge=0, le=LATEST)] = None,
        until: Annotated[Millis | None, Query(alias="to", ge=0, le=LATEST)] = None,
        before: Annotated[int | None, Query(ge=0, le=2**62)] = None,
        merged: bool = False,
        offset: Offset = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Json:
        """Find incidents, newest first; ``before`` is the ``seq`` of the last one of the page before.

        With ``offset`` from that place of the whole list on, with its ``count``.
        """
        wanted = Wanted(
            text, str(numbers.phone_number(number)) if number else "",
            tuple(one.value for one in status or ()), kind_model.code(type) if type else "",
            grade.value, owner, since, until, merged,
        )  # fmt: skip
        if offset is None:
            return {"incidents": await service.find(replace(wanted, before=before, limit=limit))}
        found, count = await service.part(wanted, offset, limit)
        return {"incidents": found, "count": count}

    @router.get("/{incident_id}")
    async def show(incident_id: IncidentId, _actor: reader) -> Json:
        return await service.get(incident_id)

    @router.get("/{incident_id}/timeline")
    async def timeline(
        incident_id: IncidentId,
        actor: reader,
        after_at: Annotated[Millis | None, Query(ge=0, le=LATEST)] = None,
        after_seq: Annotated[int, Query(ge=0, le=2**62)] = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 500,
    ) -> Json:
        """Tell all that happened, oldest first; entries that take another right are left out."""
        after = None if after_at is None else (after_at, after_seq)
        return await service.timeline(actor, incident_id, after, limit)


def _changing(router: APIRouter, incidents: Incidents, guard: Guard) -> None:
    editor = Annotated[Actor, Depends(guard(Right.INCIDENT_EDIT))]
    service = incidents.service

    @router.post("", status_code=201)
    async def create(body: New, actor: editor) -> Json:
        fields = body.model_dump(exclude={"id"}, exclude_none=True)
        if body.number:
            fields["number"] = str(numbers.phone_number(body.number))
        incidents.kinds.known_type(fields.get("type", ""))
        return await service.create(actor, body.id or new_id(), fields)

    @router.patch("/{incident_id}")
    async def edit(incident_id: IncidentId, body: Edit, actor: editor) -> Json:
        fields = body.model_dump(exclude={"version"}, exclude_none=True)
        incidents.kinds.known_type(fields.get("type", ""))
        return await service.edit(actor, incident_id, body.version, fields)

    @router.post("/{incident_id}/claim")
    async def claim(incident_id: IncidentId, _body: Nothing, actor: editor) -> Json:
        return await service.claim(actor, incident_id)

    @router.post("/{incident_id}/move")
    async def move(incident_id: IncidentId, body: Move, actor: editor) -> Json:
        return await service.move(actor, incident_id, body.version, body.status, body.reason)

    @router.post("/{incident_id}/notes")
    async def note(incident_id: IncidentId, body: Note, actor: editor) -> Json:
        return await service.note(actor, incident_id, body.text)

    @router.post("/{incident_id}/calls")
    async def attach(incident_id: IncidentId, body: Attach, actor: editor) -> Json:
        return await service.attach(actor, incident_id, body.call_id)


def _joining(router: APIRouter, incidents: Incidents, guard: Guard) -> None:
    editor = Annotated[Actor, Depends(guard(Right.INCIDENT_EDIT))]
    joins = incidents.joins

    @router.post("/{incident_id}/merge")
    async def merge(incident_id: IncidentId, body: Merge, actor: editor) -> Json:
        return await joins.merge(actor, incident_id, body.other, body.version, body.other_version)

    @router.post("/{incident_id}/split")
    async def split(incident_id: IncidentId, body: Split, actor: editor) -> Json:
        if not body.call_ids:
            return await joins.unmerge(actor, incident_id, body.version)
        return await joins.split(actor, incident_id, body.version, body.call_ids, body.title)

    @router.post("/{incident_id}/links")
    async def link(incident_id: IncidentId, body: Link, actor: editor) -> Json:
        return await joins.relate(actor, incident_id, body.other, body.why)

    @router.delete("/{incident_id}/links/{other}")
    async def unlink(incident_id: IncidentId, other: IncidentId, actor: editor) -> Json:
        return await joins.unrelate(actor, incident_id, other)
