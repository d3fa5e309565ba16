"""The directory as JSON, pure: what the API answers."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from softswitch.directory.model import (
    DirectorySnapshot,
    EmergencyNumber,
    ExtensionEntry,
    IntakeSettings,
    Phone,
    RegistryEntry,
    SpeedDial,
)


def extension_view(entry: ExtensionEntry, snapshot: DirectorySnapshot) -> dict[str, Any]:
    """Return an extension with its phones."""
    phones = [phone_view(phone) for phone in snapshot.phones_of(entry.number)]
    return {**asdict(entry), "skills": list(entry.skills), "phones": phones}


def phone_view(phone: Phone) -> dict[str, Any]:
    """Return a phone without its secret."""
    return {name: value for name, value in asdict(phone).items() if name != "secret"}


def secret_view(phone: Phone) -> dict[str, Any]:
    """Return a phone with its secret: for who makes it and sets up the device."""
    return {**phone_view(phone), "secret": phone.secret}


def emergency_view(entry: EmergencyNumber) -> dict[str, Any]:
    """Return an emergency number."""
    return asdict(entry)


def registry_view(entry: RegistryEntry) -> dict[str, Any]:
    """Return a registry entry."""
    return asdict(entry)


def speed_dial_view(button: SpeedDial) -> dict[str, Any]:
    """Return a one-key button."""
    return asdict(button)


def intake_view(settings: IntakeSettings) -> dict[str, Any]:
    """Return the intake settings."""
    return asdict(settings)
