"""HTTP of reports upward."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from softswitch.access.model import Actor, Right
from softswitch.layers.incidents.books import new_id
from softswitch.layers.incidents.build import Incidents
from softswitch.layers.incidents.report_model import ReportState
from softswitch.web.guard import Guard

Json = dict[str, Any]
Id = Annotated[str, Field(pattern=r"^[a-f0-9]{1,32}$")]
Version = Annotated[int, Field(ge=0, le=2**31)]


class NewReport(BaseModel):
    """The next report of an incident."""

    model_config = ConfigDict(extra="forbid")
    id: Id | None = None
    text: str = ""
    receiver: str = ""


class EditReport(BaseModel):
    """Another text or receiver."""

    model_config = ConfigDict(extra="forbid")
    version: Version
    text: str | None = None
    receiver: str | None = None


class AtVersion(BaseModel):
    """The version that was read."""

    model_config = ConfigDict(extra="forbid")
    version: Version


class Decision(AtVersion):
    """Approve it or send it back, with a reason."""

    approved: bool
    reason: str = ""


def report_routes(router: APIRouter, incidents: Incidents, guard: Guard) -> None:
    """Add the routes of reports."""
    reader = Annotated[Actor, Depends(guard(Right.INCIDENT_READ))]
    writer = Annotated[Actor, Depends(guard(Right.INCIDENT_EDIT))]
    approver = Annotated[Actor, Depends(guard(Right.INCIDENT_REVIEW))]
    reports = incidents.reports

    @router.get("/{incident_id}/reports")
    async def list_reports(incident_id: Id, _actor: reader) -> Json:
        return {"reports": await reports.of_incident(incident_id)}

    @router.post("/{incident_id}/reports", status_code=201)
    async def write_report(incident_id: Id, body: NewReport, actor: writer) -> Json:
        report_id = body.id or new_id()
        return await reports.write(actor, incident_id, body.text, body.receiver, report_id)

    @router.patch("/reports/{report_id}")
    async def edit_report(report_id: Id, body: EditReport, actor: writer) -> Json:
        fields = body.model_dump(exclude={"version"}, exclude_none=True)
        return await reports.edit(actor, report_id, body.version, fields)

    @router.post("/reports/{report_id}/submit")
    async def submit_report(report_id: Id, body: AtVersion, actor: writer) -> Json:
        return await reports.step(actor, report_id, body.version, ReportState.SUBMITTED)

    @router.post("/reports/{report_id}/decide")
    async def decide_report(report_id: Id, body: Decision, actor: approver) -> Json:
        """Approve or reject a report that somebody else wrote."""
        after = ReportState.APPROVED if body.approved else ReportState.REJECTED
        return await reports.step(actor, report_id, body.version, after, body.reason)

    @router.post("/reports/{report_id}/send")
    async def send_report(report_id: Id, body: AtVersion, actor: writer) -> Json:
        """Note that an approved report went out; the clock of the next one begins."""
        return await reports.step(actor, report_id, body.version, ReportState.SENT)

    @router.get("/reports/{report_id}/report.pdf", response_class=Response)
    async def print_report(report_id: Id, _actor: reader) -> Response:
        """Send the printable file (application/pdf)."""
        name, content = await incidents.pdf(report_id)
        field = {"content-disposition": f'inline; filename="{name}"', "cache-control": "no-store"}
        return Response(content, media_type="application/pdf", headers=field)
