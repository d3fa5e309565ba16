"""Reach by voice: who has no receipt in time is called, through the notification of the telephone side.

Some hundreds are handed over at once, the next when those were called: the lines of the switch are few.  Where the
reading stands is kept with the campaign (``after:<id of a message>``), so that a restart calls nobody twice.
"""

from __future__ import annotations

import logging

from sqlalchemy import Connection, select

from smsgateway.campaigns.model import Campaign
from smsgateway.campaigns.ports import Telephone
from smsgateway.campaigns.service import Campaigns
from smsgateway.model import MessageState, Progress
from smsgateway.queue.tables import bodies, messages
from smsgateway.recipients.mobile import own_form
from smsgateway.replies.store import answered_among
from smsgateway.text.signature import spoken
from softswitch.clock import Millis
from softswitch.errors import Refusal
from softswitch.store.database import Database

log = logging.getLogger(__name__)

AT_ONCE = 500
_UNREACHED = (
    MessageState.SUBMITTED, MessageState.FAILED, MessageState.EXPIRED, MessageState.IN_DOUBT,
)  # fmt: skip
DONE, AFTER = "done", "after:"
_LOGIN = "sms"


class VoiceReach:
    """Hands unreached people over to the telephone."""

    def __init__(self, campaigns: Campaigns, queue: Database, telephone: Telephone) -> None:
        self._campaigns = campaigns
        self._queue = queue
        self._telephone = telephone

    def is_over(self, campaign: Campaign, progress: Progress) -> bool:
        """Return whether nobody is to be called any more."""
        if not self._is_wanted(campaign) or campaign.voice == DONE:
            return True
        return not any(progress[state] for state in _UNREACHED)

    async def look(self, campaign: Campaign, batch: int, at: Millis) -> None:
        """Hand over the next people, when it is time and the last were called."""
        wait = campaign.plan.voice_after
        if wait is None or not self._is_wanted(campaign) or campaign.voice == DONE:
            return
        if at < (campaign.began_at or 0) + wait:
            return
        if campaign.notices and self._telephone.is_running(campaign.notices[-1]):
            return
        await self._next(campaign, batch)

    def _is_wanted(self, campaign: Campaign) -> bool:
        """An exercise calls no citizen."""
        return campaign.plan.voice_after is not None and not campaign.plan.exercise

    async def _next(self, campaign: Campaign, batch: int) -> None:
        after = int(campaign.voice.removeprefix(AFTER) or 0)
        last, people = await self._queue.read(_unreached, batch, after, campaign.plan.personal)
        if last is None:
            await self._campaigns.note(campaign, voice=DONE)
            return
        # Written first: what dies between the two leaves some uncalled, and calls nobody twice.
        await self._campaigns.note(campaign, voice=f"{AFTER}{last}")
        if not people:
            return
        plan = campaign.plan
        try:
            notice = await self._telephone.notify(
                campaign.approved_by or campaign.submitted_by or _LOGIN,
                plan.text, plan.language, people,
            )  # fmt: skip
        except Refusal as refusal:
            log.error("campaign %s: some people cannot be called: %s", campaign.id, refusal)
            return
        await self._campaigns.note(campaign, notices=(*campaign.notices, notice))


def _unreached(
    conn: Connection, batch: int, after: int, personal: bool
) -> tuple[int | None, list[dict[str, str]]]:
    """Return the next people without a receipt who did not answer either, and the last message looked at.

    ``personal``: with the text that each of them was sent.
    """
    query = (
        select(messages.c.id, messages.c.number, messages.c.recipient, bodies.c.text)
        .join(bodies, bodies.c.id == messages.c.body_id)
        .where(messages.c.batch_id == batch, messages.c.id > after)
        .where(messages.c.state.in_([int(state) for state in _UNREACHED]))
        .order_by(messages.c.id)
        .limit(AT_ONCE)
    )
    rows = conn.execute(query).all()
    if not rows:
        return None, []
    numbers = {row.id: own_form(row.number) for row in rows}
    answered = answered_among(conn, batch, list(numbers.values()))
    people = [
        {"number": numbers[row.id], "name": row.recipient}
        | ({"text": spoken(row.text)} if personal else {})
        for row in rows
        if numbers[row.id] not in answered
    ]
    return rows[-1].id, people
