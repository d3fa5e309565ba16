"""HTTP of what became of campaigns."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response, StreamingResponse

from smsgateway.bodies import LARGEST_ID, CampaignId, Json
from smsgateway.build import MassSms
from smsgateway.campaigns import model, report
from smsgateway.campaigns.model import Campaign
from smsgateway.cap.model import Kind
from smsgateway.model import Message, MessageState
from smsgateway.queue import repository
from smsgateway.recipients.mobile import own_form
from softswitch.access.model import Actor, Right
from softswitch.errors import conflict
from softswitch.web.guard import Guard


def report_routes(sms: MassSms, guard: Guard) -> APIRouter:
    """Return the routes of what became of a campaign."""
    router = APIRouter(prefix="/api/sms/campaigns", tags=["mass SMS"])
    reader = Annotated[Actor, Depends(guard(Right.SMS_READ))]

    @router.get("/{campaign_id}/report")
    async def show_report(campaign_id: CampaignId, _actor: reader) -> Json:
        """Return counts by state and area, errors and the welfare board."""
        campaign = await sms.campaigns.one(campaign_id)
        batch = await batch_of(sms, campaign)
        return {**model.view(campaign), **await report.report(sms.queue, batch)}

    @router.get("/{campaign_id}/report.csv")
    async def export_report(campaign_id: CampaignId, _actor: reader) -> StreamingResponse:
        """Return every message as a row."""
        batch = await batch_of(sms, await sms.campaigns.one(campaign_id))
        headers = {"content-disposition": f'attachment; filename="sms-{campaign_id}.csv"'}
        rows = report.as_csv(sms.queue, batch)
        return StreamingResponse(rows, media_type="text/csv; charset=utf-8", headers=headers)

    @router.get("/{campaign_id}/messages")
    async def list_messages(
        campaign_id: CampaignId,
        _actor: reader,
        state: str | None = None,
        after: Annotated[int, Query(ge=0, le=LARGEST_ID)] = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Json:
        """Return messages, by rising id."""
        batch = await batch_of(sms, await sms.campaigns.one(campaign_id))
        wanted = _state(state)
        page = await sms.queue.read(repository.page, batch, state=wanted, after=after, limit=limit)
        return {"messages": [_message(message) for message in page]}

    @router.get("/{campaign_id}/talking")
    async def list_talking(campaign_id: CampaignId, _actor: reader) -> Json:
        """Return who has not got it and talks on a line of ours: ``call_id`` is for intercept to break into."""
        batch = await batch_of(sms, await sms.campaigns.one(campaign_id))
        calls = sms.lines.talking()
        found = await sms.queue.read(report.unreached_among, batch, list(calls))
        shown = [_message(message) for message in found]
        return {"people": [{**row, "call_id": calls[row["number"]]} for row in shown]}

    @router.get("/{campaign_id}/cap")
    async def export_cap(
        campaign_id: CampaignId,
        _actor: reader,
        kind: Kind = Kind.ALERT,
        sender: Annotated[str, Query(pattern=r"^[^\s,<&]{1,100}$")] = "softswitch",
    ) -> Response:
        """Return it as a CAP 1.2 document for other systems."""
        campaign = await sms.campaigns.one(campaign_id)
        document = await sms.alerts.write(campaign, kind, sender)
        return Response(document, media_type="application/cap+xml")

    return router


async def batch_of(sms: MassSms, campaign: Campaign) -> int:
    """Return the batch of a campaign, or refuse (``campaign_not_begun``)."""
    found = await sms.queue.read(repository.batch_id, campaign.batch) if campaign.batch else None
    if found is None:
        raise conflict(
            "campaign_not_begun", f"The campaign {campaign.plan.name} has not begun.",
            "There is nothing to report so far.",
        )  # fmt: skip
    return int(found)


def _state(word: str | None) -> MessageState | None:
    if word is None:
        return None
    if word.upper() not in MessageState.__members__:
        raise conflict(
            "unknown_state", f"{word[:40]!r} is no state of a message.",
            f"Give one of {', '.join(state.word for state in MessageState)}.",
        )  # fmt: skip
    return MessageState[word.upper()]


def _message(message: Message) -> Json:
    return {
        "id": message.id, "number": own_form(message.number), "name": message.recipient,
        "area": message.area, "state": message.state.word, "submitted_at": message.submitted_at,
        "done_at": message.done_at, "attempts": message.attempts, "resent": message.resent,
        "error": message.error,
    }  # fmt: skip
