"""What an operator writes about trunks, table by table; an unknown key is refused.

The words are told one by one in docs/reference/trunks.md.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from trunk.model import Coding, Framing, Hunt, Link, Side

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,23}$")]
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.:-]{0,252}$")]
Digits = Annotated[str, Field(pattern=r"^[0-9*#+]{0,24}$")]
Shown = Annotated[str, Field(pattern=r"^[0-9*#+]{0,20}X{0,8}$")]
Port = Annotated[int, Field(ge=1, le=65_535)]
Text = Annotated[str, Field(pattern=r"^[A-Za-z0-9._@%+~=-]{0,120}$")]
"""Account names, realms and secrets: what stands in a line of pjsip.conf must not end it."""

Category = Literal["ordinary", "priority", "operator", "test", "data", "payphone"]
"""The calling party's category (ITU-T Q.763, 3.11)."""


class Body(BaseModel):
    """A table in which every key is known and every value has its own type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class NodeBody(Body):
    """A switch with 2M lines of its own."""

    name: Name
    host: Host
    link: Annotated[Link, Field(strict=False)] = Link.SIP
    sip_port: Port = 5060
    iax_port: Port = 4569
    ami_port: Port = 5038
    secret: Text = Field("", repr=False)
    core: Host | Literal[""] = ""
    core_port: Port = 5060
    core_iax_port: Port = 4569
    ami_user: Text = ""
    ami_secret: Text = Field("", repr=False)


class SpanBody(Body):
    """One 2M line."""

    number: int = Field(ge=1, le=128)
    node: Name = "core"
    line: Literal["e1", "t1"] = "e1"
    timing: int = Field(0, ge=0, le=128)
    build_out: int = Field(0, ge=0, le=7)
    framing: Annotated[Framing, Field(strict=False)] | None = None
    coding: Annotated[Coding, Field(strict=False)] | None = None
    crc4: bool = False
    dynamic: str = Field("", pattern=r"^[A-Za-z0-9:/,.-]{0,80}$")


class CircuitsBody(Body):
    """Timeslots of one span; with their first CIC on SS7, and their destination when it is not the adjacent one."""

    span: int = Field(ge=1, le=128)
    timeslots: str = Field(pattern=r"^[0-9]{1,2}(-[0-9]{1,2})?(,[0-9]{1,2}(-[0-9]{1,2})?)*$")
    first_cic: int | None = Field(None, ge=0, le=16_383)
    destination: str | None = None


class RewriteBody(Body):
    """Numbers of ``pattern`` lose ``strip`` digits and get ``prepend``."""

    pattern: str
    strip: int = Field(0, ge=0, le=20)
    prepend: Digits = ""


class LimitsBody(Body):
    """What may be used; a key that is missing means no limit."""

    calls: Annotated[int, Field(ge=0, le=10_000)] | None = None
    calls_per_hour: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    minutes_per_day: Annotated[int, Field(ge=0, le=10_000_000)] | None = None


class TrunkBody(Body):
    """What every trunk has."""

    name: Name
    kind: Literal["pri", "ss7", "r2", "sip"]
    node: Name = "core"
    enabled: bool = True
    hunt: Annotated[Hunt, Field(strict=False)] = Hunt.UP
    reserved: int = Field(0, ge=0, le=10_000)
    out: list[RewriteBody] = []
    inward: list[RewriteBody] = []
    caller: Shown = ""
    category: Category = "ordinary"
    probe: Digits = ""
    limits: LimitsBody = LimitsBody()


class PriBody(TrunkBody):
    """ISDN primary rate."""

    variant: str = "euroisdn"
    side: Annotated[Side, Field(strict=False)] = Side.USER
    d_channel: str
    circuits: list[CircuitsBody] = Field(min_length=1)
    overlap: bool = False


class Ss7Body(TrunkBody):
    """SS7/ISUP."""

    variant: str = "itu"
    point_code: str
    adjacent: str
    network: Literal["national", "national_spare", "international", "international_spare"] = (
        "national"
    )
    links: list[str] = Field(min_length=1, max_length=16)
    circuits: list[CircuitsBody] = Field(min_length=1)


class R2Body(TrunkBody):
    """MFC/R2."""

    variant: str = "itu"
    circuits: list[CircuitsBody] = Field(min_length=1)
    max_ani: int = Field(20, ge=0, le=32)
    max_dnis: int = Field(20, ge=1, le=32)


class SipBody(TrunkBody):
    """SIP."""

    host: Host
    port: Port | None = None
    transport: Literal["udp", "tcp", "tls"] = "udp"
    mode: Literal["peer", "register"] = "peer"
    username: Text = ""
    secret: Text = Field("", repr=False)
    realm: Text = ""
    from_domain: Text = ""
    match: list[Annotated[str, Field(pattern=r"^[A-Za-z0-9.:/-]{1,80}$")]] = []
    calls: int = Field(30, ge=1, le=10_000)
    options_seconds: int = Field(10, ge=1, le=20)
    codecs: list[Literal["alaw", "ulaw", "g722", "gsm", "opus"]] = ["alaw", "ulaw"]
    srtp: bool = False
    ca: str = Field("", max_length=100_000)


class StepBody(Body):
    """One trunk of a route."""

    trunk: Name
    order: int = Field(0, ge=0, le=99)
    weight: int = Field(1, ge=1, le=1_000)


class RouteBody(Body):
    """Which trunks reach which numbers. ``to`` names trunks in order, or gives order and weight of each."""

    name: Name
    patterns: list[str] = Field(min_length=1, max_length=1_000)
    to: list[str | StepBody] = Field(min_length=1, max_length=32)
    classes: list[Name] = []
    hours: list[str] = []
    precedence: int = Field(4, ge=0, le=4)
    strip: int = Field(0, ge=0, le=20)
    prepend: Digits = ""
    caller: Shown = ""
    category: Category | Literal[""] = ""


class ClassBody(Body):
    """Who may call what."""

    name: Name
    members: list[str] = Field(min_length=1)
    allow: list[str] = []
    deny: list[str] = []
    limits: LimitsBody = LimitsBody()


TRUNKS: dict[str, type[TrunkBody]] = {
    "pri": PriBody,
    "ss7": Ss7Body,
    "r2": R2Body,
    "sip": SipBody,
}
