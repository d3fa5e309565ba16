"""People as values: a user as the database has them, an actor as the one behind a request."""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.access.policy import rights_of
from softswitch.access.rights import Right, Role
from softswitch.clock import Millis

__all__ = ["LANGUAGES", "LOCAL_LOGIN", "SYSTEM_LOGIN", "Actor", "Right", "Role", "User"]

LANGUAGES = ("zh", "en")

SYSTEM_LOGIN = "system"
"""Who acts in the audit log when no person does. No user may have this login."""


LOCAL_LOGIN = "local"
"""The command line on the machine of the server. Nobody signs in with it."""


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


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may sign in, unless ``disabled``."""

    login: str
    name: str
    role: Role
    language: str = "zh"
    disabled: bool = False
    created_at: Millis = 0
