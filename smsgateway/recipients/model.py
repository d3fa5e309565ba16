"""Whom a campaign is for, and what was found when they were looked for. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom to send to. ``areas`` (beginnings of names), ``name`` and ``shape`` choose within the lists."""

    lists: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    name: str = ""
    shape: Mapping[str, Any] | None = None
    """GeoJSON."""

    groups: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it as it is stored and shown."""
        return {
            "lists": list(self.lists), "areas": list(self.areas), "name": self.name,
            "shape": self.shape, "groups": list(self.groups), "numbers": list(self.numbers),
        }  # fmt: skip

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Audience:
        """Return what :meth:`as_json` described."""
        return cls(
            tuple(value["lists"]), tuple(value["areas"]), value["name"], value["shape"],
            tuple(value["groups"]), tuple(value["numbers"]),
        )  # fmt: skip

    @property
    def sources(self) -> int:
        """From how many places people come."""
        return len(self.lists) + bool(self.groups) + bool(self.numbers)


@dataclass(slots=True)
class Tally:
    """What was found while people were given out."""

    people: int = 0
    repeated: int = 0
    blacklisted: int = 0
    opted_out: int = 0
    not_mobile: int = 0
    unfilled: int = 0
    """Whose fields a text that differs from person to person could not be filled from."""

    parts: int = 0
    """Of the longest such text."""

    areas: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        """Return it as the API shows it."""
        areas = [{"area": name, "people": n} for name, n in self.areas.most_common(_SHOWN)]
        return {
            "people": self.people, "repeated": self.repeated, "blacklisted": self.blacklisted,
            "opted_out": self.opted_out, "not_mobile": self.not_mobile, "unfilled": self.unfilled, "areas": areas,
        }  # fmt: skip
