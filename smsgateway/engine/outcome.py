"""What comes of a message when its parts are answered: the gravest answer decides. Pure but for the turn it writes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from smsgateway.model import MessageState
from smsgateway.port import Leased, Submission
from smsgateway.queue.turn import Turn
from softswitch.clock import Clock, Millis

_Q, _S, _T, _D, _F = (
    MessageState.QUEUED,
    MessageState.SUBMITTING,
    MessageState.SUBMITTED,
    MessageState.IN_DOUBT,
    MessageState.FAILED,
)


class Rank(IntEnum):
    """How grave an answer is for a message of several parts."""

    TAKEN = 0
    UNSENT = 1
    LATER = 2
    DOUBT = 3
    REFUSED = 4


@dataclass(frozen=True, slots=True)
class Rules:
    """How the engine behaves. Times in milliseconds."""

    doubt: Millis = 15_000
    """So long a message in doubt waits for a receipt before the policy of its batch applies."""

    tries: int = 4
    """Tries of a message that the centre refuses for the time being; throttling counts none."""

    pause: Millis = 30_000
    """Before the second try; it doubles."""


def answered(
    turn: Turn, submission: Submission, rank: Rank, error: str, clock: Clock, rules: Rules
) -> bool:
    """Note the answer of one part; the last one decides. Return whether the message waits in the queue again."""
    message = submission.message
    if rank > message.worst:
        message.worst, message.error = rank, error
    message.open_parts -= 1
    return message.open_parts <= 0 and _settle(turn, message, clock, rules)


def _settle(turn: Turn, message: Leased, clock: Clock, rules: Rules) -> bool:
    batch = message.envelope.batch_id
    match message.worst:
        case Rank.TAKEN:
            turn.accepted.append((message.id, ""))
            turn.move(batch, _S, _T)
        case Rank.UNSENT:
            turn.requeued.append((message.id, None, 0))
            turn.move(batch, _S, _Q)
            return True
        case Rank.LATER if message.attempts + 1 < rules.tries:
            pause = rules.pause << message.attempts
            turn.requeued.append((message.id, clock() + pause, 1))
            turn.move(batch, _S, _Q)
        case Rank.DOUBT:
            turn.doubtful.append((message.id, clock() + rules.doubt))
            turn.move(batch, _S, _D)
        case _:
            turn.failed.append((message.id, message.error))
            turn.move(batch, _S, _F)
    return False
