"""The precedence that a call claims: the digit of the dialled prefix, or the values of Resource-Priority. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from intercept.model import Precedence

_WORDS = {
    "flash-override": Precedence.FLASH_OVERRIDE,
    "flash": Precedence.FLASH,
    "immediate": Precedence.IMMEDIATE,
    "priority": Precedence.PRIORITY,
    "routine": Precedence.ROUTINE,
}
_SHOWN = {
    Precedence.FLASH_OVERRIDE: ("超特急", "Flash override"),
    Precedence.FLASH: ("特急", "Flash"),
    Precedence.IMMEDIATE: ("加急", "Immediate"),
    Precedence.PRIORITY: ("优先", "Priority"),
}
_DIGITS = {str(level.value): level for level in Precedence}

NAMESPACES: Mapping[str, Mapping[str, Precedence]] = {
    "dsn": _WORDS,
    "q735": _DIGITS,
    "ets": _DIGITS,
    "wps": _DIGITS,
}
"""RFC 4412 clauses 10.2 (dsn), 10.4 (q735), 10.5 (ets) and 10.6 (wps); in the last three 0 is the highest."""

_VALUES = {
    f"{namespace}.{value}": level
    for namespace, values in NAMESPACES.items()
    for value, level in values.items()
}
# The longest first: flash is the beginning of flash-override.
_VALUE = re.compile("|".join(re.escape(each) for each in sorted(_VALUES, key=len, reverse=True)))


def precedence_of(asked: str) -> Precedence | None:
    """Return the highest level that is claimed; None when nothing is that we know.

    ``asked`` is one digit, or a header without its commas and blanks: the dialplan lets only letters, digits,
    ``.`` and ``-`` through.  What belongs to an unknown namespace counts as not there (RFC 4412 clause 4.6.2).
    """
    if asked in _DIGITS:
        return _DIGITS[asked]
    found = [_VALUES[each] for each in _VALUE.findall(asked.lower())]
    return min(found, default=None)


def label(level: Precedence, language: str) -> str:
    """Return what phones show before the name; nothing for a routine call. SIP phones have no field for it."""
    if level is Precedence.ROUTINE:
        return ""
    zh, en = _SHOWN[level]
    return f"{zh if language == 'zh' else en} ·"  # of all signs, these pass every phone and every header
