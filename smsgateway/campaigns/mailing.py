"""Campaigns that other parts of the system send: plans, the map. Made and submitted in one act, once for a key.

The same rules hold as for those that people write: signature, blacklist, and a second person above the size that the
rules name.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence

from smsgateway.campaigns import model
from smsgateway.campaigns.model import Campaign, CampaignState, Plan
from smsgateway.campaigns.service import Campaigns
from smsgateway.recipients.audience import MOST_NUMBERS
from smsgateway.recipients.lists import Lists
from smsgateway.recipients.model import Audience
from softswitch.errors import Kind, Refusal

MADE = "sent-"
"""How the lists are called that hold the numbers of one such campaign; its id follows."""


class Mailing:
    """Sends a plan to numbers that somebody else has chosen."""

    def __init__(self, campaigns: Campaigns, lists: Lists) -> None:
        self._campaigns = campaigns
        self._lists = lists

    async def send(
        self, login: str, key: str, plan: Plan, numbers: Sequence[str], agreed: Collection[str] = ()
    ) -> Campaign:
        """Make the campaign ``key`` (its id) and send it; one that was begun is not begun again.

        ``agreed``: who else has said yes to it already, the second person that a large one needs.  Raises what
        :meth:`Campaigns.create` and :meth:`Campaigns.submit` raise; then there is no such campaign.
        """
        campaign = await self._campaigns.find(key)
        if campaign is None:
            audience = await self._audience(login, key, numbers)
            whole = dataclasses.replace(plan, audience=audience)
            campaign = await self._campaigns.create(login, whole, key)
        if campaign.state is CampaignState.DRAFT:
            campaign = await self._submit(login, campaign)
        for second in agreed:
            authors = {campaign.login, campaign.submitted_by}
            if campaign.state is CampaignState.APPROVAL and second not in authors:
                campaign = await self._campaigns.approve(second, campaign.id)
        return campaign

    async def stop(self, login: str, key: str) -> None:
        """Send nothing more of a campaign; one that is over, or was never begun, is no error."""
        campaign = await self._campaigns.find(key)
        if campaign is not None and campaign.state not in model.OVER:
            await self._campaigns.cancel(login, key)

    async def tidy(self) -> None:
        """Remove the lists of campaigns that are over."""
        for row in await self._lists.all():
            name = str(row["name"])
            if not name.startswith(MADE):
                continue
            campaign = await self._campaigns.find(name.removeprefix(MADE))
            if campaign is not None and campaign.state in model.OVER:
                await self._lists.remove(name)

    async def _audience(self, login: str, key: str, numbers: Sequence[str]) -> Audience:
        """A few numbers stand in the campaign itself, many in a list of their own."""
        if len(numbers) <= MOST_NUMBERS:
            return Audience(numbers=tuple(numbers))
        await self._lists.keep(login, MADE + key, numbers)
        return Audience(lists=(MADE + key,))

    async def _submit(self, login: str, campaign: Campaign) -> Campaign:
        try:
            return await self._campaigns.submit(login, campaign.id)
        except Refusal as refusal:
            # What can never be sent goes: nobody wrote this draft, and nobody would look after it.
            if refusal.kind is not Kind.UNAVAILABLE:
                await self._campaigns.remove(login, campaign.id)
            raise
