"""Pure values and decisions of conferences: who may come in, who is heard, whose hand is next, when to ring again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from softswitch.clock import Millis

MOST_MEMBERS = 120
"""A group call of 100, and some more."""


class RoomKind(StrEnum):
    """How long a room lasts."""

    ADHOC = "adhoc"  # ends with its last member
    FIXED = "fixed"  # stays until it is removed
    SCHEDULED = "scheduled"  # open between two instants


class RoomState(StrEnum):
    """Whether people are in a room."""

    IDLE = "idle"
    OPEN = "open"
    CLOSED = "closed"


class RoomRole(StrEnum):
    """The part that a member plays."""

    CHAIR = "chair"  # is always heard and may press the keys of the chair
    SPEAKER = "speaker"  # is heard in a lecture
    MEMBER = "member"  # is not heard in a lecture until given the floor
    LISTENER = "listener"  # is heard only when given the floor


class MemberState(StrEnum):
    """What is known of a member at this moment."""

    QUEUED = "queued"  # will be rung as soon as the pace allows
    RINGING = "ringing"
    IN = "in"
    DROPPED = "dropped"  # lost without hanging up
    LEFT = "left"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    UNREACHABLE = "unreachable"  # no phone, no line, out of order
    DEAD_NUMBER = "dead_number"  # the network does not know the number
    REFUSED = "refused"
    KICKED = "kicked"


PENDING = frozenset({MemberState.QUEUED, MemberState.RINGING})
MISSING = frozenset(
    {
        MemberState.DROPPED, MemberState.LEFT, MemberState.BUSY, MemberState.NO_ANSWER,
        MemberState.UNREACHABLE, MemberState.REFUSED,
    }
)  # fmt: skip
"""Who is rung again by "ring the missing"; a dead number stays dead and who was put out stays out."""

_BY_CAUSE = {
    1: MemberState.DEAD_NUMBER, 22: MemberState.DEAD_NUMBER, 28: MemberState.DEAD_NUMBER,
    17: MemberState.BUSY,
    18: MemberState.NO_ANSWER, 19: MemberState.NO_ANSWER,
    21: MemberState.REFUSED,
}  # fmt: skip


def unanswered_state(cause: int, timed_out: bool = False) -> MemberState:
    """Return what a leg that was never answered tells by its cause (ITU-T Q.850, table 1)."""
    if timed_out and cause in {0, 16, 102, 127}:
        return MemberState.NO_ANSWER
    return _BY_CAUSE.get(cause, MemberState.UNREACHABLE)


def left_state(cause: int) -> MemberState:
    """Return what the end of a leg that was in the room tells: 16 is a hang-up, all else a loss (Q.850)."""
    return MemberState.LEFT if cause == 16 else MemberState.DROPPED


REDIAL_PAUSES: tuple[Millis, ...] = (500, 3_000, 10_000, 30_000, 60_000)
"""Milliseconds before each try to bring a dropped member back."""


def redial_pause(tries: int) -> Millis | None:
    """Return how long to wait before the next try, None when it was tried often enough."""
    return REDIAL_PAUSES[tries] if 0 <= tries < len(REDIAL_PAUSES) else None


# ---- who is heard -----------------------------------------------------------------------------------------


def is_heard(role: RoomRole, *, muted: bool, lecture: bool, floor: bool) -> bool:
    """Return whether the others hear a member."""
    if muted:
        return False
    if floor or role is RoomRole.CHAIR:
        return True
    if role is RoomRole.LISTENER:
        return False
    return role is RoomRole.SPEAKER or not lecture


@dataclass(slots=True)
class Hands:
    """The raised hands, the earliest first. A member has one hand."""

    queue: list[str] = field(default_factory=list)

    def raise_(self, member_id: str) -> bool:
        """Raise a hand; a hand that is up keeps its place. Return whether anything changed."""
        if member_id in self.queue:
            return False
        self.queue.append(member_id)
        return True

    def lower(self, member_id: str) -> bool:
        """Lower a hand. Return whether it was up."""
        if member_id not in self.queue:
            return False
        self.queue.remove(member_id)
        return True

    def next(self) -> str | None:
        """Take the earliest hand out of the queue."""
        return self.queue.pop(0) if self.queue else None

    def place(self, member_id: str) -> int | None:
        """Return the place in the queue, 1 first; None without a raised hand."""
        return self.queue.index(member_id) + 1 if member_id in self.queue else None


# ---- who may come in --------------------------------------------------------------------------------------


class Door(StrEnum):
    """What the door of a room says to one who wants in."""

    OPEN = "open"
    LOCKED = "locked"
    FULL = "full"
    TOO_EARLY = "too_early"
    OVER = "over"
    PUT_OUT = "put_out"


def at_the_door(
    *,
    locked: bool,
    present: int,
    most: int,
    invited: bool,
    put_out: bool,
    starts_at: Millis | None,
    ends_at: Millis | None,
    at: Millis,
) -> Door:
    """Decide whether one who dials the room may come in. The lock lets in who was invited, the size nobody."""
    if put_out:
        return Door.PUT_OUT
    if starts_at is not None and at < starts_at:
        return Door.TOO_EARLY
    if ends_at is not None and at >= ends_at:
        return Door.OVER
    if locked and not invited:
        return Door.LOCKED
    if present >= most:
        return Door.FULL
    return Door.OPEN


# ---- whom to call -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallList:
    """Numbers to ring, each once, in the order in which they were given; and those that came more than once."""

    numbers: tuple[str, ...]
    repeated: tuple[str, ...]


def call_list(*lists: Iterable[str], present: Iterable[str] = ()) -> CallList:
    """Put lists together: a member of two groups, or one who is in already, is rung once."""
    there = set(present)
    seen: dict[str, None] = {}
    repeated: dict[str, None] = {}
    for numbers in lists:
        for number in numbers:
            (repeated if number in seen or number in there else seen)[number] = None
    return CallList(tuple(seen), tuple(repeated))


@dataclass(slots=True)
class Pacer:
    """Spreads acts over time: at most ``burst`` at once and ``rate`` a second after that (token bucket)."""

    rate: float = 100.0
    burst: int = 25
    _tokens: float = -1.0
    _last: float = 0.0

    def wait(self, at: float) -> float:
        """Take the next turn at the instant ``at`` (seconds); return the seconds to wait for it."""
        if self._tokens < 0 and self._last == 0.0:
            self._tokens, self._last = float(self.burst), at
        elapsed = max(0.0, at - self._last)
        self._tokens = min(float(self.burst), self._tokens + elapsed * self.rate)
        self._last = max(self._last, at)
        self._tokens -= 1.0
        return 0.0 if self._tokens >= 0 else -self._tokens / self.rate


def next_anchor(members: Sequence[tuple[str, bool]]) -> str | None:
    """Return the channel whose leg carries the recording of a room: the first that is recorded, else the first."""
    recorded = next((channel for channel, on in members if on), None)
    return recorded or (members[0][0] if members else None)
