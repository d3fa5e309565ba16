"""Numbers as a trunk wants them, and as it gives them. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from trunk.model import Rewrite

LONGEST = 32


def translated(number: str, rules: Iterable[Rewrite]) -> str:
    """Return a number as the first rule that matches writes it; without one it stays."""
    for rule in rules:
        if rule.pattern.matches(number):
            return (rule.prepend + number[rule.strip :])[:LONGEST]
    return number


def presented(template: str, caller: str) -> str:
    """Return who is shown as calling: ``X`` in the template take the last digits of the caller, from the right.

    An empty template keeps the caller; a caller with fewer digits than ``X`` leaves zeros.
    """
    if not template:
        return caller
    places = template.count("X")
    digits = iter(caller[-places:].rjust(places, "0")) if places else iter(())
    return "".join(next(digits) if sign == "X" else sign for sign in template)
