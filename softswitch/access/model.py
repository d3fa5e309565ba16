"""The person behind a request, as a value."""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.access.policy import rights_of
from softswitch.access.rights import Right, Role

__all__ = ["SYSTEM_LOGIN", "Actor", "Right", "Role"]

SYSTEM_LOGIN = "system"
"""Who acts in the audit log when no person does. No user may have this login."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who is signed in. ``via`` is ``session`` or ``token``; ``key`` names which one of them."""

    login: str
    name: str
    role: Role
    language: str = "zh"
    via: str = "session"
    address: str = ""
    key: str = ""

    def may(self, right: Right) -> bool:
        """Return whether the role of this person has ``right``."""
        return right in rights_of(self.role)
