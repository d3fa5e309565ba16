"""What a text will be before it is sent: coding, parts, what is left, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from smsgateway.model import Coding
from smsgateway.text.alphabet import outside
from smsgateway.text.segments import Joining, encode


@dataclass(frozen=True, slots=True)
class Preview:
    """``cost``: thousandths of the currency for all recipients together."""

    text: str
    coding: Coding
    characters: int
    parts: int
    left: int
    recipients: int
    messages: int
    cost: int
    forced_by: str
    """The characters that ask for UCS-2 in a text that is Latin otherwise; empty when that saves no part."""

    def as_json(self) -> dict[str, Any]:
        """Return it as the API shows it."""
        return {
            "text": self.text, "coding": self.coding.name.lower(), "characters": self.characters,
            "parts": self.parts, "left": self.left, "recipients": self.recipients,
            "messages": self.messages, "cost": self.cost, "forced_by": self.forced_by,
        }  # fmt: skip


def preview(
    text: str, *, recipients: int = 1, price: int = 0, joining: Joining = Joining.UDH8
) -> Preview:
    """Return what ``text`` to so many people makes, or refuse a text that cannot be sent.

    ``price``: thousandths of the currency for one part.
    """
    encoded = encode(text, joining=joining)
    messages = encoded.count * recipients
    return Preview(
        text, encoded.coding, len(text), encoded.count, encoded.left, recipients, messages,
        messages * price, _forced_by(text, encoded.coding, encoded.count),
    )  # fmt: skip


_MOSTLY = 0.2


def _forced_by(text: str, coding: Coding, parts: int) -> str:
    """A curly quote may double the price of an English text: name it, when it is worth it."""
    if coding is not Coding.UCS2:
        return ""
    strange = outside(text)
    if sum(letter in strange for letter in text) > len(text) * _MOSTLY:
        return ""
    plain = "".join("?" if letter in strange else letter for letter in text)
    return strange if encode(plain).count < parts else ""
