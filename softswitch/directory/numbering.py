"""What may stand beside what in the numbering plan, pure.  Nothing may come before an emergency number.

*Shadow* means: a number that equals the emergency digits, or with which they begin.  A phone that sends
digit by digit (RFC 3578 overlap, analogue adapters) would ring extension 12 before 120 is complete.  The
other way round is safe: with 120 in the table, an extension 1201 loses, never the call for help.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from softswitch.directory import features
from softswitch.directory.model import EmergencyNumber, ExtensionEntry, ExtensionKind, Phone
from softswitch.errors import Refusal, conflict
from softswitch.numbers import Extension


def shadows(number: str, digits: str) -> bool:
    """Tell whether dialling ``digits`` could end at ``number``."""
    return digits.startswith(number)


def check_new_extension(
    number: Extension, taken: Collection[str], emergency: Iterable[str]
) -> None:
    """Refuse a number that exists, is reserved, or shadows an emergency number."""
    if number in taken:
        raise conflict(
            "extension_taken",
            f"Extension {number} exists already.",
            f"Choose another number or change {number}.",
        )
    check_free(number, emergency)


def check_free(number: Extension, emergency: Iterable[str]) -> None:
    """Refuse a number that the plan keeps for something else."""
    reserved = features.reserved_by(number)
    if reserved:
        raise conflict(
            "number_reserved",
            f"{number} is kept for {reserved}.",
            "Choose a number outside 700 to 799.",
        )
    for digits in emergency:
        if shadows(number, digits):
            raise _shadowed(digits, f"extension {number}", "Choose another extension.")


def check_new_emergency(digits: str, extensions: Iterable[str], existing: Iterable[str]) -> None:
    """Refuse emergency digits that exist or that something in the plan would shadow."""
    present = set(existing)
    if digits in present:
        raise conflict(
            "emergency_number_taken",
            f"Emergency number {digits} exists already.",
            f"Change {digits} instead.",
        )
    for other in sorted(present):
        if shadows(other, digits) or shadows(digits, other):
            raise _shadowed(
                max(other, digits, key=len),
                f"emergency number {min(other, digits, key=len)}",
                "Choose other digits.",
            )
    for code in features.codes():
        if shadows(code, digits):
            raise _shadowed(digits, f"the fixed number {code}", "Choose other digits.")
    for number in extensions:
        if shadows(number, digits):
            raise _shadowed(digits, f"extension {number}", f"Remove extension {number} first.")


def check_removal_of_emergency(digits: str, existing: Iterable[EmergencyNumber]) -> None:
    """Refuse to remove the last emergency number: a centre without any would take no call."""
    if [each.digits for each in existing] == [digits]:
        raise conflict(
            "last_emergency_number",
            f"{digits} is the last emergency number.",
            "Add another one first.",
        )


def check_phone_place(phone: Phone, extension: ExtensionEntry | None) -> None:
    """Refuse a phone whose extension does not exist."""
    if phone.extension is not None and extension is None:
        raise conflict(
            "extension_missing",
            f"Phone {phone.id} names extension {phone.extension}, which does not exist.",
            f"Add extension {phone.extension} first.",
        )


def next_position(entries: Iterable[ExtensionEntry]) -> int:
    """Return the place behind the last desk in the ringing order."""
    return 1 + max((e.position or 0 for e in entries if e.kind is ExtensionKind.DESK), default=0)


def _shadowed(digits: str, by: str, next_step: str) -> Refusal:
    return conflict(
        "emergency_number_shadowed",
        f"Emergency number {digits} would be shadowed by {by}.",
        next_step,
    )
