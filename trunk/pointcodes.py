"""Signalling point codes: 14 bits internationally (ITU-T Q.704), 24 in China (GF 001-9001) and in ANSI networks."""

from __future__ import annotations

import re

from softswitch.errors import invalid
from softswitch.numbers import quoted

SS7_VARIANTS = ("itu", "ansi")
"""What libss7 speaks. ISUP of China is ITU's with 24-bit codes, which it cannot carry."""

_PARTS = {14: (3, 8, 3), 24: (8, 8, 8)}


def code_bits(variant: str) -> int:
    """Return how long the point codes of a variant are, or refuse the variant."""
    if variant == "china":
        raise invalid(
            "ss7_24_bit",
            "The SS7 stack carries 24-bit point codes in ANSI networks only, not in China's.",
            "Put a signalling gateway in front and describe it as a SIP trunk: docs/how-to/signalling-gateway.md.",
            field="variant",
        )
    if variant not in SS7_VARIANTS:
        raise invalid(
            "unknown_variant",
            f"{quoted(variant)} is no variant of SS7.",
            f"Give one of {', '.join(SS7_VARIANTS)}.",
            field="variant",
        )
    return 24 if variant == "ansi" else 14


def point_code(text: str, bits: int, field: str) -> int:
    """Return a point code written as a number or in three parts (``2-100-5``; 8-8-8 bits: ``10-20-30``)."""
    value = _value(text, bits)
    if value is None or not 0 < value < 1 << bits:
        sizes = "-".join(str((1 << size) - 1) for size in _PARTS[bits])
        raise invalid(
            "bad_point_code",
            f"{quoted(text)} is no point code of {bits} bits.",
            f"Give 1 to {(1 << bits) - 1}, or three parts up to {sizes}.",
            field=field,
        )
    return value


def _value(text: str, bits: int) -> int | None:
    if re.fullmatch(r"[0-9]{1,9}", text):
        return int(text)
    found = re.fullmatch(r"([0-9]{1,3})-([0-9]{1,3})-([0-9]{1,3})", text)
    if found is None:
        return None
    value = 0
    for part, size in zip(found.groups(), _PARTS[bits], strict=True):
        if int(part) >= 1 << size:
            return None
        value = (value << size) | int(part)
    return value
