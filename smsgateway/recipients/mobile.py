"""Numbers that a short message can reach. One citizen has one form of his number, however it was written."""

from __future__ import annotations

import re

from softswitch.errors import invalid
from softswitch.numbers import PhoneNumber, bare, quoted

_MAINLAND = re.compile(r"(?:\+86|0086|86)?(1[3-9]\d{9})")
_INTERNATIONAL = re.compile(r"(?:\+|00)([1-9]\d{6,14})")
_ROUNDED = re.compile(r"\d(\.\d+)?[eE]\+?\d+")
_FLOAT = re.compile(r"(\d+)\.0+")


def find_mobile(text: str) -> str | None:
    """Return the one form of a number: 11 digits for mainland mobiles, ``+`` and E.164 for others; None for no number.

    A mainland landline gets no short messages and is None.
    """
    found = _MAINLAND.fullmatch(text)
    if found is not None:
        return found.group(1)
    if len(text) > 40:
        return None
    whole = _FLOAT.fullmatch(text)  # a spreadsheet that took it for an amount
    number = whole.group(1) if whole else bare(text)
    found = _MAINLAND.fullmatch(number)
    if found is not None:
        return found.group(1)
    found = _INTERNATIONAL.fullmatch(number)
    if found is None or found.group(1).startswith("86"):
        return None
    return f"+{found.group(1)}"


def international(number: str) -> str:
    """Return the one form of a number as message centres take it: digits with the country, without ``+``."""
    return number[1:] if number.startswith("+") else f"86{number}"


def own_form(digits: str) -> str:
    """Return the one form of a number that :func:`international` made."""
    return digits[2:] if digits.startswith("86") else f"+{digits}"


def sender(digits: str) -> str:
    """Return the one form of a number as centres name who writes: ``8613…``, ``13…`` or with the country."""
    return find_mobile(digits) or find_mobile(f"+{digits}") or digits


def why_not(text: str) -> str:
    """Return why a cell is no mobile number, as a stable word: empty, rounded, or not_mobile."""
    if not text.strip():
        return "empty"
    return "rounded" if _ROUNDED.fullmatch(text.strip()) else "not_mobile"


def mobile(text: str, field: str = "number") -> PhoneNumber:
    """Return ``text`` as a number that can be sent to, or refuse it (``bad_mobile``)."""
    found = find_mobile(text.strip())
    if found is None:
        raise invalid(
            "bad_mobile",
            f"{quoted(text)} is not a number that a short message can reach.",
            "Give 11 digits that begin with 13 to 19, or + and the country for another.",
            field=field,
        )
    return PhoneNumber(found)
