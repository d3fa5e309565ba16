"""What people do with campaigns. Every act is in the audit log in the transaction of its change.

The state of a campaign is here and in the main database; its messages are in the gateway's.  An act first writes the
state, then tells the queue; what dies between the two is put right by the next look (:mod:`watch`), which asks for
the same thing again.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Coroutine
from typing import Any

from smsgateway.campaigns import model, store
from smsgateway.campaigns.filling import Filler, encoded
from smsgateway.campaigns.model import Campaign, CampaignState, Plan, Rules
from smsgateway.campaigns.personal import field_names
from smsgateway.model import BatchState, Priority
from smsgateway.queue import repository
from smsgateway.recipients.audience import Chooser
from smsgateway.recipients.mobile import mobile
from smsgateway.recipients.model import Tally
from softswitch.calls.core import new_id
from softswitch.clock import Clock, Millis, now
from softswitch.errors import not_found
from softswitch.store.database import Database

AHEAD: Millis = 60_000
"""So long before its time a campaign is put into the queue."""

MOST_TESTS = 50
QUICKLY_COUNTED = 20_000


class Campaigns:
    """The campaigns that are not over, in memory as in the database; ``open`` has them by id."""

    def __init__(
        self,
        db: Database,
        queue: Database,
        chooser: Chooser,
        spawn: Callable[[Coroutine[Any, Any, Any]], Any],
        clock: Clock = now,
    ) -> None:
        self._db = db
        self._queue = queue
        self._chooser = chooser
        self._filler = Filler(queue, chooser)
        self._spawn = spawn
        self._clock = clock
        self._acting = asyncio.Lock()
        self.rules = Rules()
        self.open: dict[str, Campaign] = {}
        self.preparing: set[str] = set()
        self.changed: Callable[[Campaign], None] = lambda _campaign: None

    async def load(self) -> None:
        """Read the rules and what is not over."""
        self.rules = await self._db.read(store.load_rules)
        for campaign in await self._db.read(store.not_over):
            self._keep(campaign)

    async def one(self, campaign_id: str) -> Campaign:
        """Return a campaign, or refuse (``campaign_not_found``)."""
        found = await self.find(campaign_id)
        if found is None:
            raise not_found("campaign", campaign_id, "Look at the list of campaigns.")
        return found

    async def find(self, campaign_id: str) -> Campaign | None:
        """Return a campaign, None when there is none of this id."""
        return self.open.get(campaign_id) or await self._db.read(store.one, campaign_id)

    # ---- drafts

    async def create(self, login: str, plan: Plan, key: str = "") -> Campaign:
        """Make a draft. The same ``key`` (an id of our own making) makes it once."""
        at = self._clock()
        campaign = Campaign(key or new_id(), model.checked(plan, at), login, at)
        known = await self._db.read(store.one, campaign.id)
        if known is not None:
            return known
        await self._check(campaign)
        await self._put(campaign, "sms.campaign.create", login)
        return campaign

    async def change(self, login: str, campaign_id: str, plan: Plan) -> Campaign:
        """Replace what a draft says."""
        async with self._acting:
            campaign = await self.one(campaign_id)
            model.check_may_change(campaign)
            before, checked = campaign.plan, model.checked(plan, self._clock())
            incident_id = checked.incident_id or before.incident_id
            kept = dataclasses.replace(checked, alert=before.alert, incident_id=incident_id)
            changed = dataclasses.replace(campaign, plan=kept, tally={})
            await self._check(changed)
            await self._put(changed, "sms.campaign.change", login)
            return changed

    async def remove(self, login: str, campaign_id: str) -> None:
        """Remove a draft."""
        async with self._acting:
            campaign = await self.one(campaign_id)
            model.check_may_change(campaign)
            await self._db.write(store.remove, login, campaign_id)
            self.open.pop(campaign_id, None)
            self.changed(dataclasses.replace(campaign, state=CampaignState.CANCELLED))

    async def count(self, plan: Plan) -> Tally:
        """Return whom a campaign would reach now, by area, and who is left out."""
        return await self._filler.count(plan, self.rules)

    async def sample(self, plan: Plan) -> str:
        """Return the text as the first of its people gets it."""
        return await self._filler.sample(plan, self.rules)

    async def test(self, login: str, campaign_id: str, number: str) -> Campaign:
        """Send the text to one's own telephone, over the links that the campaign would take."""
        typed = mobile(number)
        async with self._acting:
            campaign = await self.one(campaign_id)
            if campaign.tests >= MOST_TESTS:
                raise model.too_many_tests(MOST_TESTS)
            details = {"number": typed}
            await self._change(
                campaign, "sms.campaign.test", login, details, tests=campaign.tests + 1
            )
            await self._filler.send_one(campaign, self.rules, typed, self._clock())
            return campaign

    # ---- from the draft to the queue

    async def submit(self, login: str, campaign_id: str) -> Campaign:
        """Count the people; begin, wait for the time, or wait for a second person."""
        campaign = await self.one(campaign_id)
        model.check_may_submit(campaign)
        model.checked(campaign.plan, self._clock())
        await self._check(campaign)
        # Counting a million takes seconds: acts on other campaigns do not wait for it.
        plan, tally = campaign.plan, await self._counted(campaign)
        async with self._acting:
            campaign = await self.one(campaign_id)
            model.check_may_submit(campaign)
            model.check_is_same(campaign, plan)
            found: dict[str, Any] = {
                "tally": tally.as_json(), "submitted_by": login, "approved_by": "",
            }  # fmt: skip
            if model.needs_approval(dataclasses.replace(campaign, **found), self.rules):
                found["state"] = CampaignState.APPROVAL
                await self._change(campaign, "sms.campaign.submit", login, **found)
            else:
                await self._proceed(campaign, "sms.campaign.submit", login, **found)
            return campaign

    async def _counted(self, campaign: Campaign) -> Tally:
        """Where lives are at stake and no second person is asked for anyway, sending does not wait for the count."""
        most = await self._chooser.at_most(campaign.plan.audience)
        life = campaign.plan.priority is Priority.LIFE_SAFETY
        if life and QUICKLY_COUNTED < most <= self.rules.approval_size:
            return Tally(people=most)
        tally = await self.count(campaign.plan)
        if not tally.people:
            raise model.nobody_left()
        return tally

    async def approve(self, login: str, campaign_id: str) -> Campaign:
        """A second person says yes."""
        async with self._acting:
            campaign = await self.one(campaign_id)
            model.check_may_approve(campaign, login)
            await self._proceed(campaign, "sms.campaign.approve", login, approved_by=login)
            return campaign

    async def withdraw(self, login: str, campaign_id: str) -> Campaign:
        """Back to the draft: a second person says no, or it is to be changed."""
        async with self._acting:
            campaign = await self.one(campaign_id)
            model.check_may_withdraw(campaign)
            await self._change(
                campaign, "sms.campaign.withdraw", login, state=CampaignState.DRAFT, approved_by=""
            )
            return campaign

    async def begin(self, campaign: Campaign) -> None:
        """The time of a scheduled campaign has come."""
        async with self._acting:
            if campaign.state is CampaignState.SCHEDULED:
                await self._begin(campaign, "sms.campaign.begin", "")

    async def _proceed(self, campaign: Campaign, action: str, login: str, **values: Any) -> None:
        starts_at = campaign.plan.starts_at
        if starts_at is not None and starts_at > self._clock() + AHEAD:
            values["state"] = CampaignState.SCHEDULED
            await self._change(campaign, action, login, **values)
        else:
            await self._begin(campaign, action, login, **values)

    async def _begin(self, campaign: Campaign, action: str, login: str, **values: Any) -> None:
        await self._change(
            campaign, action, login,
            state=CampaignState.PREPARING,
            began_at=max(self._clock(), campaign.plan.starts_at or 0),
            batch=campaign.id,
            parts=encoded(campaign, self.rules).count,
            **values,
        )  # fmt: skip
        self.prepare(campaign)

    def prepare(self, campaign: Campaign) -> None:
        """Put its messages into the queue, unless that is under way."""
        if campaign.id not in self.preparing:
            self.preparing.add(campaign.id)
            self._spawn(self._prepare(campaign))

    async def _prepare(self, campaign: Campaign) -> None:
        def wanted() -> bool:
            return campaign.state is CampaignState.PREPARING

        try:
            tally = await self._filler.fill(campaign, self.rules, self._clock(), wanted)
            async with self._acting:
                if wanted():
                    await self._queue.write(repository.set_state, campaign.batch, BatchState.OPEN)
                    await self._change(
                        campaign, "sms.campaign.run", "",
                        state=CampaignState.RUNNING, tally=tally.as_json(),
                        parts=tally.parts or campaign.parts,
                    )  # fmt: skip
                elif campaign.state is CampaignState.CANCELLED:
                    await self._steer(campaign, BatchState.CANCELLED)
        finally:
            self.preparing.discard(campaign.id)

    # ---- while it runs

    async def pause(self, login: str, campaign_id: str) -> Campaign:
        """Send nothing more for now; what is on its way to a centre goes through."""
        return await self._act(
            login, campaign_id, model.check_may_pause, CampaignState.PAUSED, "pause"
        )

    async def resume(self, login: str, campaign_id: str) -> Campaign:
        """Go on."""
        return await self._act(
            login, campaign_id, model.check_may_resume, CampaignState.RUNNING, "resume"
        )

    async def cancel(self, login: str, campaign_id: str) -> Campaign:
        """Send nothing more, ever."""
        return await self._act(
            login, campaign_id, model.check_may_cancel, CampaignState.CANCELLED, "cancel"
        )

    async def decide_doubt(self, login: str, campaign_id: str, *, resend: bool) -> Campaign:
        """Say what becomes of messages that may have gone out: send again, or give them up."""
        async with self._acting:
            campaign = await self.one(campaign_id)
            await self._queue.write(repository.decide_doubt, campaign.batch, resend=resend)
            await self._change(campaign, "sms.campaign.decide", login, {"resend": resend})
            return campaign

    async def finish(self, campaign: Campaign) -> None:
        """Nothing more will happen."""
        async with self._acting:
            if campaign.state is CampaignState.RUNNING:
                await self._change(
                    campaign, "sms.campaign.finish", "",
                    state=CampaignState.FINISHED, ended_at=self._clock(),
                )  # fmt: skip

    async def note(self, campaign: Campaign, **values: Any) -> None:
        """Write what changed beside the state."""
        async with self._acting:
            await self._change(campaign, "", "", **values)

    async def steer(self, campaign: Campaign) -> None:
        """Tell the queue again what the campaign's state asks for; nothing changes where it knows."""
        wanted = {
            CampaignState.RUNNING: BatchState.OPEN,
            CampaignState.PAUSED: BatchState.PAUSED,
        }.get(campaign.state)
        if wanted is not None:
            await self._steer(campaign, wanted)

    async def _act(
        self,
        login: str,
        campaign_id: str,
        check: Callable[[Campaign], None],
        state: CampaignState,
        word: str,
    ) -> Campaign:
        async with self._acting:
            campaign = await self.one(campaign_id)
            check(campaign)
            ended_at = self._clock() if state is CampaignState.CANCELLED else None
            await self._change(
                campaign, f"sms.campaign.{word}", login, state=state, ended_at=ended_at
            )
            batch = {
                CampaignState.PAUSED: BatchState.PAUSED,
                CampaignState.RUNNING: BatchState.OPEN,
            }
            await self._steer(campaign, batch.get(state, BatchState.CANCELLED))
            return campaign

    async def _steer(self, campaign: Campaign, state: BatchState) -> None:
        if not campaign.batch:
            return
        known = await self._queue.read(repository.batch_id, campaign.batch)
        if known is not None:
            await self._queue.write(repository.set_state, campaign.batch, state)

    # ---- rules

    async def set_rules(self, login: str, rules: Rules) -> Rules:
        """Change what holds for every campaign."""
        model.check_rules(rules)
        await self._db.write(store.put_rules, login, rules)
        self.rules = rules
        return rules

    # ---- books

    async def _check(self, campaign: Campaign) -> None:
        encoded(campaign, self.rules)
        plan = campaign.plan
        await self._chooser.check(plan.audience)
        if plan.personal:
            await self._chooser.check_fields(plan.audience, field_names(plan.text))

    async def _put(self, campaign: Campaign, action: str, login: str) -> None:
        await self._db.write(store.put, campaign, self._clock(), action, login)
        self._keep(campaign)

    async def _change(
        self,
        campaign: Campaign,
        action: str,
        login: str,
        details: dict[str, Any] | None = None,
        **values: Any,
    ) -> None:
        """Write a campaign with these values, and only then have them in memory too."""
        changed = dataclasses.replace(campaign, **values)
        await self._db.write(store.put, changed, self._clock(), action, login, details)
        for name, value in values.items():
            setattr(campaign, name, value)
        self._keep(campaign)

    def _keep(self, campaign: Campaign) -> None:
        if campaign.state in model.OVER:
            self.open.pop(campaign.id, None)
        else:
            self.open[campaign.id] = campaign
        self.changed(campaign)
