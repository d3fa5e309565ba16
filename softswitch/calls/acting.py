"""On whose behalf a command acts: the desk where the user sits, or one that he may name."""

from __future__ import annotations

from softswitch import numbers
from softswitch.access.model import Actor, Role
from softswitch.calls.desks import Desks
from softswitch.calls.phonebook import Phonebook
from softswitch.errors import conflict, forbidden, not_found


def acting_desk(actor: Actor, named: str | None, desks: Desks, book: Phonebook) -> str:
    """Return the extension that a command acts for, or refuse.

    A dispatcher acts for the own desk, or for one where nobody else sits; supervisors and operators for any.
    """
    own = desks.seat_of(actor.login)
    if named is None:
        if own is None:
            raise conflict(
                "no_desk",
                "You sit at no desk.",
                "Take a seat first, or name a desk with --desk (in the API: desk).",
            )
        return own
    extension = numbers.extension(numbers.bare(named), "desk")
    if not book.has(extension):
        raise not_found("extension", extension, "Look at the board for the extensions.")
    seat = desks.seats.get(extension)
    free = seat is None or seat.login == actor.login
    if not free and actor.role not in (Role.SUPERVISOR, Role.OPERATOR):
        raise forbidden(
            "not_your_desk",
            f"Another dispatcher sits at desk {extension}.",
            "Act for your own desk, or ask a supervisor.",
        )
    return extension
