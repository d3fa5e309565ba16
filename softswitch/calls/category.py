"""The calling party's category: what kind of telephone or subscriber calls, as a trunk signals it. Pure.

SIP has it as the parameter ``cpc`` of the caller's address (3GPP TS 24.229, 7.2A.12); ISUP as a code (ITU-T Q.763,
3.11), which a node with SS7 lines hands on as a number.
"""

from __future__ import annotations

from enum import StrEnum


class Category(StrEnum):
    """What a dispatcher wants to know of the caller's telephone; an ordinary one has no category here."""

    PRIORITY = "priority"
    OPERATOR = "operator"
    TEST = "test"
    DATA = "data"
    PAYPHONE = "payphone"
    MOBILE = "mobile"
    ROAMING = "roaming"
    PRISON = "prison"
    HOTEL = "hotel"
    HOSPITAL = "hospital"
    POLICE = "police"


_WORDS = {
    "mobile-hplmn": Category.MOBILE,
    "mobile-vplmn": Category.ROAMING,
    "cellular": Category.MOBILE,
    "cellular-roaming": Category.ROAMING,
    "emergency": Category.PRIORITY,
}
"""Words of ``cpc`` that differ from ours."""
_CODES = {
    **dict.fromkeys(range(1, 6), Category.OPERATOR),
    9: Category.OPERATOR,
    11: Category.PRIORITY,
    12: Category.DATA,
    13: Category.TEST,
    15: Category.PAYPHONE,
}
"""Q.763, 3.11: 0 is unknown, 10 the ordinary subscriber."""


def category(text: str) -> Category | None:
    """Return what a word of ``cpc`` or a code of ISUP means; None: ordinary, unknown, or none that we know."""
    word = text.strip().lower()
    if word.isascii() and word.isdecimal():
        return _CODES.get(int(word[:4]))
    return _WORDS.get(word) or next((each for each in Category if each.value == word), None)
