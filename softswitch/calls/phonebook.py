"""What calls must know of the directory; the directory's own snapshot is one such book."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class EmergencyClass:
    """An emergency service: its digits, names, place in the queue (0 first) and the skill that it needs."""

    digits: str
    name_zh: str
    name_en: str
    rank: int
    skill: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """Who stands behind a number."""

    name: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class IntakeRules:
    """How unanswered calls go on: seconds at each desk, then the duty number; then, call back or not."""

    offer_seconds: int = 15
    duty_number: str | None = None
    callback_auto: bool = False
    in_order: bool = False
    """The first free desk in ringing order, instead of the one that is idle longest."""


class Phonebook(Protocol):
    """The directory as calls see it. Reading it is cheap: it is in memory."""

    def extensions(self) -> list[str]:
        """All extension numbers."""

    def has(self, number: str) -> bool:
        """Tell whether a number is an extension."""

    def extension_of(self, phone_id: str) -> str | None:
        """The extension that a SIP account belongs to; None for lines and strangers."""

    def phones_of(self, extension: str) -> list[tuple[str, str]]:
        """(phone id, kind) of each enabled SIP account of an extension."""

    def is_desk(self, extension: str) -> bool: ...

    def name_of(self, extension: str) -> str: ...

    def skills_of(self, extension: str) -> frozenset[str]: ...

    def desks(self) -> list[str]:
        """The desks in ringing order."""

    def lines(self) -> list[str]:
        """The accounts through which numbers outside are reached."""

    def emergency(self, digits: str) -> EmergencyClass | None: ...

    def emergency_digits(self) -> list[str]:
        """The digits of every emergency service."""

    def accounts(self) -> set[str]:
        """The names of all SIP accounts, those of gateways too."""

    def rules(self) -> IntakeRules: ...

    async def who(self, number: str) -> Known | None:
        """Look a number up in the registry."""
