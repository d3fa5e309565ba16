"""HTTP of campaigns: drafts, approval, sending, watching, reports."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from smsgateway.bodies import (
    Body,
    CampaignId,
    CountAsked,
    Doubt,
    Json,
    NewCampaign,
    NewRules,
    Number,
    PreviewAsked,
)
from smsgateway.build import MassSms
from smsgateway.campaigns import model, store
from smsgateway.campaigns.model import Campaign, Plan, Rules
from smsgateway.model import MessageState, Priority
from smsgateway.queue import repository
from smsgateway.recipients.model import Audience
from smsgateway.replies import store as replies
from smsgateway.text.preview import preview
from softswitch.access.model import Actor, Right
from softswitch.web.guard import Guard


def draft_routes(sms: MassSms, guard: Guard) -> APIRouter:
    """Return the routes of drafts, and of the rules for all of them."""
    router = APIRouter(prefix="/api/sms", tags=["mass SMS"])
    reader = Annotated[Actor, Depends(guard(Right.SMS_READ))]
    sender = Annotated[Actor, Depends(guard(Right.SMS_SEND))]
    configurer = Annotated[Actor, Depends(guard(Right.SMS_CONFIGURE))]
    campaigns = sms.campaigns

    @router.post("/preview")
    async def preview_text(body: PreviewAsked, _actor: reader) -> Json:
        """Return what a text will be: as it is sent, coding, parts, cost. Nothing is stored."""
        plan = Plan(
            "-", body.text, body.audience.audience() if body.audience else Audience(),
            exercise=body.exercise, advertising=body.advertising, language=body.language,
            personal=body.personal,
        )  # fmt: skip
        rules = campaigns.rules
        text = await campaigns.sample(plan)
        return preview(
            text, recipients=body.recipients, price=rules.price, joining=rules.joining
        ).as_json()

    @router.post("/count")
    async def count_people(body: CountAsked, _actor: sender) -> Json:
        """Return how many people an audience is, by area, and who is left out."""
        priority = Priority.LIFE_SAFETY if body.life_safety else Priority.NORMAL
        audience = body.audience.audience()
        plan = Plan("-", body.text, audience, priority, personal=bool(body.text))
        await sms.chooser.check(audience)
        return (await campaigns.count(plan)).as_json()

    @router.get("/campaigns")
    async def list_campaigns(
        _actor: reader, limit: Annotated[int, Query(ge=1, le=1000)] = 50
    ) -> Json:
        found = await sms.db.read(store.page, limit)
        return {"campaigns": [_row(campaign) for campaign in found]}

    @router.post("/campaigns", status_code=201)
    async def create_campaign(body: NewCampaign, actor: sender) -> Json:
        """Make a draft; nothing is sent."""
        return await _full(sms, await campaigns.create(actor.login, body.plan()))

    @router.get("/campaigns/{campaign_id}")
    async def show_campaign(campaign_id: CampaignId, _actor: reader) -> Json:
        return await _full(sms, await campaigns.one(campaign_id))

    @router.put("/campaigns/{campaign_id}")
    async def change_campaign(campaign_id: CampaignId, body: NewCampaign, actor: sender) -> Json:
        """Replace what a draft says."""
        return await _full(sms, await campaigns.change(actor.login, campaign_id, body.plan()))

    @router.delete("/campaigns/{campaign_id}", status_code=204)
    async def remove_campaign(campaign_id: CampaignId, actor: sender) -> None:
        """Remove a draft."""
        await campaigns.remove(actor.login, campaign_id)

    @router.get("/rules")
    async def show_rules(_actor: reader) -> Json:
        return campaigns.rules.as_json()

    @router.put("/rules")
    async def change_rules(body: NewRules, actor: configurer) -> Json:
        """Change signature, sender, price, and from which size a second person is asked for."""
        return (await campaigns.set_rules(actor.login, Rules(**body.model_dump()))).as_json()

    return router


def act_routes(sms: MassSms, guard: Guard) -> APIRouter:
    """Return the routes of what is done with campaigns."""
    router = APIRouter(prefix="/api/sms", tags=["mass SMS"])
    sender = Annotated[Actor, Depends(guard(Right.SMS_SEND))]
    second = Annotated[Actor, Depends(guard(Right.SMS_APPROVE))]
    campaigns = sms.campaigns

    @router.post("/campaigns/{campaign_id}/test", status_code=202)
    async def test_campaign(campaign_id: CampaignId, body: Number, actor: sender) -> Json:
        """Send its text to one telephone."""
        return await _full(sms, await campaigns.test(actor.login, campaign_id, body.number))

    @router.post("/campaigns/{campaign_id}/submit", status_code=202)
    async def submit_campaign(campaign_id: CampaignId, _body: Body, actor: sender) -> Json:
        """Send it, schedule it, or lay it before a second person."""
        return await _full(sms, await campaigns.submit(actor.login, campaign_id))

    @router.post("/campaigns/{campaign_id}/approve", status_code=202)
    async def approve_campaign(campaign_id: CampaignId, _body: Body, actor: second) -> Json:
        return await _full(sms, await campaigns.approve(actor.login, campaign_id))

    @router.post("/campaigns/{campaign_id}/withdraw")
    async def withdraw_campaign(campaign_id: CampaignId, _body: Body, actor: sender) -> Json:
        """Make a draft of it again."""
        return await _full(sms, await campaigns.withdraw(actor.login, campaign_id))

    @router.post("/campaigns/{campaign_id}/pause")
    async def pause_campaign(campaign_id: CampaignId, _body: Body, actor: sender) -> Json:
        return await _full(sms, await campaigns.pause(actor.login, campaign_id))

    @router.post("/campaigns/{campaign_id}/resume")
    async def resume_campaign(campaign_id: CampaignId, _body: Body, actor: sender) -> Json:
        return await _full(sms, await campaigns.resume(actor.login, campaign_id))

    @router.post("/campaigns/{campaign_id}/cancel")
    async def cancel_campaign(campaign_id: CampaignId, _body: Body, actor: sender) -> Json:
        return await _full(sms, await campaigns.cancel(actor.login, campaign_id))

    @router.post("/campaigns/{campaign_id}/doubt")
    async def decide_doubt(campaign_id: CampaignId, body: Doubt, actor: sender) -> Json:
        """Say what becomes of messages that may have gone out."""
        found = await campaigns.decide_doubt(actor.login, campaign_id, resend=body.resend)
        return await _full(sms, found)

    return router


def _row(campaign: Campaign) -> Json:
    shown = model.view(campaign)
    for long in ("audience", "tally"):
        shown.pop(long)
    return shown


async def _full(sms: MassSms, campaign: Campaign) -> Json:
    rules = sms.campaigns.rules
    text = model.sent_text(campaign.plan, rules)
    seen = preview(text, recipients=campaign.people or 1, price=rules.price, joining=rules.joining)
    shown = {**model.view(campaign), "preview": seen.as_json()}
    batch = await sms.queue.read(repository.batch_id, campaign.batch) if campaign.batch else None
    if batch is not None:
        progress = await sms.queue.read(repository.progress, batch)
        shown["counts"] = {state.word: progress[state] for state in MessageState}
        shown["resent"] = progress.resent
        shown["welfare"] = await sms.queue.read(replies.board, batch)
    return shown
