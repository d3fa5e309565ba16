"""A mass SMS as the gateway sees it: messages, batches and their states. Pure values, no I/O.

A *batch* is what a campaign hands to the gateway: many messages with one priority, one validity and one answer to
"what if we do not know whether it went out".  A *message* is one text to one number; it goes out in one or more
*parts*.

    queued → leased → submitting → submitted → delivered | failed | expired
                          └→ in_doubt → submitted | delivered | queued (resent) | failed

``submitting`` is on the disk before the first byte goes out, and the centre's answer is on the disk before the next
step relies on it.  So a message is in doubt exactly when it may have gone out and nobody knows.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from softswitch.clock import Millis


class MessageState(IntEnum):
    """Where a message stands; the number is what the tables hold."""

    QUEUED = 0
    LEASED = 1
    """In the gateway's memory, surely not sent: a crash puts it back into the queue."""

    SUBMITTING = 2
    """May be on its way to the centre."""

    SUBMITTED = 3
    """The centre took it; no final receipt so far."""

    DELIVERED = 4
    FAILED = 5
    """Refused by the centre, or its receipt tells that it cannot be delivered; ``error`` says why."""

    EXPIRED = 6
    """Its validity ran out, in our queue or at the centre."""

    IN_DOUBT = 7
    """It may have gone out, but the connection or the gateway ended before the centre's answer."""

    CANCELLED = 8
    """Its batch was cancelled before it was sent."""

    @property
    def word(self) -> str:
        """Return the state as the API and the reports name it."""
        return self.name.lower()


WAITING = frozenset({MessageState.QUEUED, MessageState.LEASED})
UNDER_WAY = WAITING | {MessageState.SUBMITTING, MessageState.SUBMITTED, MessageState.IN_DOUBT}
FINAL = frozenset(MessageState) - UNDER_WAY


class Priority(IntEnum):
    """Which batch goes first: the lowest number."""

    LIFE_SAFETY = 0
    """Overtakes everything that is under way within 2 seconds."""

    URGENT = 1
    NORMAL = 2
    BULK = 3


DIRECT = "direct-"
"""How the key of a batch begins that belongs to no campaign: a single message."""


class BatchState(StrEnum):
    """Whether the gateway may send a batch."""

    HELD = "held"  # being filled, or not approved yet
    OPEN = "open"
    PAUSED = "paused"
    CANCELLED = "cancelled"  # what was not sent becomes CANCELLED


class DoubtPolicy(StrEnum):
    """What to do with a message in doubt when no receipt settled it in time."""

    RESEND = "resend"  # life safety: rather twice than never
    ASK = "ask"  # it stays in doubt until somebody decides


@dataclass(frozen=True, slots=True)
class Batch:
    """What a campaign hands to the gateway. ``key`` is chosen by who makes it, so that a repeat is harmless."""

    key: str
    priority: Priority
    doubt: DoubtPolicy
    state: BatchState = BatchState.HELD
    starts_at: Millis = 0
    """Nothing goes out before."""

    expires_at: Millis | None = None
    """What has not gone out by then expires; the centre is told the rest as the validity period."""

    sender: str = ""
    """The sender's number or name; empty: the link's own."""

    receipts: bool = True
    exercise: bool = False
    """Goes over exercise links only, and exercise links carry nothing else."""


class Coding(IntEnum):
    """How the octets of a part are to be read: ``data_coding`` of SMPP 3.4 (5.2.19), equal to GSM 03.38 groups."""

    GSM7 = 0
    """One octet a septet (the centre packs it), in the alphabet of GSM 03.38 / 3GPP TS 23.038."""

    LATIN1 = 3
    BINARY = 4
    UCS2 = 8
    GBK = 15
    """CMPP ``Msg_Fmt`` 15 only."""


_LENGTH = struct.Struct(">H")


@dataclass(frozen=True, slots=True)
class Body:
    """A text made ready to send: the octets of each part as they stand in ``short_message``."""

    coding: Coding
    parts: tuple[bytes, ...]
    headed: bool = False
    """Each part begins with a user data header (3GPP TS 23.040, 9.2.3.24)."""

    as_payload: bool = False
    """One single submit with the TLV ``message_payload`` (SMPP 3.4, 5.3.2.32); the centre cuts."""

    flash: bool = False
    """Message class 0: shown at once, not stored."""

    def pack(self) -> bytes:
        """Return the octets that the table ``sms_bodies`` holds."""
        flags = self.headed | self.as_payload << 1 | self.flash << 2
        chunks = [bytes((self.coding, flags))]
        for part in self.parts:
            chunks += [_LENGTH.pack(len(part)), part]
        return b"".join(chunks)

    @classmethod
    def unpack(cls, octets: bytes) -> Body:
        """Return the body that :meth:`pack` wrote."""
        coding, flags, at = octets[0], octets[1], 2
        parts = []
        while at < len(octets):
            (length,) = _LENGTH.unpack_from(octets, at)
            parts.append(octets[at + 2 : at + 2 + length])
            at += 2 + length
        return cls(Coding(coding), tuple(parts), bool(flags & 1), bool(flags & 2), bool(flags & 4))


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message as a campaign puts it in."""

    number: str
    """Digits in international form without ``+``, for example ``8613800138000``."""

    body_id: int
    recipient: str = ""
    """Whatever leads back to the person; the gateway only keeps it."""

    area: str = ""
    """For reports by area; the gateway only keeps it."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it stands in the queue."""

    id: int
    batch_id: int
    number: str
    recipient: str
    area: str
    state: MessageState
    link_id: int | None
    attempts: int
    """How often it was handed to a centre that answered, or may have; throttling counts none."""

    resent: int
    """How often it was sent again in doubt: each may be a duplicate at the phone."""

    submitted_at: Millis | None
    done_at: Millis | None
    error: str
    """Why it failed: ``smpp:11`` (command status), ``receipt:UNDELIV:012``, ``no_route``, …"""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a batch is; read from counters, at the same cost for 10,000 messages and for 1,000,000."""

    counts: Mapping[MessageState, int] = field(default_factory=dict)
    resent: int = 0
    """Messages sent again in doubt: the bound on duplicates."""

    throttled: int = 0

    def __getitem__(self, state: MessageState) -> int:
        return self.counts.get(state, 0)

    @property
    def total(self) -> int:
        """Return how many messages there are."""
        return sum(self.counts.values())

    @property
    def sent(self) -> int:
        """Return how many a centre took, whatever came of them later."""
        taken = (MessageState.SUBMITTED, MessageState.DELIVERED)
        return sum(self.counts.get(state, 0) for state in taken)

    @property
    def is_over(self) -> bool:
        """Tell whether nothing more will be sent and nothing is in doubt."""
        open_states = UNDER_WAY - {MessageState.SUBMITTED}
        return not any(self.counts.get(state, 0) for state in open_states)


@dataclass(frozen=True, slots=True)
class Inbound:
    """What a phone sent to us, as it came."""

    id: int
    link_id: int
    number: str
    service: str
    """The number that the phone wrote to."""

    coding: int
    """``data_coding`` of SMPP or ``Msg_Fmt`` of CMPP."""

    octets: bytes
    headed: bool
    """The octets begin with a user data header."""

    at: Millis
