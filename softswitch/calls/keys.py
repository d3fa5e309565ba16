"""Keys pressed during a call by those whose phone has no buttons for it. Pure: time is an input.

| keys | does |
|---|---|
| ``##`` number ``#`` | blind transfer |
| ``*2`` number ``#`` | attended transfer; then ``*2#`` completes it and ``*0#`` cancels it |
| ``*3#`` | hold, and again: resume |
| ``#72`` | park |
"""

from __future__ import annotations

from dataclasses import dataclass, field

from softswitch.clock import Millis

PAUSE = 4_000
"""Milliseconds after which a half-pressed code is forgotten."""


@dataclass(frozen=True, slots=True)
class KeyCommand:
    """What the keys ask for: blind, attended, complete, cancel, hold or park; ``number`` for the first two."""

    name: str
    number: str = ""


@dataclass(slots=True)
class KeyReader:
    """Collects the keys of one leg until they make a command or cannot make one."""

    keys: str = ""
    last_at: Millis = field(default=0)

    def press(self, digit: str, at: Millis) -> KeyCommand | None:
        """Take one key; return the command that it completes."""
        if at - self.last_at > PAUSE:
            self.keys = ""
        self.last_at = at
        self.keys += digit
        if len(self.keys) > 24 or not _could_begin(self.keys):
            self.keys = digit if digit in "*#" else ""
            return None
        command = _complete(self.keys)
        if command is not None:
            self.keys = ""
        return command


def _could_begin(keys: str) -> bool:
    if keys[0] not in "*#":
        return False
    return any(
        begin.startswith(keys) or keys.startswith(begin)
        for begin in ("##", "*2", "*3#", "*0#", "#72")
    )


def _complete(keys: str) -> KeyCommand | None:
    if keys == "#72":
        return KeyCommand("park")
    if keys == "*3#":
        return KeyCommand("hold")
    if keys == "*0#":
        return KeyCommand("cancel")
    if keys == "*2#":
        return KeyCommand("complete")
    for begin, name in (("##", "blind"), ("*2", "attended")):
        number = keys[2:-1]
        if keys.startswith(begin) and keys.endswith("#") and number.isdigit():
            return KeyCommand(name, number)
    return None
