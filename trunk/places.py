"""Where a key of a TOML file stands: the parser of the standard library tells values, not lines."""

from __future__ import annotations

import re
from collections.abc import Sequence

_HEADER = re.compile(r"\s*(\[\[?)\s*([A-Za-z0-9_.\"-]+)\s*\]\]?\s*(#.*)?")
_KEY = re.compile(r"\s*[\"']?([A-Za-z0-9_-]+)[\"']?\s*=")

Place = tuple[str | int, ...]
"""A path such as ``("trunk", 0, "d_channel")``: the key of the first ``[[trunk]]``."""


class Places:
    """The line of each table and each key of a text."""

    def __init__(self, text: str) -> None:
        self._lines: dict[Place, int] = {}
        counts: dict[str, int] = {}
        table: Place = ()
        for number, line in enumerate(text.splitlines(), 1):
            if header := _HEADER.fullmatch(line):
                name = header[2]
                if header[1] == "[[":
                    counts[name] = counts.get(name, -1) + 1
                    table = (name, counts[name])
                else:
                    table = (name,)
                self._lines.setdefault(table, number)
            elif key := _KEY.match(line):
                self._lines.setdefault((*table, key[1]), number)

    def line(self, place: Sequence[str | int]) -> int:
        """Return the line of a place, or of the nearest thing around it that has one; 1 when there is none."""
        path = tuple(place)
        while path:
            if path in self._lines:
                return self._lines[path]
            path = path[:-1]
        return 1
