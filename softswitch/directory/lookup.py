"""One canonical form for a telephone number, pure, so that a caller is found however the carrier writes him.

The facts are those of the Chinese numbering plan (ITU-T E.164 country code 86; national plan of the MIIT):
trunk prefix 0, international prefix 00, mobile numbers of 11 digits from 13 to 19, area code 10, two-digit
codes 2x and three-digit codes 3xx to 9xx with 7 or 8 digits behind them, 400 and 800 numbers of 10 digits.
"""

from __future__ import annotations

import re

_CHINA = ("+86", "0086")
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_FREEPHONE = re.compile(r"[48]00[0-9]{7}")
_FIXED = re.compile(r"(10[0-9]{8}|2[0-9][0-9]{8}|[3-9][0-9]{2}[0-9]{7,8})")
_LOCAL = re.compile(r"[2-9][0-9]{6,7}")


def canonical(number: str, area_code: str = "") -> str:
    """Return the national form: ``13800000000``, ``08132205566``; foreign numbers stay ``+49…``.

    ``area_code`` is our own with its 0 (``0813``); it completes a local number of 7 or 8 digits.
    Short numbers and anything unknown come back as they are.
    """
    if number.startswith(_CHINA):
        return _with_trunk_prefix(canonical(number.removeprefix("+86").removeprefix("0086")))
    if number.startswith(("+", "00")) and len(number) > 7:
        return "+" + number.lstrip("+0")
    if number.startswith("0") and _MOBILE.fullmatch(number[1:]):
        return number[1:]  # a mobile number dialled as from another province
    if area_code and _LOCAL.fullmatch(number):
        return area_code + number
    return number


def candidates(number: str, area_code: str = "") -> tuple[str, ...]:
    """Return the forms under which a number may be stored, the likeliest first."""
    full = canonical(number, area_code)
    forms = [full, canonical(number)]
    if area_code and full.startswith(area_code):
        forms.append(full.removeprefix(area_code))
    return tuple(dict.fromkeys(form for form in forms if form))


def _with_trunk_prefix(national: str) -> str:
    """Behind +86 a fixed number has lost its 0; mobile and free-phone numbers never had one."""
    if _MOBILE.fullmatch(national) or _FREEPHONE.fullmatch(national):
        return national
    return "0" + national if _FIXED.fullmatch(national) else national
