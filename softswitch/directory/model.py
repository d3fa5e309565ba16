"""The values of the directory, pure: what an extension, a phone, an emergency number may look like.

Each ``check_*`` function takes a value as it came from outside and returns it with its text tidied, or
refuses it.  What one row may be in view of the others is in :mod:`softswitch.directory.numbering`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

from softswitch import numbers
from softswitch.errors import invalid
from softswitch.numbers import EmergencyDigits, Extension, PhoneId, PhoneNumber

MAX_SKILLS = 16
MAX_SPEED_DIALS = 48
LOWEST_RANK = 99
LONGEST_NAME = 64
LONGEST_ADDRESS = 200
RESERVED_PHONE_IDS = frozenset(
    {
        "global",
        "system",
        "transport-udp",
        "transport-tcp",
        "transport-tls",
        "transport-ws",
        "lockouts",
    }
)
"""Names of sections that ``pjsip.conf`` has anyway."""
_UNSEEN = frozenset({"Cc", "Cf", "Cs"})
_SKILL = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_AREA_CODE = re.compile(r"0(10|2[0-9]|[3-9][0-9]{2})")


class ExtensionKind(StrEnum):
    """A desk takes emergency calls and is on record; a phone is any other station."""

    DESK = "desk"
    PHONE = "phone"


class PhoneKind(StrEnum):
    """What registers with a SIP account: a telephone, a browser (JsSIP), or a gateway with many callers behind it."""

    SIP = "sip"
    BROWSER = "browser"
    GATEWAY = "gateway"


class Transport(StrEnum):
    """How the SIP signalling of a phone travels (RFC 3261 clause 18; RFC 7118 for WebSocket)."""

    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"
    WS = "ws"


class Strategy(StrEnum):
    """Whom the queue offers a call to first: the desk that is idle longest, or the first in ringing order."""

    LONGEST_IDLE = "longest_idle"
    IN_ORDER = "in_order"


@dataclass(frozen=True, slots=True)
class ExtensionEntry:
    """One internal number. ``position`` orders the desks for ringing (1 first); phones have none."""

    number: Extension
    name: str
    kind: ExtensionKind = ExtensionKind.PHONE
    record: bool = False
    skills: tuple[str, ...] = ()
    position: int | None = None
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Phone:
    """One SIP account. ``extension`` is none for a gateway; ``secret`` is the password of SIP digest (RFC 8760)."""

    id: PhoneId
    extension: Extension | None
    kind: PhoneKind = PhoneKind.SIP
    transport: Transport = Transport.UDP
    secret: str = ""
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class EmergencyNumber:
    """The digits of a service. ``rank`` 0 is served first; ``skill`` is what a desk needs to be offered its calls."""

    digits: EmergencyDigits
    name_zh: str
    name_en: str
    rank: int = 0
    skill: str | None = None


@dataclass(frozen=True, slots=True)
class RegistryEntry:
    """Whose number it is and where it stands; ``number`` is canonical (:mod:`softswitch.directory.lookup`)."""

    number: PhoneNumber
    name: str
    address: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class SpeedDial:
    """A one-key button of a desk."""

    position: int
    label: str
    number: PhoneNumber


@dataclass(frozen=True, slots=True)
class IntakeSettings:
    """How waiting emergency calls are handed out.

    ``offer_seconds`` is how long one desk rings before the next; ``duty_number`` is rung when no desk answers;
    ``callback_auto`` calls back who gave up; ``area_code`` is our
    own, with its 0, so that a local number is found in the registry.
    """

    offer_seconds: int = 15
    strategy: Strategy = Strategy.LONGEST_IDLE
    duty_number: PhoneNumber | None = None
    callback_auto: bool = False
    area_code: str = ""


@dataclass(frozen=True)
class DirectorySnapshot:
    """All that the switch is configured from, in a fixed order; equal content makes equal snapshots."""

    extensions: tuple[ExtensionEntry, ...] = ()
    phones: tuple[Phone, ...] = ()
    emergency_numbers: tuple[EmergencyNumber, ...] = ()
    intake: IntakeSettings = IntakeSettings()

    def extension(self, number: str) -> ExtensionEntry | None:
        """Return the extension with exactly this number."""
        return self._extensions.get(number)

    def phone(self, phone_id: str) -> Phone | None:
        """Return the phone with this id."""
        return self._phones.get(phone_id)

    def phones_of(self, number: str) -> tuple[Phone, ...]:
        """Return the phones that ring for an extension."""
        return self._phones_of.get(number, ())

    def emergency(self, digits: str) -> EmergencyNumber | None:
        """Return the emergency service behind these digits."""
        return next((each for each in self.emergency_numbers if each.digits == digits), None)

    def desks(self) -> tuple[ExtensionEntry, ...]:
        """Return the enabled desks in their ringing order."""
        desks = (e for e in self.extensions if e.kind is ExtensionKind.DESK and e.enabled)
        return tuple(sorted(desks, key=ringing_order))

    # Made on first use; they are no fields and take no part in comparisons.

    @cached_property
    def _extensions(self) -> dict[str, ExtensionEntry]:
        return {entry.number: entry for entry in self.extensions}

    @cached_property
    def _phones(self) -> dict[str, Phone]:
        return {phone.id: phone for phone in self.phones}

    @cached_property
    def _phones_of(self) -> dict[str, tuple[Phone, ...]]:
        found: dict[str, list[Phone]] = {}
        for phone in self.phones:
            if phone.extension is not None:
                found.setdefault(phone.extension, []).append(phone)
        return {number: tuple(phones) for number, phones in found.items()}


FIRST_EMERGENCY_NUMBERS = (
    EmergencyNumber(EmergencyDigits("110"), "公安", "Police", 0),
    EmergencyNumber(EmergencyDigits("119"), "消防", "Fire", 0),
    EmergencyNumber(EmergencyDigits("120"), "急救", "Medical", 0),
    EmergencyNumber(EmergencyDigits("122"), "交通", "Traffic", 1),
)
"""What a fresh database starts with: the four short codes of mainland China, traffic after life and limb."""


def ringing_order(entry: ExtensionEntry) -> tuple[int, str]:
    """Return the sort key of desks: by position, those without one last, then by number."""
    return (entry.position if entry.position is not None else 1_000_000, entry.number)


def check_extension(entry: ExtensionEntry) -> ExtensionEntry:
    """Return a valid, tidied extension or refuse it. A desk is always on record."""
    numbers.extension(entry.number)
    if entry.kind is ExtensionKind.PHONE and entry.position is not None:
        raise invalid(
            "position_without_desk",
            f"Extension {entry.number} is no desk and cannot have a place in the ringing order.",
            "Leave position out, or make it a desk.",
            field="position",
        )
    if entry.position is not None:
        _within(entry.position, 1, 9_999, "position")
    return replace(
        entry,
        name=_name(entry.name or entry.number, "name"),
        skills=check_skills(entry.skills),
        record=entry.record or entry.kind is ExtensionKind.DESK,
    )


def check_record_wish(kind: ExtensionKind, record: bool | None) -> None:
    """Refuse the wish (None: no wish) to take a desk off the record."""
    if kind is ExtensionKind.DESK and record is False:
        raise invalid(
            "desk_is_recorded",
            "A desk is always on record.",
            "Leave record on, or make the extension a phone.",
            field="record",
        )


def check_phone(phone: Phone) -> Phone:
    """Return a valid phone or refuse it: a browser alone speaks WebSocket; a gateway alone has no extension."""
    numbers.phone_id(phone.id)
    if phone.extension is not None:
        numbers.extension(phone.extension, "extension")
    if phone.id in RESERVED_PHONE_IDS:
        raise invalid(
            "reserved_phone_id", f"{phone.id} is a reserved name.", "Choose another.", field="id"
        )
    if (phone.kind is PhoneKind.BROWSER) != (phone.transport is Transport.WS):
        raise invalid(
            "transport_does_not_fit",
            f"A {phone.kind} phone cannot use {phone.transport}.",
            "Browsers use ws; all other phones udp, tcp or tls.",
            field="transport",
        )
    if phone.extension is None and phone.kind is not PhoneKind.GATEWAY:
        raise invalid(
            "phone_without_extension",
            f"Phone {phone.id} has no extension.",
            "Name its extension; only a gateway stands without one.",
            field="extension",
        )
    if phone.extension is not None and phone.kind is PhoneKind.GATEWAY:
        raise invalid(
            "gateway_with_extension",
            f"Gateway {phone.id} cannot belong to extension {phone.extension}.",
            "Leave the extension out: many callers stand behind a gateway.",
            field="extension",
        )
    return phone


def check_emergency(entry: EmergencyNumber) -> EmergencyNumber:
    """Return a valid, tidied emergency number or refuse it."""
    numbers.emergency_digits(entry.digits)
    _within(entry.rank, 0, LOWEST_RANK, "rank")
    skill = check_skills((entry.skill,))[0] if entry.skill else None
    return replace(
        entry,
        name_zh=_name(entry.name_zh, "name_zh"),
        name_en=_name(entry.name_en, "name_en"),
        skill=skill,
    )


def check_registry(entry: RegistryEntry) -> RegistryEntry:
    """Return a valid, tidied registry entry or refuse it."""
    return replace(
        entry,
        number=numbers.phone_number(entry.number),
        name=_name(entry.name, "name"),
        address=_one_line(entry.address, "address", LONGEST_ADDRESS),
        note=_one_line(entry.note, "note", LONGEST_ADDRESS),
    )


def check_speed_dials(buttons: Iterable[SpeedDial]) -> tuple[SpeedDial, ...]:
    """Return the buttons of a desk in order, or refuse them: one at a position, at most 48."""
    checked = tuple(sorted((_speed_dial(each) for each in buttons), key=lambda each: each.position))
    positions = [each.position for each in checked]
    for position in positions:
        if positions.count(position) > 1:
            raise invalid(
                "position_taken",
                f"Two buttons want position {position}.",
                "Give each button its own position.",
                field="position",
            )
    return checked


def check_intake(settings: IntakeSettings) -> IntakeSettings:
    """Return valid intake settings or refuse them."""
    _within(settings.offer_seconds, 3, 120, "offer_seconds")
    if settings.duty_number is not None:
        number = numbers.phone_number(settings.duty_number, "duty_number")
        settings = replace(settings, duty_number=number)
    settings = replace(settings, area_code=numbers.bare(settings.area_code))
    if settings.area_code and not _AREA_CODE.fullmatch(settings.area_code):
        raise invalid(
            "bad_area_code",
            f"{numbers.quoted(settings.area_code)} is not an area code.",
            "Give it with its 0, for example 0813, or leave it empty.",
            field="area_code",
        )
    return settings


def check_skills(skills: Iterable[str]) -> tuple[str, ...]:
    """Return skills sorted and without repeats, or refuse them."""
    unique = sorted(set(skills))
    for skill in unique:
        if not _SKILL.fullmatch(skill):
            raise invalid(
                "bad_skill",
                f"{numbers.quoted(skill)} is not a skill.",
                "Give up to 32 lower-case letters, digits or dashes, for example medical.",
                field="skills",
            )
    if len(unique) > MAX_SKILLS:
        raise invalid(
            "too_many_skills",
            f"{len(unique)} skills are too many.",
            f"Give at most {MAX_SKILLS}.",
            field="skills",
        )
    return tuple(unique)


def _speed_dial(button: SpeedDial) -> SpeedDial:
    _within(button.position, 1, MAX_SPEED_DIALS, "position")
    number = numbers.phone_number(button.number)
    return SpeedDial(button.position, _name(button.label or number, "label"), number)


def _name(text: str, field: str) -> str:
    tidied = _one_line(text, field, LONGEST_NAME)
    if not tidied:
        raise invalid("missing_name", f"{field} is empty.", "Give a name.", field=field)
    return tidied


def _one_line(text: str, field: str, longest: int) -> str:
    """Names and addresses stand in SIP headers and table rows: line breaks and tabs become blanks.

    What is not seen is refused: bidirectional overrides (Unicode UAX 9) would let one name look like another.
    """
    line = " ".join(numbers.plain_text(text, field, longest).split())
    if any(unicodedata.category(letter) in _UNSEEN for letter in line):
        raise invalid(
            "control_characters",
            f"{field} holds characters that cannot be seen.",
            "Remove them and try again.",
            field=field,
        )
    return line


def _within(value: int, lowest: int, highest: int, field: str) -> None:
    if not lowest <= value <= highest:
        raise invalid(
            "out_of_range",
            f"{field} cannot be {value}.",
            f"Give a number from {lowest} to {highest}.",
            field=field,
        )
