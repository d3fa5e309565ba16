"""A call under dispatch: who is in it, who is being rung for it, and why. Pure data and decisions."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from softswitch.calls.category import Category
from softswitch.calls.model import CallKind, Role
from softswitch.clock import Millis


class Purpose(StrEnum):
    """Why phones are rung for a call; it decides what happens when one answers, or none does."""

    OFFER = "offer"  # a waiting emergency call is offered to a desk
    TAKE = "take"  # a dispatcher took the call; his own phone is rung and answers by itself
    DUTY = "duty"  # nobody answered at the desks: the duty mobile
    NIGHT = "night"  # night service: the number that takes emergency calls while the desks are off
    DESK = "desk"  # the own phone of one who dials
    TARGET = "target"  # the number that he dialled
    INTERCOM = "intercom"  # the same, and that phone answers by itself after a tone
    TRANSFER = "transfer"  # blind transfer
    RECALL = "recall"  # back to the one who transferred, because nobody answered
    CONSULT = "consult"  # the other party of an attended transfer
    TAKEOVER = "takeover"
    RETRIEVE = "retrieve"


@dataclass(slots=True)
class Member:
    """A channel that takes part in the call."""

    channel_id: str
    role: Role
    extension: str | None = None
    number: str = ""
    name: str = ""
    answered: bool = True
    joined: bool = False
    """In the bridge of the call (False: beside it, on hold or waiting)."""


@dataclass(slots=True)
class Ring:
    """Phones that ring for one purpose; the first to answer wins and the others stop."""

    id: str
    call_id: str
    purpose: Purpose
    number: str
    extension: str | None = None
    role: Role = Role.DESK
    channel_ids: set[str] = field(default_factory=set)
    winner: str | None = None
    last_cause: int = 0
    by: str | None = None
    """The extension on whose behalf it rings: the one who dials, transfers or consults."""
    replaces: str | None = None
    """The channel that goes when this one comes (takeover)."""
    next_number: str = ""
    """The number to ring next (dialling: first the own phone, then this)."""
    then: Purpose = Purpose.TARGET
    """Why the next number is rung."""


@dataclass(slots=True)
class DispatchCall:
    """What dispatch knows of a call beyond what the switch tells."""

    id: str
    kind: CallKind
    created_at: Millis
    digits: str | None = None
    number: str = ""
    name: str = ""
    category: Category | None = None
    """Of the calling party, where the trunk told it."""
    tells_place: bool = False
    """Its INVITE has a header Geolocation (RFC 6442)."""
    members: dict[str, Member] = field(default_factory=dict)
    rings: dict[str, Ring] = field(default_factory=dict)
    bridge_open: bool = False
    owner: str | None = None
    held_by: str | None = None
    parked_at: str | None = None
    parked_by: str | None = None
    consult: Consult | None = None
    task_id: str | None = None
    connected: bool = False
    """Two parties have talked in it."""

    @property
    def bridge_id(self) -> str:
        """The bridge of the call."""
        return f"call-{self.id}"

    @property
    def joined(self) -> list[Member]:
        """The members in the bridge."""
        return [member for member in self.members.values() if member.joined]

    @property
    def caller(self) -> Member | None:
        """The one who called, while he is there."""
        return next((m for m in self.members.values() if m.role is Role.CALLER), None)

    def desk_leg(self, extension: str) -> Member | None:
        """Return the leg of an extension in this call."""
        return next((m for m in self.members.values() if m.extension == extension), None)

    def others(self, channel_id: str) -> list[Member]:
        """Return the members other than one, without the consulted party."""
        aside = self.consult.channel_id if self.consult else None
        return [m for m in self.members.values() if m.channel_id not in (channel_id, aside)]


@dataclass(slots=True)
class Consult:
    """An attended transfer in progress: ``by`` talks to ``number`` while the rest of the call waits."""

    by: str
    number: str
    desk_channel_id: str
    channel_id: str | None = None

    def bridge_id(self, call_id: str) -> str:
        """The bridge of the consultation."""
        return f"consult-{call_id}"


class Departure(StrEnum):
    """What becomes of a call when one leaves it."""

    GOES_ON = "goes on"
    WAITS_AGAIN = "waits again"
    LAST_ONE_ENDS = "last one ends"
    IS_OVER = "is over"


NORMAL_CAUSES = frozenset({0, 16})
"""Q.850: 16 normal call clearing; 0: the switch told none."""


def after_departure(call: DispatchCall, left: Member, cause: int) -> Departure:
    """Decide what becomes of a call that ``left`` has just left (it is no member any more).

    An emergency caller whose desk vanished without hanging up (power, network, browser crash) waits again at
    the head of his class; he is not cleared.
    """
    if not call.members:
        return Departure.IS_OVER
    if call.rings:
        return Departure.GOES_ON
    if len(call.members) > 1:
        return Departure.GOES_ON
    if call.parked_at is not None:
        return Departure.GOES_ON
    caller = call.caller
    if (
        caller is not None
        and call.kind is CallKind.EMERGENCY
        and left.role is not Role.CALLER
        and cause not in NORMAL_CAUSES
    ):
        return Departure.WAITS_AGAIN
    return Departure.LAST_ONE_ENDS
