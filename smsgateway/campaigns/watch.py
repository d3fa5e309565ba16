"""Looks after campaigns once a second: begins what is due, shows how far each is, calls who was not reached, ends it.

One look costs one query of some ten rows for each campaign that runs, whatever its size.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from smsgateway.campaigns import model
from smsgateway.campaigns.model import Campaign, CampaignState
from smsgateway.campaigns.pace import Pace, is_over
from smsgateway.campaigns.ports import Screen
from smsgateway.campaigns.service import AHEAD, Campaigns
from smsgateway.campaigns.voice import VoiceReach
from smsgateway.model import Progress
from smsgateway.queue import repository
from softswitch.clock import Clock, Millis, now
from softswitch.errors import Kind, Refusal
from softswitch.store.database import Database

log = logging.getLogger(__name__)

ENTITY = "sms_campaign"
SECONDS = 1.0
_FIRST_TEXT = 200


class Watch:
    """``run`` it as a task."""

    def __init__(
        self,
        campaigns: Campaigns,
        queue: Database,
        voice: VoiceReach,
        screen: Screen,
        clock: Clock = now,
    ) -> None:
        self._campaigns = campaigns
        self._queue = queue
        self._voice = voice
        self._screen = screen
        self._clock = clock
        self._paces: dict[str, Pace] = {}
        self._batches: dict[str, int] = {}
        self._last: dict[str, dict[str, Any]] = {}
        campaigns.changed = self.show

    async def run(self) -> None:
        """Look again and again; a database that does not answer is asked again."""
        steered = False
        while True:
            try:
                if not steered:
                    await self._steer()
                    steered = True
                await self.look()
            except Refusal as refusal:
                log.error("campaigns cannot be looked after now: %s", refusal)
            except Exception:
                log.exception(
                    "A look after the campaigns failed."
                )  # the others are looked after yet
            await asyncio.sleep(SECONDS)

    async def _steer(self) -> None:
        """Tell the queue what the campaigns ask for: the server may have died before it could."""
        for campaign in list(self._campaigns.open.values()):
            try:
                await self._campaigns.steer(campaign)
            except Refusal as refusal:
                if refusal.kind is Kind.UNAVAILABLE:
                    raise  # asked again
                log.error("campaign %s: %s", campaign.id, refusal)

    async def look(self) -> None:
        """Look after every campaign once."""
        at = self._clock()
        for campaign in list(self._campaigns.open.values()):
            if campaign.state is CampaignState.SCHEDULED and _is_due(campaign, at):
                await self._campaigns.begin(campaign)
            elif campaign.state is CampaignState.PREPARING:
                self._campaigns.prepare(campaign)  # a server that died, or a full disk, left it
        sending = [c for c in self._campaigns.open.values() if c.state in model.SENDING]
        found = await self._progress(sending)
        for campaign in sending:
            if campaign.id in found:
                await self._follow(campaign, found[campaign.id], at)

    async def _progress(self, sending: list[Campaign]) -> dict[str, Progress]:
        for campaign in sending:
            if campaign.id not in self._batches:
                known = await self._queue.read(repository.batch_id, campaign.batch)
                if known is not None:
                    self._batches[campaign.id] = known
        ids = {c.id: self._batches[c.id] for c in sending if c.id in self._batches}
        if not ids:
            return {}
        found = await self._queue.read(repository.progress_of, list(ids.values()))
        return {key: found[batch] for key, batch in ids.items()}

    async def _follow(self, campaign: Campaign, progress: Progress, at: Millis) -> None:
        pace = self._paces.setdefault(campaign.id, Pace())
        self._last[campaign.id] = pace.look(progress, at)
        self.show(campaign)
        if campaign.state is not CampaignState.RUNNING:
            return
        await self._voice.look(campaign, self._batches[campaign.id], at)
        over = is_over(progress, campaign.expires_at, at)
        if over and self._voice.is_over(campaign, progress):
            await self._campaigns.finish(campaign)

    def show(self, campaign: Campaign) -> None:
        """Show a campaign as it is; one that is over leaves the screens."""
        if campaign.state in model.OVER:
            self._screen.drop(ENTITY, campaign.id)
            for each in (self._paces, self._batches, self._last):
                each.pop(campaign.id, None)
            return
        self._screen.put(ENTITY, campaign.id, self._view(campaign))

    def _view(self, campaign: Campaign) -> dict[str, Any]:
        """The picture of everybody is small: the long parts are fetched when they are looked at."""
        shown = model.view(campaign)
        for long in ("audience", "tally"):
            shown.pop(long)
        shown["text"] = campaign.plan.text[:_FIRST_TEXT]
        return {**shown, "progress": self._last.get(campaign.id)}


def _is_due(campaign: Campaign, at: Millis) -> bool:
    return (campaign.plan.starts_at or 0) <= at + AHEAD
