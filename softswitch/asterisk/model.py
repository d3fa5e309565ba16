"""What the switch must know of the world to route calls: pure values, checked when they are made."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from softswitch import numbers
from softswitch.asterisk.outside import Outside, through_gateway
from softswitch.errors import conflict, invalid
from softswitch.numbers import EmergencyDigits, Extension, PhoneId, PhoneNumber

_SECRET = re.compile(r"[\x21-\x7e]{6,128}")
_FEATURE_CODE = re.compile(r"[*#][0-9*#]{0,5}")


class PhoneKind(StrEnum):
    """What is at the other end of a SIP account."""

    SIP = "sip"
    BROWSER = "browser"
    GATEWAY = "gateway"
    """A line or simulator that presents any caller number."""


class Transport(StrEnum):
    """How a SIP phone is connected; ``tls`` demands SRTP (RFC 4568)."""

    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"


@dataclass(frozen=True, slots=True)
class Phone:
    """A SIP account."""

    id: PhoneId
    secret: str = field(repr=False)
    kind: PhoneKind = PhoneKind.SIP
    transport: Transport = Transport.UDP

    def __post_init__(self) -> None:
        numbers.phone_id(self.id)
        if not _SECRET.fullmatch(self.secret):
            raise invalid(
                "bad_phone_secret",
                f"The secret of phone {self.id} cannot be used.",
                "Give 6 to 128 printable ASCII characters without spaces.",
                field="secret",
            )


@dataclass(frozen=True, slots=True)
class Line:
    """An extension with its phones. Calls that a desk takes part in are recorded, and those of ``record``."""

    number: Extension
    name: str = ""
    desk: bool = False
    record: bool = False
    phones: tuple[Phone, ...] = ()
    sent_on: PhoneNumber | None = None
    """Where its calls go instead (night service)."""
    caller_class: str = ""
    """What it may call outside; empty: everything."""

    def __post_init__(self) -> None:
        numbers.extension(self.number)
        if self.sent_on is not None:
            _check_plain(self.sent_on, "sent_on")

    @property
    def recorded(self) -> bool:
        return self.desk or self.record


@dataclass(frozen=True, slots=True)
class EmergencyNumber:
    """An emergency service; rank 0 is answered first."""

    digits: EmergencyDigits
    rank: int = 0

    def __post_init__(self) -> None:
        numbers.emergency_digits(self.digits)


STAR_CODES = (
    "pickup", "take", "takeover", "intercept", "precedence", "room", "camp", "uncamp", "intercom",
    "night",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Codes:
    """What phones without a screen dial."""

    pickup: str = "*8"
    """Followed by an extension: take the call that rings there."""
    take: str = "*80"
    """Take the emergency call that waits longest."""
    takeover: str = "*88"
    """Followed by an extension: take over the call that is up there."""
    intercept: str = "*6"
    """Followed by what is to be done (1 to 5) and an extension: do it to the call that is up there."""
    precedence: str = "*9"
    """Followed by a level (0 to 4) and an extension: call it with that precedence."""
    room: str = "*5"
    """Followed by the number of a conference room: come into it."""
    camp: str = "*37"
    """Followed by a busy extension: be called when it is free."""
    uncamp: str = "*38"
    """Cancel what was asked for so."""
    intercom: str = "*4"
    """Followed by an extension: its phone answers by itself."""
    night: str = "*20"
    """Switch night service."""
    park: str = "700"
    park_first: int = 701
    park_last: int = 799

    def __post_init__(self) -> None:
        for name in STAR_CODES:
            code = getattr(self, name)
            if not _FEATURE_CODE.fullmatch(code):
                raise invalid(
                    "bad_feature_code",
                    f"{numbers.quoted(code)} is no feature code.",
                    "Begin with * or # and give up to 5 more of 0-9, * and #.",
                    field=name,
                )
        numbers.extension(self.park, "park")
        if not 10 <= self.park_first <= self.park_last <= 99_999_999:
            raise invalid(
                "bad_park_range",
                "The parking places are no range.",
                "Give the first and the last place, from 10 on, for example 701 and 799.",
                field="park_first",
            )
        if self.park_last - self.park_first >= 1000:
            raise invalid(
                "bad_park_range",
                "There are too many parking places.",
                "Give up to 1000.",
                field="park_last",
            )

    def slots(self) -> Iterator[str]:
        """Give the numbers that take a parked call back."""
        return (str(slot) for slot in range(self.park_first, self.park_last + 1))


@dataclass(frozen=True, slots=True)
class Lockout:
    """``address`` may not use ``account``; an empty account shuts it out altogether."""

    account: str
    address: str

    def __post_init__(self) -> None:
        if self.account:
            numbers.phone_id(self.account, "account")
        try:
            ipaddress.IPv4Address(self.address)
        except ValueError:
            raise invalid(
                "bad_address",
                f"{numbers.quoted(self.address)} is no IPv4 address.",
                "Give four numbers with dots between them.",
                field="address",
            ) from None


@dataclass(frozen=True, slots=True)
class Directory:
    """Everything that the dialplan and the SIP accounts are made of, at one moment."""

    lines: tuple[Line, ...] = ()
    gateways: tuple[Phone, ...] = ()
    emergency: tuple[EmergencyNumber, ...] = ()
    desks: tuple[Extension, ...] = ()
    """In the order in which the fail-open tail rings them; each is one of ``lines``."""
    duty_number: PhoneNumber | None = None
    outgoing: PhoneId | None = None
    """The gateway that carries calls to numbers outside; without it they are refused with cause 1."""
    codes: Codes = field(default_factory=Codes)
    lockouts: tuple[Lockout, ...] = ()
    outside: Outside = field(default_factory=Outside)
    """The trunks and routes; without a route numbers outside go to ``outgoing``."""

    def __post_init__(self) -> None:
        _check_numbers(self)
        _check_phones(self)
        if self.duty_number is not None:
            _check_plain(self.duty_number, "duty_number")

    def phones(self) -> Iterator[tuple[Phone, Line | None]]:
        """Give every SIP account, with its line (none for a gateway)."""
        for line in self.lines:
            for phone in line.phones:
                yield phone, line
        for gateway in self.gateways:
            yield gateway, None

    @property
    def world(self) -> Outside:
        """The way to numbers outside: the routes, or else the one gateway."""
        if self.outside.routes or self.outgoing is None:
            return self.outside
        simple = through_gateway(self.outgoing)
        return replace(
            self.outside, trunks=(*self.outside.trunks, *simple.trunks), routes=simple.routes
        )

    def line(self, number: str) -> Line:
        return next(line for line in self.lines if line.number == number)


def _check_plain(number: PhoneNumber, name: str) -> None:
    """Refuse a number that stands here as somebody typed it: into the dialplan go digits and + alone."""
    if numbers.phone_number(number, name) != number:
        raise invalid(
            "bad_number",
            f"{numbers.quoted(number)} is not a telephone number.",
            "Give digits, with + in front for an international number.",
            field=name,
        )


def _check_numbers(directory: Directory) -> None:
    taken: dict[str, str] = {}
    for number, owner in numbers_in_use(directory):
        if number in taken:
            raise conflict(
                "number_taken",
                f"{number} is {taken[number]} and {owner} at once.",
                "Give one of them another number.",
            )
        taken[number] = owner
    known = {line.number for line in directory.lines}
    for desk in directory.desks:
        if desk not in known:
            raise invalid(
                "unknown_desk",
                f"Desk {desk} is no extension.",
                f"Add extension {desk} first.",
                field="desks",
            )


def numbers_in_use(directory: Directory) -> Iterator[tuple[str, str]]:
    """Give every number that phones can dial, with what it is; none may come twice."""
    codes = directory.codes
    for service in directory.emergency:
        yield service.digits, f"the emergency number {service.digits}"
    yield codes.take, "the code to take an emergency call"
    yield codes.uncamp, "the code to cancel camp-on"
    yield codes.night, "the code of night service"
    yield codes.park, "the code to park a call"
    for slot in codes.slots():
        yield slot, f"parking place {slot}"
    for line in directory.lines:
        yield line.number, f"extension {line.number}"
        yield codes.pickup + line.number, f"the code to pick up a call at {line.number}"
        yield codes.takeover + line.number, f"the code to take over the call of {line.number}"
        yield codes.camp + line.number, f"the code to camp on {line.number}"
        yield codes.intercom + line.number, f"the code of intercom to {line.number}"
        for act in "12345":
            yield (
                f"{codes.intercept}{act}{line.number}",
                f"code {act} of intercept for {line.number}",
            )
        for level in "01234":
            yield f"{codes.precedence}{level}{line.number}", f"level {level} for {line.number}"


def _check_phones(directory: Directory) -> None:
    seen: set[str] = set()
    for phone, line in directory.phones():
        if phone.id in seen:
            raise conflict(
                "phone_taken", f"Phone {phone.id} is there twice.", "Choose another name."
            )
        if (line is None) != (phone.kind is PhoneKind.GATEWAY):
            raise invalid(
                "bad_phone_kind",
                f"Phone {phone.id} is in the wrong place.",
                "Give a gateway no extension, and every other phone one.",
                field="kind",
            )
        if phone.id in RESERVED_NAMES:
            raise invalid(
                "reserved_phone_id",
                f"{phone.id} is a reserved name.",
                "Choose another.",
                field="id",
            )
        seen.add(phone.id)
    if directory.outgoing is not None and directory.outgoing not in {
        g.id for g in directory.gateways
    }:
        raise invalid(
            "unknown_gateway",
            f"{directory.outgoing} is no gateway.",
            "Name one of the gateways.",
            field="outgoing",
        )


RESERVED_NAMES = frozenset(
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
"""Section names of ``pjsip.conf`` that no account may have."""
