"""What the engine asks of a link, and what a link tells the engine. No word of any protocol.

A link calls its owner in the event loop, one call for each thing that happened.  Receipts and replies carry a token;
the link answers the centre when the owner gives the token back, which is after the commit: until then the centre
keeps what it sent and sends it again if we die.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from smsgateway.model import Body, MessageState
from softswitch.clock import Millis


class Fault(StrEnum):
    """Why a centre refused a part, as far as it matters what to do next."""

    THROTTLED = "throttled"  # too fast, or its queue is full: not the message's fault
    TEMPORARY = "temporary"  # try again later
    PERMANENT = "permanent"


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the messages of a batch have in common on their way."""

    batch_id: int
    sender: str = ""
    receipts: bool = True
    expires_at: Millis | None = None


@dataclass(slots=True, eq=False)
class Leased:
    """A message in the gateway's memory."""

    id: int
    number: str
    body_id: int
    body: Body
    envelope: Envelope
    attempts: int = 0
    done_parts: frozenset[int] = frozenset()
    """Parts that a centre took in an earlier try; they are not sent again."""

    open_parts: int = 0
    """Parts of this try that wait for an answer."""

    worst: int = 0
    """The gravest answer so far; see the engine's ``outcome``."""

    error: str = ""
    link_id: int = 0


@dataclass(slots=True, eq=False)
class Submission:
    """One part on its way over a link."""

    message: Leased
    part: int
    """Counted from 0."""

    octets: bytes = b""
    """What the link encoded ahead of it, and until when that is true."""

    true_until: Millis = 0


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the centre tells of a message that it took earlier."""

    smsc_id: str
    number: str
    """The phone's number; empty when the receipt does not tell."""

    state: MessageState
    """``DELIVERED``, ``FAILED``, ``EXPIRED``, or ``SUBMITTED`` for what is not final."""

    error: str
    token: Any = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What a phone sent to us."""

    number: str
    service: str
    coding: int
    octets: bytes
    headed: bool
    token: Any = None


@dataclass(slots=True)
class LinkCounters:
    """Counts since the gateway started."""

    submitted: int = 0
    refused: int = 0
    throttled: int = 0
    receipts: int = 0
    replies: int = 0
    unknown_receipts: int = 0
    bad_pdus: int = 0
    connections: int = 0


class LinkOwner(Protocol):
    """The engine, as a link sees it."""

    def bound(self, link: SmsLink) -> None:
        """The link can submit from now on."""

    def cut(self, link: SmsLink, why: str, doubtful: Sequence[Submission]) -> None:
        """The connection ended; nobody knows of ``doubtful`` whether the centre took them."""

    def accepted(self, link: SmsLink, answers: Sequence[tuple[Submission, str]]) -> None:
        """The centre took parts, each under an id of its own: places in the link's window are free."""

    def read_ended(self, link: SmsLink) -> None:
        """All that one read brought is told; places of refused parts may be free too."""

    def refused(self, link: SmsLink, submission: Submission, fault: Fault, error: str) -> None:
        """The centre refused a part."""

    def unanswered(self, link: SmsLink, submissions: Sequence[Submission]) -> None:
        """No answer came in time; one may still come, as ``accepted`` or ``refused``."""

    def receipt(self, link: SmsLink, receipt: Receipt) -> None:
        """A receipt came."""

    def reply(self, link: SmsLink, reply: Reply) -> None:
        """A message of a phone came."""


class SmsLink(Protocol):
    """One link to one centre."""

    id: int
    name: str
    window: int
    counters: LinkCounters

    @property
    def is_bound(self) -> bool:
        """Tell whether parts can be submitted now."""

    @property
    def in_flight(self) -> int:
        """Return how many parts wait for their answer."""

    def pending(self) -> Iterable[Submission]:
        """Return the parts that wait for their answer."""

    @property
    def detail(self) -> str:
        """Return why it is not bound, in words; empty when it is."""

    def prepare(self, submissions: Sequence[Submission]) -> None:
        """Encode ahead what will be submitted soon: what is left for ``submit`` is little."""

    def submit(self, submissions: Sequence[Submission]) -> None:
        """Send parts, all in one write. Call it only while bound, with at most ``window`` under way."""

    def acknowledge(self, tokens: Sequence[Any]) -> None:
        """Tell the centre that receipts and replies are on the disk."""

    def start(self) -> None:
        """Connect, and connect again for ever."""

    async def stop(self, drain_seconds: float) -> None:
        """Wait so long for the answers that are out, take leave and close."""
