"""ISDN primary rate, pure: the state of a D channel, and of its B channels.

libpri asks a silent far end for a sign of life every ten seconds (T203 of ITU-T Q.921). One that is dead is
told down after three unanswered questions; where the line still reads up although questions go unanswered, the counters
of layer 2 tell the truth.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from softswitch.clock import Millis
from trunk.drivers.channels import ChannelTold
from trunk.ports import CircuitState

SILENT_MILLIS = 16_000
"""T203 (10 s), three questions a second apart (N200, T200), and some time for a busy machine."""
SERVICE = frozenset({"national", "4ess", "5ess"})
"""The variants of Q.931 in which a far end is told that a B channel is out of service, and libpri tells it."""
_RECEIVED = re.compile(r"^Q921 RX:\s*(\d+)", re.MULTILINE)
_SENT = re.compile(r"^Q921 TX:\s*(\d+)", re.MULTILINE)


def d_channel_fault(spans: Iterable[Mapping[str, str]], span: int) -> str:
    """Read the answer to ``PRIShowSpans``: what is wrong with the D channel of a span, empty: nothing."""
    told = [event for event in spans if event.get("Span") == str(span)]
    if not told:
        return "no D channel"
    if not any(event.get("Up") == "Yes" for event in told):
        return "D channel down"
    return ""


@dataclass(frozen=True, slots=True)
class Frames:
    """How many frames of layer 2 went through a D channel."""

    received: int
    sent: int


def read_frames(text: str) -> Frames | None:
    """Read the counters from ``pri show span``; None where libpri keeps none."""
    received, sent = _RECEIVED.search(text), _SENT.search(text)
    return Frames(int(received[1]), int(sent[1])) if received and sent else None


@dataclass(slots=True)
class Silence:
    """Finds a far end that does not answer: we go on sending and nothing comes back."""

    last: Frames | None = None
    asked_at: Millis | None = None
    """Since when we have sent without an answer."""

    def hear(self, frames: Frames | None, at: Millis) -> str:
        """Take the counters of now; return the fault, empty: none."""
        last, self.last = self.last, frames
        if frames is None or last is None or frames.received != last.received:
            self.asked_at = None
        elif self.asked_at is None and frames.sent > last.sent:
            self.asked_at = at
        if self.asked_at is not None and at - self.asked_at >= SILENT_MILLIS:
            return "far end silent"
        return ""


def circuit_state(told: ChannelTold | None) -> CircuitState:
    """Tell the state of a B channel; one that Asterisk has not open is blocked by us."""
    if told is None:
        return CircuitState.BLOCKED_HERE
    if told.call:
        return CircuitState.BUSY
    return CircuitState.ALARM if told.alarm else CircuitState.IDLE
