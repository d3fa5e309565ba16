"""Patterns of numbers, in the letters that Asterisk uses too, so that one text means the same in both."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from softswitch.errors import invalid
from softswitch.numbers import quoted

SETS = {"X": "0123456789", "Z": "123456789", "N": "23456789"}
_SIGNS = "0123456789*#+"
_TOKEN = re.compile(r"[0-9*#+XZN]|\[[0-9*#+-]+\]")
LONGEST = 24


@dataclass(frozen=True, slots=True)
class Pattern:
    """Numbers that begin alike: a sign or a set of signs for each place; ``open``: one or more follow.

    Written as digits, ``*``, ``#``, ``+``; ``X`` is 0 to 9, ``Z`` 1 to 9, ``N`` 2 to 9, ``[13-5]`` one of these, and
    ``.`` at the end one or more further signs.
    """

    text: str
    places: tuple[str, ...] = field(compare=False)
    """The signs that each place takes."""
    open: bool = field(default=False, compare=False)

    def matches(self, number: str) -> bool:
        """Tell whether a number is one of these."""
        if len(number) < len(self.places) + self.open:
            return False
        if not self.open and len(number) != len(self.places):
            return False
        return all(sign in place for sign, place in zip(number, self.places, strict=False))

    def __str__(self) -> str:
        return self.text


def pattern(text: str, field: str = "pattern") -> Pattern:
    """Return the pattern that ``text`` says, or refuse it."""
    body = text.removesuffix(".")
    tokens = _TOKEN.findall(body)
    if "".join(tokens) != body or not text or len(tokens) > LONGEST:
        raise _bad(text, field)
    places = tuple(_signs(token, text, field) for token in tokens)
    return Pattern(text, places, text.endswith("."))


def _signs(token: str, text: str, field: str) -> str:
    if token in SETS:
        return SETS[token]
    if not token.startswith("["):
        return token
    found: list[str] = []
    inner = token[1:-1]
    index = 0
    while index < len(inner):
        if inner[index + 1 : index + 2] == "-" and index + 2 < len(inner):
            first, last = inner[index], inner[index + 2]
            if not (first.isdigit() and last.isdigit() and first <= last):
                raise _bad(text, field)
            found += [str(digit) for digit in range(int(first), int(last) + 1)]
            index += 3
        elif inner[index] == "-":
            raise _bad(text, field)
        else:
            found.append(inner[index])
            index += 1
    return "".join(sign for sign in _SIGNS if sign in found)


def _bad(text: str, field: str) -> Exception:
    return invalid(
        "bad_pattern",
        f"{quoted(text)} is no pattern of numbers.",
        "Write digits, X (0-9), Z (1-9), N (2-9), [1-5] and, at the end only, a dot for any further digits.",
        field=field,
    )


def overlap(one: Pattern, other: Pattern) -> bool:
    """Tell whether a number exists that both match."""
    short, long = sorted((one, other), key=lambda p: len(p.places))
    if len(short.places) < len(long.places):
        if not short.open:
            return False
    elif one.open != other.open and not (one.open and other.open):
        return False  # same length: one ends where the other needs a further sign
    return all(set(a) & set(b) for a, b in zip(one.places, other.places, strict=False))
