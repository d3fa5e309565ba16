"""What a trunk, a circuit, a route and an attempt are: pure values.

A *trunk* is a group of circuits to one far end (PRI: all B channels behind one D channel; SS7: all circuits of one
linkset; SIP: as many calls as the carrier allows).  A *circuit* carries one call: a timeslot (ITU-T G.704), named by
its CIC (ITU-T Q.763, 3.5) on SS7, or one of the calls of a SIP trunk.  A *route* says which trunks reach a number, and
in which order; an *attempt* is one call set-up on one trunk.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from trunk.patterns import Pattern


class Kind(StrEnum):
    """How a trunk signals."""

    PRI = "pri"
    """ISDN primary rate (ITU-T Q.931, 30B+D)."""
    SS7 = "ss7"
    """Signalling System No. 7, ISUP (ITU-T Q.761 to Q.764)."""
    R2 = "r2"
    """MFC/R2 register signalling (ITU-T Q.400 to Q.490)."""
    SIP = "sip"
    """SIP (RFC 3261)."""


class Coding(StrEnum):
    """The line code of a span (ITU-T G.703)."""

    HDB3 = "hdb3"
    AMI = "ami"
    B8ZS = "b8zs"


class Framing(StrEnum):
    """The frame of a span: ``ccs`` (common channel) and ``cas`` (channel-associated) for E1, the others for T1."""

    CCS = "ccs"
    CAS = "cas"
    ESF = "esf"
    D4 = "d4"


@dataclass(frozen=True, slots=True)
class Span:
    """One 2M line (E1, 31 timeslots) or T1 (24) of a node, numbered from 1 as DAHDI numbers them.

    ``timing`` is the priority as a source of clock, 0: never; ``build_out`` DAHDI's code of the line's length.
    ``dynamic`` is DAHDI's address of a span without a card, for example ``loc,1:0``; empty: a card.
    """

    number: int
    node: str = "core"
    size: int = 31
    timing: int = 0
    build_out: int = 0
    framing: Framing = Framing.CCS
    coding: Coding = Coding.HDB3
    crc4: bool = False
    dynamic: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """A timeslot of a span."""

    span: int
    timeslot: int

    def __str__(self) -> str:
        return f"{self.span}:{self.timeslot}"


@dataclass(frozen=True, slots=True)
class Circuit:
    """What carries one call. ``id`` is unique among the circuits of all trunks and never reused for another."""

    id: str
    trunk: str
    slot: Slot | None = None
    cic: int | None = None
    channel: int | None = None
    """The number of DAHDI on its node."""


class Side(StrEnum):
    """Which end of an ISDN line we are (ITU-T Q.931): the exchange is the network, a PBX is the user."""

    USER = "user"
    NETWORK = "network"


@dataclass(frozen=True, slots=True)
class Pri:
    """ISDN primary rate: the variant, our side, the D channel and the B channels."""

    variant: str
    side: Side
    d_channel: Slot
    b_channels: tuple[Slot, ...]
    overlap: bool = False
    """Digits may come one by one (Q.931, 5.1.3) instead of all at once."""


@dataclass(frozen=True, slots=True)
class CircuitGroup:
    """Circuits to one destination point code: consecutive CICs from ``first_cic`` on."""

    slots: tuple[Slot, ...]
    first_cic: int
    destination: int
    """The destination point code of these circuits."""


@dataclass(frozen=True, slots=True)
class Ss7:
    """A linkset with its signalling links and circuits (ITU-T Q.704, Q.763).

    Point codes are numbers of ``code_bits`` bits: 14 (ITU) or 24 (ANSI).
    """

    variant: str
    own: int
    adjacent: int
    network_indicator: str
    links: tuple[Slot, ...]
    groups: tuple[CircuitGroup, ...]
    code_bits: int = 14


@dataclass(frozen=True, slots=True)
class R2:
    """MFC/R2: the country variant and the circuits; the bits of all of them are in timeslot 16."""

    variant: str
    slots: tuple[Slot, ...]
    max_ani: int = 20
    max_dnis: int = 20


class SipMode(StrEnum):
    """How a SIP trunk is known: by its address, or by a registration (RFC 3261, section 10)."""

    PEER = "peer"
    REGISTER = "register"
    ACCEPT = "accept"
    """The far end registers with us: a gateway of the directory."""


@dataclass(frozen=True, slots=True)
class Sip:
    """A SIP trunk; ``calls`` is how many it carries at once, ``options_seconds`` the period of its OPTIONS."""

    host: str
    port: int = 5060
    transport: str = "udp"
    mode: SipMode = SipMode.PEER
    username: str = ""
    secret: str = field(default="", repr=False)
    realm: str = ""
    from_domain: str = ""
    match: tuple[str, ...] = ()
    """Addresses and networks that its calls come from; empty: those of ``host``."""
    calls: int = 30
    options_seconds: int = 10
    codecs: tuple[str, ...] = ("alaw", "ulaw")
    srtp: bool = False
    ca: str = ""
    """PEM certificates, one of which signed the far end's, beside those that the machine trusts."""


class Hunt(StrEnum):
    """Where the search for a free circuit begins; the two ends of a trunk take opposite ends, against glare."""

    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Numbers of ``pattern`` lose ``strip`` digits in front and get ``prepend`` there."""

    pattern: Pattern
    strip: int = 0
    prepend: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one user or trunk may use; None: no limit."""

    calls: int | None = None
    """At once."""
    calls_per_hour: int | None = None
    minutes_per_day: int | None = None


@dataclass(frozen=True, slots=True)
class Trunk:
    """A group of circuits to one far end.

    ``reserved`` circuits of it are kept for precedence calls and emergency; ``out`` and ``inward`` translate the
    called number of calls that leave and that arrive; ``caller`` is presented in place of an extension's number
    (``X`` in it take the last digits of the extension); ``probe`` is a number that the far end always answers.
    """

    name: str
    line: Pri | Ss7 | R2 | Sip
    node: str = "core"
    enabled: bool = True
    hunt: Hunt = Hunt.UP
    reserved: int = 0
    out: tuple[Rewrite, ...] = ()
    inward: tuple[Rewrite, ...] = ()
    caller: str = ""
    category: str = "ordinary"
    probe: str = ""
    limits: Limits = Limits()

    @property
    def kind(self) -> Kind:
        """How it signals."""
        return _KINDS[type(self.line)]

    def slots(self) -> Iterator[tuple[Slot, int | None]]:
        """Give each timeslot that carries a call, with its CIC on SS7."""
        line = self.line
        if isinstance(line, Ss7):
            for group in line.groups:
                for index, slot in enumerate(group.slots):
                    yield slot, group.first_cic + index
        elif isinstance(line, Pri):
            yield from ((slot, None) for slot in line.b_channels)
        elif isinstance(line, R2):
            yield from ((slot, None) for slot in line.slots)

    @property
    def capacity(self) -> int:
        """How many calls it carries at once."""
        return self.line.calls if isinstance(self.line, Sip) else sum(1 for _ in self.slots())


_KINDS: dict[type, Kind] = {Pri: Kind.PRI, Ss7: Kind.SS7, R2: Kind.R2, Sip: Kind.SIP}


class Link(StrEnum):
    """How the core and a node speak with each other."""

    SIP = "sip"
    IAX2 = "iax2"
    """RFC 5456: it carries every cause of Q.850 as it is."""


@dataclass(frozen=True, slots=True)
class Node:
    """A switch with 2M lines of its own that the core reaches over SIP or IAX2; ``core`` itself has none of these."""

    name: str
    host: str = ""
    link: Link = Link.SIP
    sip_port: int = 5060
    iax_port: int = 4569
    ami_port: int = 5038
    secret: str = field(default="", repr=False)
    """With it each trunk of the node shows who it is, as an account of its own name; empty: by its address."""
    core: str = ""
    """The address at which the node reaches the core; its files can be made only with it."""
    core_port: int = 5060
    core_iax_port: int = 4569
    ami_user: str = ""
    ami_secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Step:
    """One trunk of a route. Lower ``order`` is tried first; within one order the ``weight`` divides the calls."""

    trunk: str
    order: int = 0
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Hours:
    """From ``start`` until ``end``, in minutes of the local day, on ``days`` (0: Monday)."""

    days: frozenset[int]
    start: int
    end: int

    def holds(self, weekday: int, minute: int) -> bool:
        """Tell whether a moment is inside; ``end`` before ``start`` goes over midnight."""
        if self.start < self.end:
            return weekday in self.days and self.start <= minute < self.end
        yesterday = (weekday - 1) % 7
        return (weekday in self.days and minute >= self.start) or (
            yesterday in self.days and minute < self.end
        )


@dataclass(frozen=True, slots=True)
class Route:
    """Which trunks reach the numbers of ``patterns``, for whom and when.

    Empty ``classes`` and ``hours`` mean all. ``precedence`` is the lowest level that may use it (4: everybody, 0:
    flash override alone). ``strip`` and ``prepend`` translate the number before the trunk's own rules do.
    """

    name: str
    patterns: tuple[Pattern, ...]
    steps: tuple[Step, ...]
    classes: frozenset[str] = frozenset()
    hours: tuple[Hours, ...] = ()
    precedence: int = 4
    strip: int = 0
    prepend: str = ""
    caller: str = ""
    category: str = ""


@dataclass(frozen=True, slots=True)
class CallerClass:
    """Who may call what: the extensions of ``members``; a number needs a pattern of ``allow`` and none of ``deny``.

    Empty ``allow``: every number. ``limits`` hold for each extension by itself.
    """

    name: str
    members: tuple[Pattern, ...]
    allow: tuple[Pattern, ...] = ()
    deny: tuple[Pattern, ...] = ()
    limits: Limits = Limits()


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything about trunks of one instance, as the operator wrote it."""

    nodes: tuple[Node, ...] = ()
    spans: tuple[Span, ...] = ()
    trunks: tuple[Trunk, ...] = ()
    routes: tuple[Route, ...] = ()
    classes: tuple[CallerClass, ...] = ()

    def trunk(self, name: str) -> Trunk | None:
        """Return a trunk by its name."""
        return next((trunk for trunk in self.trunks if trunk.name == name), None)

    def on_node(self, node: str) -> list[Trunk]:
        """Return the trunks of a node."""
        return [trunk for trunk in self.trunks if trunk.node == node]

    def number(self, trunk: Trunk) -> int:
        """Return the number of a trunk on its node, from 1: DAHDI's group, and the linkset on SS7."""
        return [each.name for each in self.on_node(trunk.node)].index(trunk.name) + 1

    def channel(self, node: str, slot: Slot) -> int:
        """Return DAHDI's number of a timeslot: the channels of all spans are counted in one row from 1."""
        before = sum(s.size for s in self.spans if s.node == node and s.number < slot.span)
        return before + slot.timeslot

    def circuits(self, trunk: Trunk) -> list[Circuit]:
        """Return what carries the calls of a trunk, in the order of their numbers."""
        if isinstance(trunk.line, Sip):
            return [Circuit(f"{trunk.name}/{n + 1}", trunk.name) for n in range(trunk.capacity)]
        return [
            Circuit(
                f"{trunk.name}/{cic if cic is not None else slot}",
                trunk.name,
                slot,
                cic,
                self.channel(trunk.node, slot),
            )
            for slot, cic in trunk.slots()
        ]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call set-up on one trunk: what is dialled there and who is shown as calling."""

    trunk: str
    number: str
    caller: str
    route: str
    category: str = "ordinary"
