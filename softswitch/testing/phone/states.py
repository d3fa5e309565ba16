"""The states of a call, the times they came, and how it ended."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from softswitch.testing.phone.fields import Reason
from softswitch.testing.phone.message import Headers


class State(enum.Enum):
    CALLING = "calling"
    RINGING = "ringing"
    EARLY = "early media"
    ANSWERED = "answered"
    ENDED = "ended"


@dataclass
class Times:
    """Monotonic moments (`loop.time()`); None for what has not happened."""

    invited: float | None = None
    trying: float | None = None
    ringing: float | None = None
    early: float | None = None
    answered: float | None = None
    confirmed: float | None = None


@dataclass(frozen=True)
class Ended:
    """`status` is the SIP status of a call that was never answered (487 for a cancelled one);
    `cause` is the Q.850 cause that the far end told, if it told one."""

    by_remote: bool
    at: float
    status: int | None = None
    text: str = ""
    reasons: tuple[Reason, ...] = ()
    headers: Headers | None = None

    @property
    def cause(self) -> int | None:
        return next((r.cause for r in self.reasons if r.protocol.upper() == "Q.850"), None)

    @property
    def reason(self) -> str:
        return next((r.text for r in self.reasons if r.text), self.text)
