"""A turn of the writer: everything that happened since the last one, made durable by one commit.

A turn is plain data: if its transaction fails (a full disk, a lock), the very same turn is tried again, and nothing
that depends on it has happened yet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from smsgateway.model import Body, MessageState
from smsgateway.port import Receipt, Reply
from softswitch.clock import Millis


@dataclass(frozen=True, slots=True)
class Lease:
    """A wish for messages of a batch on a route."""

    batch_id: int
    route: str
    limit: int


@dataclass(frozen=True, slots=True)
class LeasedRow:
    """A message that a turn leased."""

    id: int
    number: str
    body_id: int
    attempts: int
    done_parts: frozenset[int] = frozenset()


@dataclass(slots=True)
class Turn:
    """What shall be on the disk before anybody relies on it. Lists of tuples, as the statements take them."""

    at: Millis = 0
    submitting: list[tuple[int, int]] = field(default_factory=list)
    """(message, link): may be written to the socket after the commit."""

    accepted: list[tuple[int, str]] = field(default_factory=list)
    """(message, id at the centre)"""

    parts: list[tuple[int, int, str]] = field(default_factory=list)
    """(message, part, id at the centre), of messages of several parts."""

    requeued: list[tuple[int, Millis | None, int]] = field(default_factory=list)
    """(message, not before, attempts to add)"""

    failed: list[tuple[int, str]] = field(default_factory=list)
    doubtful: list[tuple[int, Millis]] = field(default_factory=list)
    """(message, when the policy applies)"""

    returned: list[int] = field(default_factory=list)
    """Messages that were leased and are not to go now."""

    late: list[tuple[int, int, str, str]] = field(default_factory=list)
    """(message, part, id at the centre, error): answers for messages that are in doubt already."""

    receipts: list[tuple[int, Receipt]] = field(default_factory=list)
    replies: list[tuple[int, Reply]] = field(default_factory=list)
    leases: list[Lease] = field(default_factory=list)
    counts: dict[tuple[int, int], int] = field(default_factory=lambda: defaultdict(int))
    """(batch, state) → change. What the engine knows; the rest is counted by the statements."""

    def move(self, batch: int, before: MessageState, after: MessageState) -> None:
        """Count one message from a state to another."""
        self.counts[batch, before] -= 1
        self.counts[batch, after] += 1

    @property
    def is_empty(self) -> bool:
        """Tell whether there is nothing to write."""
        return not (
            self.submitting or self.accepted or self.parts or self.requeued or self.failed
            or self.doubtful or self.returned or self.late or self.receipts or self.replies or self.leases
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class TurnResult:
    """What a committed turn brought."""

    leased: Sequence[tuple[Lease, Sequence[LeasedRow]]] = ()
    bodies: Mapping[int, Body] = field(default_factory=dict)
    """Texts that the engine did not know."""

    unmatched: int = 0
    """Receipts that belong to no message so far."""
