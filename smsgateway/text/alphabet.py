"""The GSM 7-bit default alphabet (3GPP TS 23.038 section 6.2.1) with its extension and single-shift tables.

A character is one septet, or two when it stands behind the escape.  Over SMPP and CMPP a septet travels in an octet
of its own (data coding 0).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType

ESCAPE = 0x1B

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
BASIC: Mapping[str, int] = MappingProxyType(
    {letter: code for code, letter in enumerate(_BASIC) if code != ESCAPE}
)
"""One septet each."""

EXTENSION: Mapping[str, int] = MappingProxyType(
    {
        "\f": 0x0A, "^": 0x14, "{": 0x28, "}": 0x29, "\\": 0x2F, "[": 0x3C, "~": 0x3D,
        "]": 0x3E, "|": 0x40, "€": 0x65,
    }
)  # fmt: skip
"""Two septets each: the escape, then this."""


class National(IntEnum):
    """A national language single shift table (section A.2.1); the value is its identifier in the header."""

    NONE = 0
    TURKISH = 1
    SPANISH = 2
    PORTUGUESE = 3


NATIONAL: Mapping[National, Mapping[str, int]] = MappingProxyType(
    {
        National.NONE: EXTENSION,
        National.TURKISH: {
            **EXTENSION,
            "Ğ": 0x47, "İ": 0x49, "Ş": 0x53, "ç": 0x63, "ğ": 0x67, "ı": 0x69, "ş": 0x73,
        },
        National.SPANISH: {
            **EXTENSION,
            "ç": 0x09, "Á": 0x41, "Í": 0x49, "Ó": 0x4F, "Ú": 0x55, "á": 0x61, "í": 0x69,
            "ó": 0x6F, "ú": 0x75,
        },
        National.PORTUGUESE: {
            **EXTENSION,
            "ê": 0x05, "ç": 0x09, "Ô": 0x0B, "ô": 0x0C, "Á": 0x0E, "á": 0x0F, "Φ": 0x12,
            "Γ": 0x13, "Ω": 0x15, "Π": 0x16, "Ψ": 0x17, "Σ": 0x18, "Θ": 0x19, "Ê": 0x1F,
            "À": 0x41, "Í": 0x49, "Ó": 0x4F, "Ú": 0x55, "Ã": 0x5B, "Õ": 0x5C, "Â": 0x61,
            "í": 0x69, "ó": 0x6F, "ú": 0x75, "ã": 0x7B, "õ": 0x7C, "â": 0x7F,
        },
    }
)  # fmt: skip


def septets(letter: str, shift: Mapping[str, int] = EXTENSION) -> bytes | None:
    """Return the septets of one character, an octet each; None when it has none."""
    code = BASIC.get(letter)
    if code is not None:
        return bytes((code,))
    code = shift.get(letter)
    return None if code is None else bytes((ESCAPE, code))


def outside(text: str, shift: Mapping[str, int] = EXTENSION) -> str:
    """Return the characters of ``text`` that have no septets, each once, in order."""
    return "".join(
        dict.fromkeys(letter for letter in text if letter not in BASIC and letter not in shift)
    )


_DECODE = {code: letter for letter, code in BASIC.items()}
_DECODE_SHIFT = {
    national: {code: letter for letter, code in table.items()}
    for national, table in NATIONAL.items()
}


def decode(octets: bytes, national: National = National.NONE) -> str:
    """Return the text of septets that came in an octet each.

    What a phone may not know is shown as the standard says: an unknown escaped code as the character of the default
    table (section 6.2.1.1), an octet above 127 as the replacement character.
    """
    shift = _DECODE_SHIFT[national]
    letters: list[str] = []
    escaped = False
    for octet in octets:
        if escaped:
            letters.append(shift.get(octet) or _DECODE.get(octet, " "))
            escaped = False
        elif octet == ESCAPE:
            escaped = True
        else:
            letters.append(_DECODE.get(octet, "\ufffd"))
    return "".join(letters)
