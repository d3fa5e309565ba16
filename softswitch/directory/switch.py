"""The directory in the words of the switch, pure: what ``pjsip.conf`` and the dialplan are rendered from."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from softswitch.asterisk import model as asterisk
from softswitch.asterisk.outside import Outside
from softswitch.directory import features
from softswitch.directory.model import (
    DirectorySnapshot,
    ExtensionEntry,
    ExtensionKind,
    Phone,
    PhoneKind,
    Transport,
)
from softswitch.numbers import phone_number

CODES = asterisk.Codes(
    pickup=features.PICKUP.code,
    take=features.TAKE.code,
    takeover=features.TAKEOVER.code,
    intercept=features.INTERCEPT_CODE,
    precedence=features.PRECEDENCE.code,
    room=features.ROOM.code,
    camp=features.CAMP.code,
    uncamp=features.UNCAMP.code,
    intercom=features.INTERCOM.code,
    night=features.NIGHT.code,
    park=features.PARK_HERE,
    park_first=features.PARK_FIRST,
    park_last=features.PARK_LAST,
)


def for_switch(
    snapshot: DirectorySnapshot,
    lockouts: tuple[asterisk.Lockout, ...] = (),
    sent_on: Mapping[str, str] | None = None,
    outside: Outside | None = None,
    class_of: Callable[[str], str] = lambda extension: "",
) -> asterisk.Directory:
    """Return what the switch is configured from.

    A disabled extension stays in the plan without phones (cause 20, subscriber absent), so that its number
    cannot leave through a gateway.  Numbers outside are reached through the first enabled gateway.
    ``sent_on``: extensions whose calls go to another number now (night service); ``outside``: the trunks and
    routes; ``class_of`` returns what an extension may call.
    """
    gateways = tuple(_phone(phone) for phone in enabled_gateways(snapshot))
    return asterisk.Directory(
        lines=tuple(
            _line(entry, snapshot, sent_on or {}, class_of) for entry in snapshot.extensions
        ),
        gateways=gateways,
        emergency=tuple(
            asterisk.EmergencyNumber(each.digits, each.rank) for each in snapshot.emergency_numbers
        ),
        desks=tuple(entry.number for entry in snapshot.desks()),
        duty_number=snapshot.intake.duty_number,
        outgoing=gateways[0].id if gateways else None,
        codes=CODES,
        lockouts=lockouts,
        outside=outside or Outside(),
    )


def enabled_gateways(snapshot: DirectorySnapshot) -> tuple[Phone, ...]:
    """Return the gateways that may register, by id."""
    return tuple(
        phone for phone in snapshot.phones if phone.kind is PhoneKind.GATEWAY and phone.enabled
    )


def enabled_phones(entry: ExtensionEntry, snapshot: DirectorySnapshot) -> tuple[Phone, ...]:
    """Return the phones that ring for an extension."""
    if not entry.enabled:
        return ()
    return tuple(phone for phone in snapshot.phones_of(entry.number) if phone.enabled)


def _line(
    entry: ExtensionEntry,
    snapshot: DirectorySnapshot,
    sent_on: Mapping[str, str],
    class_of: Callable[[str], str],
) -> asterisk.Line:
    target = sent_on.get(entry.number)
    return asterisk.Line(
        entry.number,
        entry.name,
        entry.kind is ExtensionKind.DESK,
        entry.record,
        tuple(_phone(phone) for phone in enabled_phones(entry, snapshot)),
        sent_on=None if target is None else phone_number(target),
        caller_class=class_of(entry.number),
    )


def _phone(phone: Phone) -> asterisk.Phone:
    kind = asterisk.PhoneKind(phone.kind.value)
    if phone.transport is Transport.WS:  # the kind says it already
        return asterisk.Phone(phone.id, phone.secret, kind)
    return asterisk.Phone(phone.id, phone.secret, kind, asterisk.Transport(phone.transport.value))
