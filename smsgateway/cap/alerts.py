"""Alerts in: each drafts a campaign that a person looks at. Alerts out: a campaign as other systems read it.

What is Actual drafts a campaign, what is an Exercise drafts one that can reach no live link, and a Test, a System
message or a Draft drafts none.  An Update or Cancel withdraws what earlier alerts drafted and nobody has sent yet;
what was sent cannot be taken back, so a Cancel drafts the all-clear to the same area.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from smsgateway.campaigns.model import LONGEST_VALIDITY, SHORTEST_VALIDITY, UNSENT, Campaign, Plan
from smsgateway.campaigns.service import Campaigns
from smsgateway.cap import store
from smsgateway.cap.model import Alert, Info, Kind, Reference, Status, message_of, urgent
from smsgateway.cap.places import area_of_places, place_of_area
from smsgateway.cap.read import parse
from smsgateway.cap.write import cap_time, document
from smsgateway.model import Priority
from smsgateway.recipients.area import area_of
from smsgateway.recipients.model import Audience
from softswitch.clock import Clock, Millis, now
from softswitch.errors import Refusal, conflict, not_found
from softswitch.store.database import Database

MOST_TEXT = 500
_FOUR_HOURS: Millis = 4 * 3_600_000


class Alerts:
    """CAP in and out. ``registry`` names the list of citizens that areas choose from."""

    def __init__(self, db: Database, campaigns: Campaigns, clock: Clock = now) -> None:
        self._db = db
        self._campaigns = campaigns
        self._clock = clock

    async def take(self, login: str, data: bytes, registry: str) -> store.Row:
        """Take in an alert; the same one again changes nothing. Refuses ``bad_cap`` and what a draft refuses."""
        alert = parse(data)
        alert_id = store.id_of(alert.key)
        known = await self._db.read(store.one, alert_id)
        if known is not None:
            known.pop("document")
            return known
        earlier = await self._earlier(alert.references)
        withdrawn = sent = 0
        if alert.kind in {Kind.UPDATE, Kind.CANCEL} and _drafts(alert):
            withdrawn, sent = await self._withdraw(login, earlier, alert)
        outcome, campaign_id = await self._draft(login, alert, alert_id, registry, sent)
        if outcome == "kept" and withdrawn:
            outcome = "withdrawn"
        at = self._clock()
        return await self._db.write(store.add, login, alert, data, outcome, campaign_id, at)

    async def _draft(
        self, login: str, alert: Alert, alert_id: str, registry: str, sent: int
    ) -> tuple[str, str]:
        info = alert.info()
        wanted = alert.kind in {Kind.ALERT, Kind.UPDATE} or (alert.kind is Kind.CANCEL and sent)
        if not wanted or info is None or not _drafts(alert):
            return "kept", ""
        plan = plan_of(alert, info, alert_id, registry, self._clock())
        campaign = await self._campaigns.create(login, plan, key=alert_id)
        return "drafted", campaign.id

    async def _earlier(self, references: Sequence[Reference]) -> list[Campaign]:
        ids = [store.id_of(each) for each in references]
        found = await self._db.read(store.campaigns_of, ids)
        earlier = []
        for campaign_id in found:
            with contextlib.suppress(Refusal):  # a draft that somebody removed
                earlier.append(await self._campaigns.one(campaign_id))
        return earlier

    async def _withdraw(
        self, login: str, earlier: Sequence[Campaign], alert: Alert
    ) -> tuple[int, int]:
        """An exercise withdraws exercises only: it must never stop a real warning."""
        withdrawn = sent = 0
        for campaign in earlier:
            if campaign.plan.exercise != (alert.status is Status.EXERCISE):
                continue
            if campaign.state in UNSENT:
                await self._campaigns.cancel(login, campaign.id)
                withdrawn += 1
            elif campaign.began_at is not None:
                sent += 1
        return withdrawn, sent

    async def write(
        self, campaign: Campaign, kind: Kind, sender: str, references: Sequence[Reference] = ()
    ) -> bytes:
        """Return a campaign as a CAP document. Refuses ``campaign_not_begun`` and ``bad_cap``."""
        if campaign.began_at is None:
            raise conflict(
                "campaign_not_begun", f"The campaign {campaign.plan.name} has not begun.",
                "Other systems are told of what was sent: submit it first.",
            )  # fmt: skip
        return document(alert_of(campaign, kind, sender, self._clock(), references))

    async def page(self, limit: int) -> list[store.Row]:
        """Return alerts, the newest first, without their documents."""
        return await self._db.read(store.page, limit)

    async def one(self, alert_id: str) -> store.Row:
        """Return an alert with its document, or refuse (``alert_not_found``)."""
        row = await self._db.read(store.one, alert_id)
        if row is None:
            raise not_found("alert", alert_id, "Look at the list of alerts.")
        return row


def _drafts(alert: Alert) -> bool:
    return alert.status in {Status.ACTUAL, Status.EXERCISE}


def plan_of(alert: Alert, info: Info, alert_id: str, registry: str, at: Millis) -> Plan:
    """Return the draft of a campaign: the area of all languages' infos, the text of one."""
    area = area_of_places([place for each in alert.infos for place in each.places])
    exercise = alert.status is Status.EXERCISE
    life = urgent(alert.infos) and not exercise and alert.kind is not Kind.CANCEL
    left = _FOUR_HOURS if info.expires is None else info.expires - at
    return Plan(
        name=(info.headline or info.event)[:200],
        text=message_of(info, MOST_TEXT),
        audience=Audience(
            lists=(registry,),
            areas=() if area is not None else _names(info),
            shape=area.as_geojson() if area is not None else None,
        ),
        priority=Priority.LIFE_SAFETY if life else Priority.NORMAL,
        exercise=exercise,
        validity=max(SHORTEST_VALIDITY, min(left, LONGEST_VALIDITY)),
        language="zh" if info.language.lower().startswith("zh") else "en",
        alert=alert_id,
    )


def _names(info: Info) -> tuple[str, ...]:
    """An alert without a shape names its areas in words."""
    return tuple(place.description for place in info.places)


def alert_of(
    campaign: Campaign, kind: Kind, sender: str, at: Millis, references: Sequence[Reference] = ()
) -> Alert:
    """Return a campaign that was sent as an alert; an Update or Cancel refers to its Alert."""
    plan = campaign.plan
    life = plan.priority is Priority.LIFE_SAFETY
    shape = plan.audience.shape
    words = "、".join(plan.audience.areas or plan.audience.lists) or plan.name
    places = () if shape is None else (place_of_area(area_of(shape), words),)
    began = campaign.began_at or at
    info = Info(
        event=plan.name,
        urgency="Past" if kind is Kind.CANCEL else "Immediate" if life else "Expected",
        severity="Severe" if life else "Unknown",
        certainty="Likely" if life else "Unknown",
        language="zh-CN" if plan.language == "zh" else "en-US",
        effective=began,
        expires=began + plan.validity,
        headline=plan.name,
        description=plan.text,
        places=places,
    )
    own = Reference(sender, campaign.id, cap_time(began))
    is_first = kind is Kind.ALERT
    return Alert(
        identifier=campaign.id if is_first else f"{campaign.id}-{kind.value.lower()}-{at}",
        sender=sender,
        sent=own.sent if is_first else cap_time(at),
        status=Status.EXERCISE if plan.exercise else Status.ACTUAL,
        kind=kind,
        note="演习 EXERCISE" if plan.exercise else "",
        references=tuple(references) if is_first else (own, *references),
        infos=(info,),
    )
