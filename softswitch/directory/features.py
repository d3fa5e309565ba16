"""The codes that a desk phone without a screen can dial; the dialplan is rendered from this table.

A code starts with ``*``, so that no code can be the beginning of an emergency number, which has digits only.
The park slots are the exception: they are digits, because the voice that parks a call reads them out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

PARK_HERE = "700"
PARK_FIRST = 701
PARK_LAST = 799


@dataclass(frozen=True, slots=True)
class FeatureCode:
    """One code. ``takes`` names what is dialled after it: nothing, or an extension."""

    code: str
    act: str
    name_en: str
    name_zh: str
    takes: str = ""


PICKUP = FeatureCode("*8", "pickup", "Pick up the call that rings at", "代接", "extension")
TAKEOVER = FeatureCode("*7", "takeover", "Take over the call of", "接管", "extension")
TAKE = FeatureCode("*1", "take", "Take the emergency call that waits longest", "接听最久的排队来电")

INTERCEPT_CODE = "*6"
INTERCEPT = (
    FeatureCode("*61", "monitor", "Monitor silently the call of", "监听", "extension"),
    FeatureCode("*62", "whisper", "Whisper in the call of", "耳语", "extension"),
    FeatureCode("*63", "insert", "Break into the call of", "强插", "extension"),
    FeatureCode("*64", "release", "Clear the call of", "强拆", "extension"),
    FeatureCode("*65", "connect", "Clear the call of, and talk to", "强拆并接通", "extension"),
)
PRECEDENCE = FeatureCode("*9", "precedence", "Call with precedence", "优先呼叫", "level, extension")
ROOM = FeatureCode("*5", "room", "Come into the conference room", "进入会议室", "room number")
CAMP = FeatureCode("*37", "camp", "Be called when it is free, the busy", "遇忙回叫", "extension")
UNCAMP = FeatureCode("*38", "uncamp", "Cancel all your camp-ons", "取消遇忙回叫")
INTERCOM = FeatureCode("*4", "intercom", "Speak by intercom to", "对讲", "extension")
NIGHT = FeatureCode("*20", "night", "Switch night service on or off", "夜服开关")

# The codes differ in their first digits, so that *8 and an extension can never read as another code.
FEATURE_CODES = (
    TAKE,
    PICKUP,
    TAKEOVER,
    *INTERCEPT,
    PRECEDENCE,
    ROOM,
    CAMP,
    UNCAMP,
    INTERCOM,
    NIGHT,
)
"""All star codes, in the order of the manual."""


def park_slots() -> Iterator[str]:
    """Yield the numbers at which parked calls wait."""
    return (str(slot) for slot in range(PARK_FIRST, PARK_LAST + 1))


def reserved_by(number: str) -> str | None:
    """Return what a number is kept for in the numbering plan, or None when it is free."""
    if number == PARK_HERE:
        return "parking a call"
    if number.isdecimal() and len(number) == 3 and PARK_FIRST <= int(number) <= PARK_LAST:
        return "parked calls"
    for feature in FEATURE_CODES:
        if number == feature.code or (feature.takes and number.startswith(feature.code)):
            return f"the code {feature.code}"
    return None


def codes() -> tuple[str, ...]:
    """Return every fixed number of the numbering plan: star codes, the park number and the park slots."""
    return (*(feature.code for feature in FEATURE_CODES), PARK_HERE, *park_slots())
