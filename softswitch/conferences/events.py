"""The durable facts of conferences."""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.clock import Millis
from softswitch.events import Fact, fact


@fact("room.changed", right="conference.read")
@dataclass(frozen=True, slots=True)
class RoomChanged(Fact):
    """A room was made, opened, locked, joined to another, closed, ...; ``what`` tells which."""

    room_id: str
    at: Millis
    what: str
    login: str = ""
    value: str = ""


@fact("room.member", right="conference.read")
@dataclass(frozen=True, slots=True)
class RoomMemberChanged(Fact):
    """A member of a room came into another state; ``call_id`` is the call of the leg, when there is one."""

    room_id: str
    at: Millis
    member_id: str
    number: str
    state: str
    cause: int = 0
    call_id: str = ""


@fact("roll.ended", right="conference.read")
@dataclass(frozen=True, slots=True)
class RollEnded(Fact):
    """A roll call or hunt is over; ``absent`` are those who did not answer."""

    roll_id: str
    room_id: str
    at: Millis
    state: str
    absent: tuple[str, ...] = ()


@fact("notice.person", right="conference.read")
@dataclass(frozen=True, slots=True)
class NoticePerson(Fact):
    """A row of the ledger of a notification changed: rung, confirmed, not reached, ..."""

    notice_id: str
    at: Millis
    person_id: str
    number: str
    state: str
    tries: int
    why: str = ""


@fact("notice.ended", right="conference.read")
@dataclass(frozen=True, slots=True)
class NoticeEnded(Fact):
    """Nobody is rung any more for a notification."""

    notice_id: str
    at: Millis
    state: str
