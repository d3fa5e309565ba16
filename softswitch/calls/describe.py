"""What a call is, told from its first leg and from what dispatch knows. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.calls.dispatch_call import DispatchCall
from softswitch.calls.model import Call, CallKind, CallState, Leg, Role
from softswitch.calls.phonebook import Phonebook


@dataclass(frozen=True, slots=True)
class Nature:
    """The kind of a call, and between whom."""

    kind: CallKind
    digits: str | None = None
    caller_number: str = ""
    caller_name: str = ""
    called_number: str = ""
    called_name: str = ""


def nature(call: Call, under: DispatchCall | None, book: Phonebook) -> Nature:
    """Return what a call is. The first leg tells it while it is there; keep the answer."""
    first = call.first
    if first is None:
        return Nature(CallKind.INTERNAL)
    channel = first.channel
    extension = book.extension_of(channel.endpoint)
    number, name = _party(first, book)
    called = channel.dialed if first.incoming else ""
    if (
        called == call.id
    ):  # brought under dispatch: what was dialled is told by the one who was rung
        others = (leg for leg in call.legs.values() if leg is not first)
        called = next((_party(leg, book)[0] for leg in others), "")
    if under is not None and not first.incoming:
        called = under.number
    digits = _digits(first, under, book)
    if digits is not None:
        service = book.emergency(digits)
        return Nature(
            CallKind.EMERGENCY, digits, number, name, digits, service.name_zh if service else ""
        )
    called_name = book.name_of(called)
    if extension is None:
        kind = CallKind.INCOMING
    elif book.has(called) or not called or called[0] in "*#":
        kind = CallKind.INTERNAL
    else:
        kind = CallKind.OUTGOING
    return Nature(kind, None, number, name, called, called_name)


def _digits(first: Leg, under: DispatchCall | None, book: Phonebook) -> str | None:
    if under is not None and under.kind is CallKind.EMERGENCY:
        return under.digits
    dialed = first.channel.dialed
    if first.incoming and book.emergency(dialed) is not None:
        return dialed
    return None


def _party(leg: Leg, book: Phonebook) -> tuple[str, str]:
    extension = book.extension_of(leg.channel.endpoint)
    if extension is not None:
        return extension, book.name_of(extension)
    if not leg.incoming and leg.channel.connected_number and not leg.channel.caller_number:
        return leg.channel.connected_number, leg.channel.connected_name
    return leg.channel.caller_number, leg.channel.caller_name


def leg_role(leg: Leg, call: Call, under: DispatchCall | None, book: Phonebook) -> Role:
    """Return the part a leg plays."""
    if under is not None and (member := under.members.get(leg.channel.id)):
        return member.role
    extension = book.extension_of(leg.channel.endpoint)
    if extension is not None and book.is_desk(extension):
        return Role.DESK
    return Role.CALLER if leg is call.first and leg.incoming else Role.PARTY


def leg_party(leg: Leg, under: DispatchCall | None, book: Phonebook) -> tuple[str, str]:
    """Return number and name of the one at a leg."""
    extension = book.extension_of(leg.channel.endpoint)
    if extension is not None:
        return extension, book.name_of(extension)
    member = under.members.get(leg.channel.id) if under else None
    if member is not None and member.number:
        return member.number, member.name
    return _party(leg, book)


def call_state(call: Call, under: DispatchCall | None, waiting: bool) -> CallState:
    """Return the state of a call as people see it."""
    if waiting:
        return CallState.WAITING
    if under is not None:
        if under.parked_at is not None:
            return CallState.PARKED
        if under.held_by is not None or under.consult is not None:
            return CallState.HELD
    return call.state()
