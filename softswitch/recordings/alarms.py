"""Alarms of the recordings: what an operator has to mend, shown until it is mended."""

from __future__ import annotations

from collections.abc import Callable

from softswitch.clock import Clock
from softswitch.errors import told

Show = Callable[[str, dict[str, object] | None], None]
"""Shows (or, with ``None``, takes away) the alarm with an id; for example ``Live.put`` of an entity ``alarm``."""


def show_nowhere(_name: str, _value: dict[str, object] | None) -> None:
    """Show an alarm only in the status."""


class Alarms:
    """The alarms that stand now."""

    def __init__(self, clock: Clock, show: Show = show_nowhere) -> None:
        self._clock = clock
        self._show = show
        self._standing: dict[str, dict[str, object]] = {}

    def sound(self, name: str, code: str, message: str, next_step: str) -> None:
        """Raise an alarm; one that stands already keeps its beginning."""
        before = self._standing.get(name, {})
        value: dict[str, object] = {
            "id": f"recordings-{name}",
            **told(code, message, next_step),
            "since": before.get("since", self._clock()),
        }
        if value != before:
            self._standing[name] = value
            self._show(f"recordings-{name}", value)

    def drop(self, name: str) -> None:
        """Take an alarm away; one that does not stand is no error."""
        if self._standing.pop(name, None) is not None:
            self._show(f"recordings-{name}", None)

    def standing(self) -> list[dict[str, object]]:
        """Return the alarms that stand, oldest first."""
        return list(self._standing.values())
