"""The levels of people, extensions and lines: what is stored, and what stands for those without a row. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from intercept.model import HIGHEST_LEVEL, Levels, Precedence
from softswitch.errors import invalid


class Holder(StrEnum):
    """Whose levels they are."""

    USER = "user"
    EXTENSION = "extension"
    LINE = "line"


ROLE_LEVELS: Mapping[str, Levels] = {
    "dispatcher": Levels(1, 0, 1, 0, Precedence.PRIORITY),
    "supervisor": Levels(3, 1, 3, 1, Precedence.FLASH),
}
"""Levels of users without a row of their own: dispatchers cannot intrude on supervisors."""

NONE = Levels()


@dataclass(slots=True)
class LevelTable:
    """Every row by holder and key."""

    rows: dict[tuple[Holder, str], Levels] = field(default_factory=dict)

    def user(self, login: str, role: str) -> Levels:
        """Return the levels of a user: the own row, else those of the role."""
        return self.rows.get((Holder.USER, login)) or ROLE_LEVELS.get(role, NONE)

    def extension(self, number: str) -> Levels:
        """Return the levels of an extension; without a row it has no capability and no protection."""
        return self.rows.get((Holder.EXTENSION, number), NONE)

    def line(self, phone_id: str) -> Levels:
        """Return the levels of a line to the outside."""
        return self.rows.get((Holder.LINE, phone_id), NONE)


def stronger(one: Levels, other: Levels) -> Levels:
    """Return the higher of each level: somebody at a desk has his own or the desk's, whichever is more."""
    return Levels(
        max(one.intrusion, other.intrusion),
        max(one.protection, other.protection),
        max(one.interruption, other.interruption),
        max(one.interruption_protection, other.interruption_protection),
        min(one.precedence, other.precedence),
    )


def check_levels(
    intrusion: int,
    protection: int,
    interruption: int,
    interruption_protection: int,
    precedence: int,
) -> Levels:
    """Return valid levels or refuse them."""
    given = {
        "intrusion": intrusion,
        "protection": protection,
        "interruption": interruption,
        "interruption_protection": interruption_protection,
    }
    for name, value in given.items():
        if not 0 <= value <= HIGHEST_LEVEL:
            raise invalid(
                "out_of_range",
                f"{name} cannot be {value}.",
                f"Give 0 to {HIGHEST_LEVEL}.",
                field=name,
            )
    if not 0 <= precedence <= Precedence.ROUTINE:
        raise invalid(
            "out_of_range", f"precedence is {precedence}.", "Give 0 to 4.", field="precedence"
        )
    return Levels(
        intrusion, protection, interruption, interruption_protection, Precedence(precedence)
    )
