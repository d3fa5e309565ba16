"""Typed values for text that comes from outside.

Only these values reach AMI, ARI, the dialplan or SQL.  Each parser accepts a closed alphabet, so that CR, LF,
NUL, ``${}``, ``&``, ``,`` and ``;`` can reach nothing behind the door.
"""

from __future__ import annotations

import re
from typing import NewType

from softswitch.errors import invalid

Extension = NewType("Extension", str)
"""An internal number: 2 to 8 digits."""

PhoneNumber = NewType("PhoneNumber", str)
"""What may be dialled: an optional ``+``, then 1 to 20 of ``0-9 * #`` (E.164 allows 15 digits; codes come on top)."""

EmergencyDigits = NewType("EmergencyDigits", str)
"""The digits of an emergency service: 3 to 6 digits."""

PhoneId = NewType("PhoneId", str)
"""The name of a SIP account: lower-case letters, digits and ``-``, 2 to 32 characters."""

Login = NewType("Login", str)
"""The name of a user at login: letters, digits, ``.``, ``_``, ``-``, 2 to 32 characters."""

_EXTENSION = re.compile(r"[0-9]{2,8}")
_PHONE_NUMBER = re.compile(r"\+?[0-9*#]{1,20}")
_EMERGENCY = re.compile(r"[0-9]{3,6}")
_PHONE_ID = re.compile(r"[a-z0-9][a-z0-9-]{1,31}")
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}")
_DTMF = re.compile(r"[0-9A-D*#]{1,64}")
_BARE = str.maketrans(
    "０１２３４５６７８９＋＊＃",
    "0123456789+*#",
    " -().\t\u00a0\u200b\u2010\u2011\u2013\u3000\ufeff－（）．",
)


def bare(text: str) -> str:
    """Return a number as it may be typed or pasted in plain digits, without spaces, dashes, dots and brackets.

    A Chinese keyboard writes wide digits as easily as plain ones.
    """
    return text.translate(_BARE)


def extension(text: str, field: str = "number") -> Extension:
    """Return ``text`` as an extension or refuse it."""
    if not _EXTENSION.fullmatch(text):
        raise invalid(
            "bad_extension",
            f"{quoted(text)} is not an extension.",
            "Give 2 to 8 digits, for example 1001.",
            field=field,
        )
    return Extension(text)


def phone_number(text: str, field: str = "number") -> PhoneNumber:
    """Return ``text`` as a number to dial, :func:`bare`, or refuse it."""
    stripped = bare(text)
    if not _PHONE_NUMBER.fullmatch(stripped):
        raise invalid(
            "bad_number",
            f"{quoted(text)} is not a telephone number.",
            "Give digits, with + in front for an international number.",
            field=field,
        )
    return PhoneNumber(stripped)


def emergency_digits(text: str, field: str = "digits") -> EmergencyDigits:
    """Return ``text`` as the digits of an emergency service or refuse it."""
    if not _EMERGENCY.fullmatch(text):
        raise invalid(
            "bad_emergency_number",
            f"{quoted(text)} is not an emergency number.",
            "Give 3 to 6 digits, for example 120.",
            field=field,
        )
    return EmergencyDigits(text)


def phone_id(text: str, field: str = "id") -> PhoneId:
    """Return ``text`` as the name of a SIP account or refuse it."""
    if not _PHONE_ID.fullmatch(text):
        raise invalid(
            "bad_phone_id",
            f"{quoted(text)} is not a name for a phone.",
            "Give 2 to 32 lower-case letters, digits or dashes.",
            field=field,
        )
    return PhoneId(text)


def login(text: str, field: str = "login") -> Login:
    """Return ``text`` as a login name or refuse it."""
    if not _LOGIN.fullmatch(text):
        raise invalid(
            "bad_login",
            f"{quoted(text)} is not a login name.",
            "Give 2 to 32 lower-case letters, digits, dots, dashes or underscores.",
            field=field,
        )
    return Login(text)


def dtmf(text: str, field: str = "digits") -> str:
    """Return ``text`` as keys to send (RFC 4733 events 0 to 15), :func:`bare`, or refuse it."""
    stripped = bare(text)
    if not _DTMF.fullmatch(stripped):
        raise invalid(
            "bad_digits",
            f"{quoted(text)} cannot be sent as keys.",
            "Give up to 64 of 0-9, A-D, * and #.",
            field=field,
        )
    return stripped


def plain_text(text: str, field: str, longest: int = 200) -> str:
    """Return ``text`` without control characters at its ends, or refuse it when it holds any or is too long."""
    stripped = text.strip()
    if len(stripped) > longest:
        raise invalid(
            "too_long",
            f"{field} has {len(stripped)} characters.",
            f"Give at most {longest}.",
            field=field,
        )
    if any(
        (ord(letter) < 32 and letter not in "\n\t") or ord(letter) == 127 for letter in stripped
    ):
        raise invalid(
            "control_characters",
            f"{field} holds control characters.",
            "Remove them and try again.",
            field=field,
        )
    return stripped


def quoted(text: str, longest: int = 40) -> str:
    """Return ``text`` fit to stand in a message: escaped and cut."""
    shown = text if len(text) <= longest else text[:longest] + "…"
    return repr(shown)
