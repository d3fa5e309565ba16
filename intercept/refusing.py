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


def refusal(decision: Refused, language: str = "en") -> Refusal:
    """Return the refusal in the language of the one who asked."""
    zh = language == "zh"
    return Refusal(
        KINDS.get(decision.code, Kind.CONFLICT),
        decision.code,
        decision.zh if zh else decision.en,
        decision.next_zh if zh else decision.next_en,
        field=FIELDS.get(decision.code),
    )
