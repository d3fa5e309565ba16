"""What the HTTP API of mass SMS takes."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from smsgateway.campaigns import model
from smsgateway.campaigns.model import Plan
from smsgateway.links.model import Bind, Protocol, ReceiptIds
from smsgateway.model import Priority
from smsgateway.recipients.model import Audience
from smsgateway.text.segments import Joining
from softswitch.clock import LATEST, Millis

LARGEST_ID = (1 << 63) - 1
"""What a column holds."""

Json = dict[str, Any]
CampaignId = Annotated[str, Field(pattern=r"^[a-f0-9]{1,32}$")]
Instant = Annotated[Millis, Field(ge=0, le=LATEST)]
Text = Annotated[str, Field(max_length=4_000)]
Key = Annotated[str, Field(max_length=64)]


class Body(BaseModel):
    """Nothing that is not known."""

    model_config = ConfigDict(extra="forbid")


class People(Body):
    """Whom to send to: lists (chosen from by areas, name and shape), groups, numbers."""

    lists: list[Key] = Field(default_factory=list, max_length=20)
    areas: list[Key] = Field(default_factory=list, max_length=200)
    name: str = Field("", max_length=64)
    shape: dict[str, Any] | None = None
    groups: list[Key] = Field(default_factory=list, max_length=50)
    numbers: list[Annotated[str, Field(max_length=40)]] = Field(
        default_factory=list, max_length=2_000
    )

    def audience(self) -> Audience:
        """Return it as a value."""
        return Audience(
            tuple(self.lists), tuple(self.areas), self.name, self.shape, tuple(self.groups),
            tuple(self.numbers),
        )  # fmt: skip


class NewCampaign(Body):
    """What a campaign is to be."""

    name: str = Field(max_length=200)
    text: Text
    audience: People
    priority: Literal["life_safety", "urgent", "normal", "bulk"] = "normal"
    exercise: bool = False
    advertising: bool = False
    starts_at: Instant | None = None
    validity_minutes: int = 240
    voice_after_minutes: int | None = None
    language: Literal["zh", "en"] = "zh"
    personal: bool = False
    incident_id: str = Field("", pattern=r"^[a-f0-9]{0,32}$")

    def plan(self) -> Plan:
        """Return it as a value."""
        wait = self.voice_after_minutes
        return Plan(
            self.name.strip(), self.text, self.audience.audience(),
            Priority[self.priority.upper()], self.exercise, self.advertising, self.starts_at,
            self.validity_minutes * model.MINUTE,
            None if wait is None else wait * model.MINUTE, self.language,
            personal=self.personal, incident_id=self.incident_id,
        )  # fmt: skip


class PreviewAsked(Body):
    """A text, and how many people it would go to; a ``personal`` one is shown as the first of ``audience`` gets it."""

    text: Text
    exercise: bool = False
    advertising: bool = False
    language: Literal["zh", "en"] = "zh"
    recipients: int = Field(1, ge=0, le=100_000_000)
    personal: bool = False
    audience: People | None = None


class CountAsked(Body):
    """An audience to count; with a ``text`` that differs from person to person, those for whom it can be filled."""

    audience: People
    life_safety: bool = False
    text: Text = ""


class Number(Body):
    """Where to send a test."""

    number: str = Field(max_length=40)


class Doubt(Body):
    """What becomes of messages that may have gone out."""

    resend: bool


class NewRules(Body):
    """What holds for every campaign. ``price``: thousandths of the currency for a part."""

    approval_size: int
    signature: str = Field("", max_length=40)
    sender: str = Field("", max_length=20)
    price: int = 0
    joining: Joining = Joining.UDH8


class NewTemplate(Body):
    """A text with typed fields."""

    name: str = Field(max_length=200)
    text: Text


class Values(Body):
    """What to fill into a template."""

    values: dict[str, Annotated[str, Field(max_length=400)]] = Field(
        default_factory=dict, max_length=50
    )


class Blocked(Body):
    """Who may not be sent to. ``opt_out``: only where lives are at stake."""

    number: str = Field(max_length=40)
    kind: Literal["blacklist", "opt_out"] = "blacklist"
    why: str = Field("", max_length=200)


class RouteBody(Body):
    """Numbers that begin so may go over the link, for this price a part (thousandths)."""

    prefix: str = Field("", max_length=20)
    cost: int = 0


class NewLink(Body):
    """A message centre. ``window`` in parts under way, ``rate`` in parts a second (0: as fast as it goes)."""

    name: str = Field(max_length=32)
    host: str = Field(max_length=253)
    port: int
    system_id: str = Field(max_length=64)
    password: str = Field(max_length=64)
    protocol: Protocol = Protocol.SMPP
    bind: Bind = Bind.TRANSCEIVER
    system_type: str = Field("", max_length=64)
    tls: bool = False
    tls_verify: bool = True
    tls_ca: str = Field("", max_length=500)
    window: int = 10
    rate: float = 0.0
    enquire_seconds: float = 30.0
    response_seconds: float = 10.0
    sender: str = Field("", max_length=20)
    service: str = Field("", max_length=64)
    receipt_ids: ReceiptIds = ReceiptIds.AUTO
    exercise: bool = False
    enabled: bool = True
    routes: list[RouteBody] = Field(
        default_factory=lambda: [RouteBody(prefix="")], max_length=2_000
    )


class LinkChange(Body):
    """What shall be otherwise; what is not given stays."""

    host: str | None = Field(None, max_length=253)
    port: int | None = None
    system_id: str | None = Field(None, max_length=64)
    password: str | None = Field(None, max_length=64)
    window: int | None = None
    rate: float | None = None
    sender: str | None = Field(None, max_length=20)
    exercise: bool | None = None
    enabled: bool | None = None
    paused: bool | None = None
    routes: list[RouteBody] | None = Field(None, max_length=2_000)
