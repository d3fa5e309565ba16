"""Desks: who sits there, and whether the desk takes calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from softswitch.calls.engine import Engine
from softswitch.calls.intake import Desk, Duty
from softswitch.clock import Clock, Millis, now
from softswitch.errors import conflict, not_found


@dataclass(slots=True)
class Seat:
    """A dispatcher at a desk."""

    login: str
    duty: Duty
    since: Millis


class Desks:
    """Seats by extension. A desk without a console is on duty while its desk phone is registered."""

    def __init__(
        self, engine: Engine, *, changed: Callable[[str], None], clock: Clock = now
    ) -> None:
        self._engine = engine
        self._changed = changed
        self._clock = clock
        self.seats: dict[str, Seat] = {}
        self._idle_since: dict[str, Millis] = {}

    def seat_of(self, login: str) -> str | None:
        """Return the desk where a user sits."""
        return next((ext for ext, seat in self.seats.items() if seat.login == login), None)

    def sit(self, login: str, extension: str, duty: Duty) -> None:
        """Take a seat, leaving the former one. Refused while another sits there."""
        book = self._engine.book
        if not book.is_desk(extension):
            raise not_found("desk", extension, "Choose one of the desks on the board.")
        taken = self.seats.get(extension)
        if taken is not None and taken.login != login:
            raise conflict(
                "desk_taken",
                f"{taken.login} sits at desk {extension}.",
                "Choose another desk, or let the other leave first.",
            )
        former = self.seat_of(login)
        if former is not None and former != extension:
            self.leave(login)
        self.seats[extension] = Seat(login, duty, self._clock())
        self._changed(extension)

    def leave(self, login: str) -> None:
        """Leave the desk; it takes no more calls through the console."""
        extension = self.seat_of(login)
        if extension is not None:
            del self.seats[extension]
            self._changed(extension)

    def duty(self, extension: str) -> Duty:
        """Tell whether a desk takes calls."""
        if seat := self.seats.get(extension):
            return seat.duty
        book, board = self._engine.book, self._engine.board
        own = [phone for phone, kind in book.phones_of(extension) if kind == "sip"]
        return Duty.READY if board.is_registered(own) else Duty.OFF

    def became_idle(self, extension: str, at: Millis) -> None:
        """Note when a desk became free; who has waited longest is offered the next call."""
        self._idle_since[extension] = at

    def idle_since(self, extension: str) -> Millis | None:
        """Return when the extension became free, None before its first call."""
        return self._idle_since.get(extension)

    def view(self) -> list[Desk]:
        """Return the desks as intake sees them."""
        engine = self._engine
        by_place = engine.book.rules().in_order
        return [
            Desk(
                extension,
                self.duty(extension),
                bool(engine.reachable(extension)) and engine.is_free(extension),
                place if by_place else self._idle_since.get(extension, 0),
                engine.book.skills_of(extension),
            )
            for place, extension in enumerate(engine.book.desks())
        ]
