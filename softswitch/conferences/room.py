"""A room and its members as the books keep them, and how they look on the screen. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from softswitch.clock import Millis
from softswitch.conferences.model import (
    PENDING,
    Hands,
    MemberState,
    RoomKind,
    RoomRole,
    RoomState,
    is_heard,
)


@dataclass(slots=True)
class RoomMember:
    """One who is in a room, is rung for it, or was."""

    id: str
    room_id: str
    number: str
    name: str = ""
    extension: str | None = None
    role: RoomRole = RoomRole.MEMBER
    state: MemberState = MemberState.QUEUED
    since: Millis = 0
    muted: bool = False
    floor: bool = False
    keep: bool = True
    """Ring again when the leg is lost."""
    auto_answer: bool = False
    invited: bool = True
    tries: int = 0
    cause: int = 0
    rung: int = 0
    """How often it was rung; the ids of its legs are made of this, so that a restart knows them."""
    rung_at: Millis = 0
    channel_id: str | None = None
    channel_name: str = ""
    """Of the same leg: the board may learn of it later than its room."""
    rings: set[str] = field(default_factory=set)
    heard: bool = True
    """What the switch was last told: False when the leg is muted."""
    recorded: bool = False
    talking: bool = False
    """What the switch told last of his voice; it is not kept over a restart."""

    @property
    def is_in(self) -> bool:
        """In the room now."""
        return self.state is MemberState.IN


@dataclass(slots=True)
class Room:
    """A conference room."""

    id: str
    number: str
    name: str
    kind: RoomKind = RoomKind.ADHOC
    pin: str = ""
    most: int = 50
    entry_tone: bool = True
    starts_at: Millis | None = None
    ends_at: Millis | None = None
    chairs: tuple[str, ...] = ()
    created_by: str = ""
    state: RoomState = RoomState.IDLE
    since: Millis = 0
    locked: bool = False
    lecture: bool = False
    recording: bool = False
    joined_to: str | None = None
    members: dict[str, RoomMember] = field(default_factory=dict)
    hands: Hands = field(default_factory=Hands)
    bridge_open: bool = False
    tone_at: Millis = 0

    @property
    def own_bridge(self) -> str:
        """The bridge of this room alone."""
        return f"room-{self.id}"

    @property
    def bridge_id(self) -> str:
        """Where its members are: in the own bridge, or in that of the room it is joined to."""
        return f"room-{self.joined_to or self.id}"

    @property
    def present(self) -> list[RoomMember]:
        """Who is in."""
        return [m for m in self.members.values() if m.is_in]

    @property
    def pending(self) -> list[RoomMember]:
        """Who is rung, or about to be."""
        return [m for m in self.members.values() if m.state in PENDING]

    def by_number(self, number: str) -> RoomMember | None:
        """Return the member with a number."""
        return next((m for m in self.members.values() if m.number == number), None)

    def heard(self, member: RoomMember) -> bool:
        """Whether the others shall hear a member."""
        return is_heard(member.role, muted=member.muted, lecture=self.lecture, floor=member.floor)

    def view(self) -> dict[str, Any]:
        """Return the room as the screens show it; who is in it is shown member by member."""
        return {
            "id": self.id,
            "number": self.number,
            "name": self.name,
            "kind": self.kind.value,
            "state": self.state.value,
            "since": self.since,
            "has_pin": bool(self.pin),
            "most": self.most,
            "entry_tone": self.entry_tone,
            "starts_at": self.starts_at,
            "ends_at": self.ends_at,
            "chairs": list(self.chairs),
            "created_by": self.created_by,
            "locked": self.locked,
            "lecture": self.lecture,
            "recording": self.recording,
            "joined_to": self.joined_to,
            "present": len(self.present),
            "pending": len(self.pending),
            "members": len(self.members),
            "hands": list(self.hands.queue),
        }

    def member_view(self, member: RoomMember) -> dict[str, Any]:
        """Return a member as the screens show him."""
        return {
            "id": member.id,
            "room_id": self.id,
            "number": member.number,
            "name": member.name,
            "extension": member.extension,
            "role": member.role.value,
            "state": member.state.value,
            "since": member.since,
            "muted": member.muted,
            "floor": member.floor,
            "heard": member.is_in and self.heard(member),
            "hand": self.hands.place(member.id),
            "tries": member.tries,
            "cause": member.cause,
            "auto_answer": member.auto_answer,
        }
