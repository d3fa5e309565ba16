"""The JSON bodies that the directory accepts; an unknown field is refused, null only where it means something."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from softswitch.directory.model import ExtensionKind, PhoneKind, Strategy, Transport


class Body(BaseModel):
    """A JSON object in which every field is known."""

    model_config = ConfigDict(extra="forbid")

    def given(self) -> dict[str, Any]:
        """Return the fields that the client sent."""
        return self.model_dump(exclude_unset=True)


class ExtensionChange(Body):
    """Fields of an extension to change."""

    name: str = ""
    kind: ExtensionKind = ExtensionKind.PHONE
    record: bool = False
    skills: tuple[str, ...] = ()
    position: int | None = None
    enabled: bool = True


class NewExtension(ExtensionChange):
    """An extension to add; a desk is always on record."""

    number: str


class PhoneChange(Body):
    """Fields of a phone to change."""

    extension: str | None = None
    kind: PhoneKind = PhoneKind.SIP
    transport: Transport = Transport.UDP
    enabled: bool = True


class NewPhone(PhoneChange):
    """A phone to add; the transport follows from the kind when it is not given."""

    id: str


class EmergencyChange(Body):
    """Fields of an emergency number to change."""

    name_zh: str = ""
    name_en: str = ""
    rank: int = 0
    skill: str | None = None


class NewEmergency(EmergencyChange):
    """An emergency number to add."""

    digits: str


class RegistryChange(Body):
    """Fields of a registry entry to change."""

    name: str = ""
    address: str = ""
    note: str = ""


class NewRegistryEntry(RegistryChange):
    """A registry entry to add."""

    number: str


class Button(Body):
    """A one-key button."""

    position: int
    label: str = ""
    number: str


class Buttons(Body):
    """All one-key buttons of a desk; a plain list is taken too."""

    speed_dials: list[Button]
    desk: str | None = None


class IntakeChange(Body):
    """Intake settings to change; what is left out stays."""

    offer_seconds: int = 15
    strategy: Strategy = Strategy.LONGEST_IDLE
    duty_number: str | None = None
    callback_auto: bool = False
    area_code: str = ""
