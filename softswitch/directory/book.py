"""The directory as calls see it (:class:`softswitch.calls.phonebook.Phonebook`): in memory, by key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from softswitch.calls.phonebook import EmergencyClass, IntakeRules, Known
from softswitch.directory.model import DirectorySnapshot, ExtensionEntry, ExtensionKind, Strategy
from softswitch.directory.registry import RegistryService
from softswitch.directory.service import DirectoryService
from softswitch.directory.switch import enabled_gateways, enabled_phones


@dataclass(frozen=True, slots=True)
class _Index:
    """One snapshot, by key; made again when the directory has changed."""

    snapshot: DirectorySnapshot
    extensions: dict[str, ExtensionEntry]
    extension_of: dict[str, str]
    phones_of: dict[str, list[tuple[str, str]]]
    desks: list[str]
    lines: list[str]
    emergency: dict[str, EmergencyClass]
    rules: IntakeRules


class Book:
    """Always shows the directory as it is stored now."""

    def __init__(self, directory: DirectoryService, registry: RegistryService) -> None:
        self._directory = directory
        self._registry = registry
        self._kept = _index(directory.snapshot())
        self.trunks: Callable[[], list[str]] = list
        """The trunks that are no account of the directory."""

    def extensions(self) -> list[str]:
        """Return all extension numbers."""
        return list(self._index.extensions)

    def has(self, number: str) -> bool:
        """Tell whether a number is an extension."""
        return number in self._index.extensions

    def extension_of(self, phone_id: str) -> str | None:
        """Return the extension of a SIP account; None for gateways and strangers."""
        return self._index.extension_of.get(phone_id)

    def phones_of(self, extension: str) -> list[tuple[str, str]]:
        """Return (phone id, kind) of each enabled SIP account of an extension."""
        return list(self._index.phones_of.get(extension, ()))

    def is_desk(self, extension: str) -> bool:
        """Tell whether the number is that of a desk."""
        entry = self._index.extensions.get(extension)
        return entry is not None and entry.kind is ExtensionKind.DESK

    def name_of(self, extension: str) -> str:
        """Return the name of an extension, empty for a number that is none."""
        entry = self._index.extensions.get(extension)
        return entry.name if entry else ""

    def skills_of(self, extension: str) -> frozenset[str]:
        """Return the skills of a desk."""
        entry = self._index.extensions.get(extension)
        return frozenset(entry.skills) if entry else frozenset()

    def desks(self) -> list[str]:
        """Return the enabled desks in ringing order."""
        return list(self._index.desks)

    def lines(self) -> list[str]:
        """Return the accounts through which numbers outside are reached, the first choice first: gateways, trunks."""
        return [*self._index.lines, *self.trunks()]

    def gateways(self) -> list[str]:
        """Return the gateways that may register, the first choice first."""
        return list(self._index.lines)

    def emergency(self, digits: str) -> EmergencyClass | None:
        """Return the emergency service behind these digits."""
        return self._index.emergency.get(digits)

    def emergency_digits(self) -> list[str]:
        """Return the digits of every emergency service."""
        return list(self._index.emergency)

    def accounts(self) -> set[str]:
        """Return the names of all SIP accounts."""
        return {phone.id for phone in self._directory.snapshot().phones}

    def rules(self) -> IntakeRules:
        """Return how unanswered calls go on."""
        return self._index.rules

    async def who(self, number: str) -> Known | None:
        """Look a number up: an extension by its name, any other in the registry."""
        entry = self._index.extensions.get(number)
        if entry is not None:
            return Known(entry.name)
        found = await self._registry.look_up(number)
        return None if found is None else Known(found.name, found.address)

    @property
    def _index(self) -> _Index:
        snapshot = self._directory.snapshot()
        if snapshot is not self._kept.snapshot:
            self._kept = _index(snapshot)
        return self._kept


def _index(snapshot: DirectorySnapshot) -> _Index:
    intake = snapshot.intake
    return _Index(
        snapshot,
        {entry.number: entry for entry in snapshot.extensions},
        {phone.id: phone.extension for phone in snapshot.phones if phone.extension is not None},
        {
            entry.number: [
                (phone.id, phone.kind.value) for phone in enabled_phones(entry, snapshot)
            ]
            for entry in snapshot.extensions
        },
        [entry.number for entry in snapshot.desks()],
        [phone.id for phone in enabled_gateways(snapshot)],
        {
            each.digits: EmergencyClass(
                each.digits, each.name_zh, each.name_en, each.rank, each.skill
            )
            for each in snapshot.emergency_numbers
        },
        IntakeRules(
            intake.offer_seconds,
            intake.duty_number,
            intake.callback_auto,
            intake.strategy is Strategy.IN_ORDER,
        ),
    )
