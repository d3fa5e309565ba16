"""Turns a decision against a request into the one kind of refusal that people meet."""

from __future__ import annotations

from collections.abc import Mapping

from intercept.model import Refused
from softswitch.errors import Kind, Refusal

KINDS: Mapping[str, Kind] = {
    "call_gone": Kind.NOT_FOUND,
    "no_right": Kind.FORBIDDEN,
    "tone_not_waived": Kind.FORBIDDEN,
    "reason_required": Kind.INVALID,
    "target_required": Kind.INVALID,
    "target_not_in_call": Kind.INVALID,
    "protected": Kind.FORBIDDEN,
    "precedence_blocked": Kind.FORBIDDEN,
}
"""The rest say that the call is in another state: conflict."""

FIELDS = {"reason_required": "reason", "target_required": "target", "target_not_in_call": "target"}


def refusal(decision: Refused) -> Refusal:
    """Return the refusal, in both languages."""
    return Refusal(
        KINDS.get(decision.code, Kind.CONFLICT),
        decision.code,
        decision.en,
        decision.next_en,
        field=FIELDS.get(decision.code),
        chinese=(decision.zh, decision.next_zh),
    )
