"""A campaign as values and decisions: what may follow what, who must approve, what is sent. No I/O.

    draft → approval → scheduled → preparing → running ⇄ paused → finished
              └──────→ draft                └── cancelled from every state before ``finished``

``preparing``: its messages are being put into the queue; nothing has gone out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from smsgateway.model import DoubtPolicy, Priority
from smsgateway.recipients.model import Audience
from smsgateway.text.segments import Joining, check
from smsgateway.text.signature import signature, signed
from smsgateway.text.templates import parse
from softswitch import numbers
from softswitch.clock import LATEST, Millis
from softswitch.errors import Refusal, conflict, forbidden, invalid

MINUTE: Millis = 60_000
SHORTEST_VALIDITY, LONGEST_VALIDITY = 5 * MINUTE, 7 * 24 * 60 * MINUTE
LONGEST_VOICE_WAIT: Millis = 24 * 60 * MINUTE


class CampaignState(StrEnum):
    """Where a campaign stands."""

    DRAFT = "draft"
    APPROVAL = "approval"
    SCHEDULED = "scheduled"
    PREPARING = "preparing"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"


OVER = frozenset({CampaignState.FINISHED, CampaignState.CANCELLED})
SENDING = frozenset({CampaignState.PREPARING, CampaignState.RUNNING, CampaignState.PAUSED})
UNSENT = frozenset({CampaignState.DRAFT, CampaignState.APPROVAL, CampaignState.SCHEDULED})


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for every campaign. ``price``: thousandths of the currency for a part."""

    approval_size: int = 1_000
    """More people than this need a second person."""

    signature: str = ""
    sender: str = ""
    price: int = 0
    joining: Joining = Joining.UDH8

    def as_json(self) -> dict[str, Any]:
        """Return them as the API shows them."""
        return {
            "approval_size": self.approval_size, "signature": self.signature,
            "sender": self.sender, "price": self.price, "joining": self.joining.value,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """What a campaign is to be, as people write it."""

    name: str
    text: str
    audience: Audience
    priority: Priority = Priority.NORMAL
    exercise: bool = False
    advertising: bool = False
    """Carriers ask for the words of opting out."""

    starts_at: Millis | None = None
    validity: Millis = 4 * 60 * MINUTE
    """From the beginning; what has not arrived then is of no use any more."""

    voice_after: Millis | None = None
    """Who has no receipt so long after the beginning is called; None: nobody is."""

    language: str = "zh"
    """Of the voice."""

    alert: str = ""
    """The CAP alert that it was drafted from."""

    personal: bool = False
    """The text is a template, filled for each person from the columns of the list."""

    incident_id: str = ""
    """The incident that it is sent for: it stands in the timeline there."""


@dataclass(slots=True)
class Campaign:
    """A campaign as it is stored."""

    id: str
    plan: Plan
    login: str
    created_at: Millis
    state: CampaignState = CampaignState.DRAFT
    submitted_by: str = ""
    approved_by: str = ""
    began_at: Millis | None = None
    ended_at: Millis | None = None
    batch: str = ""
    """The key of its messages in the queue."""

    tally: dict[str, Any] = field(default_factory=dict)
    """Who was found, and who was left out."""

    parts: int = 0
    tests: int = 0
    voice: str = ""
    """Empty, ``done``, or why nobody is called."""

    notices: tuple[str, ...] = ()
    """Notifications by voice that were begun for it."""

    @property
    def people(self) -> int:
        """How many people it goes to, once they were counted."""
        return int(self.tally.get("people", 0))

    @property
    def expires_at(self) -> Millis | None:
        """Until when its messages are valid, once it has begun."""
        return None if self.began_at is None else self.began_at + self.plan.validity

    @property
    def doubt(self) -> DoubtPolicy:
        """Where lives are at stake, rather twice than never."""
        life = self.plan.priority is Priority.LIFE_SAFETY
        return DoubtPolicy.RESEND if life else DoubtPolicy.ASK


def checked(plan: Plan, at: Millis) -> Plan:
    """Return a plan with tidy words, or refuse it. The audience is checked by the chooser."""
    name = numbers.plain_text(plan.name, "name")
    if not name:
        raise invalid("no_name", "The campaign has no name.", "Give one.", field="name")
    check(plan.text)
    if not SHORTEST_VALIDITY <= plan.validity <= LONGEST_VALIDITY:
        raise invalid(
            "bad_validity", "The validity is out of range.", "Give 5 minutes to 7 days.",
            field="validity_minutes",
        )  # fmt: skip
    if plan.starts_at is not None and not at - MINUTE <= plan.starts_at <= LATEST:
        raise invalid(
            "in_the_past", "The campaign would begin in the past.",
            "Give a later time, or none to begin at once.", field="starts_at",
        )  # fmt: skip
    if plan.voice_after is not None and not MINUTE <= plan.voice_after <= LONGEST_VOICE_WAIT:
        raise invalid(
            "bad_voice_after", "The wait before people are called is out of range.",
            "Give 1 minute to a day.", field="voice_after_minutes",
        )  # fmt: skip
    if plan.personal:
        _check_personal(plan)
    if plan.exercise and plan.priority is Priority.LIFE_SAFETY:
        raise invalid(
            "exercise_priority", "An exercise cannot overtake what saves lives.",
            "Give it another priority.", field="priority",
        )  # fmt: skip
    if plan.advertising and plan.priority is Priority.LIFE_SAFETY:
        raise invalid(
            "advertising_priority", "Advertising saves no lives.",
            "Give it another priority.", field="priority",
        )  # fmt: skip
    return plan


def _check_personal(plan: Plan) -> None:
    if not parse(plan.text).fields:
        raise invalid(
            "no_fields", "The text has no fields.",
            "Name columns of the list in braces, or send one text to everybody.", field="text",
        )  # fmt: skip


def sent_text(plan: Plan, rules: Rules) -> str:
    """Return the text as phones show it. An exercise says so in its first words."""
    body = plan.text.strip()
    if plan.exercise and not body.startswith(("演习", "EXERCISE")):
        body = f"演习：{body}" if plan.language == "zh" else f"EXERCISE: {body}"
    return check(signed(body, signature(rules.signature), opt_out=plan.advertising))


def check_rules(rules: Rules) -> Rules:
    """Return rules that can hold, or refuse them."""
    if not 0 <= rules.approval_size <= 10_000_000:
        raise invalid(
            "bad_approval_size", f"{rules.approval_size} is no size.", "Give 0 to 10000000.",
            field="approval_size",
        )  # fmt: skip
    if not 0 <= rules.price <= 1_000_000:
        raise invalid(
            "bad_price", f"{rules.price} is no price.", "Give thousandths: 45 for 0.045.",
            field="price",
        )  # fmt: skip
    if rules.sender and not (rules.sender.isascii() and rules.sender.isalnum()):
        raise invalid(
            "bad_sender", "The sender holds other than digits and letters.",
            "Give the number that the carrier gave you, for example 1069012345.", field="sender",
        )  # fmt: skip
    signature(rules.signature)
    return rules


# ---- what may follow what


def needs_approval(campaign: Campaign, rules: Rules) -> bool:
    """Return whether a second person must approve. An exercise reaches nobody outside."""
    return not campaign.plan.exercise and campaign.people > rules.approval_size


def check_may_change(campaign: Campaign) -> None:
    """Only a draft is changed: what was approved is what is sent."""
    if campaign.state is not CampaignState.DRAFT:
        raise _wrong_state(campaign, "Withdraw it first, or make a copy.")


def check_may_submit(campaign: Campaign) -> None:
    """Only a draft is submitted."""
    if campaign.state is not CampaignState.DRAFT:
        raise _wrong_state(campaign, "Look at the list: somebody was quicker.")


def check_is_same(campaign: Campaign, plan: Plan) -> None:
    """What was counted is what is sent."""
    if campaign.plan != plan:
        raise conflict(
            "campaign_changed", f"Somebody has changed the campaign {plan.name} meanwhile.",
            "Look at it again, then submit it.",
        )  # fmt: skip


def check_may_approve(campaign: Campaign, login: str) -> None:
    """A second person approves: neither who wrote it nor who submitted it."""
    if campaign.state is not CampaignState.APPROVAL:
        raise _wrong_state(campaign, "Only what waits for approval can be approved.")
    if login in {campaign.login, campaign.submitted_by}:
        raise forbidden(
            "same_person", f"{login} wrote or submitted this campaign.",
            "Another person has to approve it.",
        )  # fmt: skip


def check_may_withdraw(campaign: Campaign) -> None:
    """What has not begun goes back to the draft."""
    if campaign.state not in {CampaignState.APPROVAL, CampaignState.SCHEDULED}:
        raise _wrong_state(campaign, "It can be paused or cancelled.")


def check_may_pause(campaign: Campaign) -> None:
    """Only what runs is paused."""
    if campaign.state is not CampaignState.RUNNING:
        raise _wrong_state(campaign, "Only a running campaign can be paused.")


def check_may_resume(campaign: Campaign) -> None:
    """Only what is paused goes on."""
    if campaign.state is not CampaignState.PAUSED:
        raise _wrong_state(campaign, "Only a paused campaign can go on.")


def check_may_cancel(campaign: Campaign) -> None:
    """What is over cannot be cancelled: a sent message comes back from no phone."""
    if campaign.state in OVER:
        raise _wrong_state(campaign, "What was sent cannot be taken back; send another message.")


def _wrong_state(campaign: Campaign, next_step: str) -> Refusal:
    return conflict(
        "wrong_campaign_state", f"The campaign {campaign.plan.name} is {campaign.state}.", next_step
    )


# ---- how it looks


def plan_json(plan: Plan) -> dict[str, Any]:
    """Return a plan as it is stored and shown."""
    return {
        "name": plan.name, "text": plan.text, "audience": plan.audience.as_json(),
        "priority": plan.priority.name.lower(), "exercise": plan.exercise,
        "advertising": plan.advertising, "starts_at": plan.starts_at, "validity": plan.validity,
        "voice_after": plan.voice_after, "language": plan.language, "alert": plan.alert,
        "incident_id": plan.incident_id, "personal": plan.personal,
    }  # fmt: skip


def plan_from_json(value: Mapping[str, Any]) -> Plan:
    """Return what :func:`plan_json` described."""
    audience = Audience.from_json(value["audience"])
    priority = Priority[value["priority"].upper()]
    return Plan(**{**value, "audience": audience, "priority": priority})


def view(campaign: Campaign) -> dict[str, Any]:
    """Return a campaign as the API and the screens show it."""
    return {
        **plan_json(campaign.plan),
        "id": campaign.id, "state": campaign.state.value, "login": campaign.login,
        "created_at": campaign.created_at, "submitted_by": campaign.submitted_by,
        "approved_by": campaign.approved_by, "began_at": campaign.began_at,
        "expires_at": campaign.expires_at, "ended_at": campaign.ended_at,
        "people": campaign.people, "parts": campaign.parts, "tally": campaign.tally,
        "voice": campaign.voice, "notices": list(campaign.notices),
    }  # fmt: skip


def nobody_left() -> Refusal:
    """Return the refusal of an audience in which nobody is left."""
    return invalid(
        "nobody_left",
        "Nobody is left to send to.",
        "Look at the count: who is outside of the area, blocked or has no mobile number.",
        field="audience",
    )


def too_many_tests(most: int) -> Refusal:
    """Return the refusal of one more test message."""
    return conflict(
        "too_many_tests", f"{most} test messages were sent for this campaign.", "Make a copy of it."
    )
