"""Asterisk's rules of which extension a dialled number means, as pure functions.

After main/pbx.c: a pattern starts with ``_``; ``X`` is 0-9, ``Z`` 1-9, ``N`` 2-9 (letters of either case),
``[...]`` a set with ranges, ``.`` one or more of anything and ``!`` none or more. In one context the
more special one wins (an exact one before a pattern); a context goes before what it includes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_CLASSES = {"x": "[0-9]", "z": "[1-9]", "n": "[2-9]"}


@dataclass(slots=True)
class Context:
    """A context of the dialplan: extensions with their first step, and includes in order."""

    name: str
    extensions: dict[str, str] = field(default_factory=dict)
    includes: list[str] = field(default_factory=list)


def pattern_regex(pattern: str) -> str:
    """Return the regular expression of a pattern (without its ``_``)."""
    parts: list[str] = []
    rest = pattern
    while rest:
        sign, rest = rest[0], rest[1:]
        if sign == "[":
            chosen, _, rest = rest.partition("]")
            parts.append("[" + "".join(_set_part(chosen)) + "]")
        elif sign == ".":
            return "".join(parts) + "(?s:.+)"
        elif sign == "!":
            return "".join(parts) + "(?s:.*)"
        elif sign != "-":  # dashes are for people
            parts.append(_CLASSES.get(sign.lower(), re.escape(sign)))
    return "".join(parts)


def _set_part(chosen: str) -> list[str]:
    return [
        sign if sign == "-" and 0 < at < len(chosen) - 1 else re.escape(sign)
        for at, sign in enumerate(chosen)
    ]


def matches(name: str, dialled: str) -> bool:
    """Tell whether the extension ``name`` of a dialplan means ``dialled``."""
    if not name.startswith("_"):
        return name == dialled
    return re.fullmatch(pattern_regex(name[1:]), dialled) is not None


def find(
    contexts: Mapping[str, Context], context: str, dialled: str, path: Sequence[str] = ()
) -> tuple[str, str] | None:
    """Return (context, extension) that a number dialled in ``context`` reaches, or None."""
    here = contexts.get(context)
    if here is None or context in path:
        return None
    found = [name for name in here.extensions if matches(name, dialled)]
    if found:
        return context, min(found, key=_specialness)
    for included in here.includes:
        if inner := find(contexts, included, dialled, (*path, context)):
            return inner
    return None


def _specialness(name: str) -> tuple[int, list[int]]:
    return (1, _widths(name[1:])) if name.startswith("_") else (0, [])


def _widths(pattern: str) -> list[int]:
    """Return how many characters each place admits; a smaller place is more special."""
    widths: list[int] = []
    rest = pattern
    while rest:
        sign, rest = rest[0], rest[1:]
        if sign == "[":
            chosen, _, rest = rest.partition("]")
            one = re.compile("[" + "".join(_set_part(chosen)) + "]")
            widths.append(sum(1 for code in range(256) if one.fullmatch(chr(code))))
        else:
            widths.append({"x": 10, "z": 9, "n": 8, ".": 1000, "!": 1001}.get(sign.lower(), 1))
    return widths


def parse(text: str) -> dict[str, Context]:
    """Read the contexts of an ``extensions.conf`` (of the form that we render)."""
    contexts: dict[str, Context] = {}
    here = Context("")
    for line in text.splitlines():
        line = line.split(";")[0].strip()
        if line.startswith("["):
            here = contexts.setdefault(
                line[1 : line.index("]")], Context(line[1 : line.index("]")])
            )
        elif line.startswith("include"):
            here.includes.append(line.split("=>")[1].strip())
        elif line.startswith("exten"):
            _parse_extension(here, line.split("=>", 1)[1].strip())
    contexts.pop("general", None)
    contexts.pop("globals", None)
    return contexts


def _parse_extension(here: Context, text: str) -> None:
    # A set may hold a comma in theory; ours never does.
    name, priority, step = text.split(",", 2)
    if priority.strip() == "1":
        here.extensions.setdefault(name.strip(), step.strip())
