"""Durable facts of campaigns."""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.clock import Millis
from softswitch.events import Fact, fact


@fact("sms.campaign", right="sms.read")
@dataclass(frozen=True, slots=True)
class CampaignChanged(Fact):
    """A campaign came into another state: submitted, approved, running, paused, finished, ..."""

    campaign_id: str
    at: Millis
    state: str
    name: str
    people: int
    login: str = ""
    incident_id: str = ""


@fact("sms.reply", right="sms.read")
@dataclass(frozen=True, slots=True)
class HelpAsked(Fact):
    """A citizen answered that he needs help; a task to call him back was opened."""

    campaign_id: str
    at: Millis
    number: str
    text: str
    incident_id: str = ""
