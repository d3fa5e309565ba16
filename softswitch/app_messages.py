"""What the layers ask of mass SMS, translated: orders, plans and the map do not know of campaigns."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from smsgateway.build import MassSms
from smsgateway.campaigns.model import Campaign, Plan
from smsgateway.model import Priority
from smsgateway.recipients.mobile import mobile
from smsgateway.recipients.model import Audience
from softswitch.calls.core import new_id

LONGEST_NAME = 40


class OrderMessages:
    """Orders to units: one message to one number."""

    def __init__(self, sms: MassSms) -> None:
        self._direct = sms.direct

    def number(self, text: str) -> str:
        """Return the one form of a number, or refuse it."""
        return mobile(text)

    async def ready(self) -> bool:
        """Tell whether there is a link."""
        return await self._direct.ready()

    async def send(self, message_id: str, number: str, text: str) -> None:
        """Queue an order, once."""
        await self._direct.send(message_id, number, text)

    async def lost(self, message_ids: Collection[str]) -> Mapping[str, str]:
        """Return which orders will not arrive any more."""
        return await self._direct.lost(message_ids)


class PlanMessages:
    """Steps of plans: a campaign of life safety under the id of the step's act."""

    def __init__(self, sms: MassSms) -> None:
        self._sms = sms

    async def ready(self) -> bool:
        """Tell whether there is a link."""
        return await self._sms.direct.ready()

    async def send(
        self, login: str, act_id: str, name: str, text: str, numbers: Sequence[str], *,
        language: str, incident_id: str, agreed: Sequence[str],
    ) -> str:  # fmt: skip
        """Send; who approved the run has approved the campaign too."""
        plan = _plan(name, text, language, incident_id)
        campaign = await self._sms.mailing.send(login, act_id, plan, numbers, agreed)
        return campaign.id

    async def stop(self, login: str, ref: str) -> None:
        """Send nothing more."""
        await self._sms.mailing.stop(login, ref)


class MapMessages:
    """Everybody in an area that was drawn: a campaign of life safety."""

    def __init__(self, sms: MassSms) -> None:
        self._sms = sms

    async def ready(self) -> bool:
        """Tell whether there is a link."""
        return await self._sms.direct.ready()

    async def send(
        self, login: str, _area: dict[str, Any], numbers: Sequence[str], text: str, incident_id: str
    ) -> dict[str, Any]:
        """Send; many people wait for a second person, and the answer tells so by its state."""
        plan = _plan(text, text, "zh", incident_id)
        return _told(await self._sms.mailing.send(login, new_id(), plan, numbers))


def _plan(name: str, text: str, language: str, incident_id: str) -> Plan:
    return Plan(
        name[:LONGEST_NAME], text, Audience(), Priority.LIFE_SAFETY, language=language,
        incident_id=incident_id,
    )  # fmt: skip


def _told(campaign: Campaign) -> dict[str, Any]:
    return {"campaign_id": campaign.id, "state": campaign.state.value, "people": campaign.people}
