"""HTTP byte ranges (RFC 9110 section 14), as one player needs them: one range at a time (pure)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from softswitch.errors import Kind, Refusal

_ONE_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class Part:
    """The bytes from ``start`` up to and without ``stop`` of ``whole``."""

    start: int
    stop: int
    whole: int

    @property
    def length(self) -> int:
        """Return how many bytes the part has."""
        return self.stop - self.start

    @property
    def content_range(self) -> str:
        """Return the Content-Range field (RFC 9110 section 14.4)."""
        return f"bytes {self.start}-{self.stop - 1}/{self.whole}"


def parse_range(field: str | None, whole: int) -> Part | None:
    """Return the part that a Range field asks of ``whole`` bytes; ``None``: send the whole.

    A field that is no single byte range is ignored, as RFC 9110 section 14.2 allows.  Raises a Refusal with status
    416 for a range that begins behind the end.
    """
    found = _ONE_RANGE.fullmatch(field.strip()) if field else None
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if first and last and int(last) < int(first):
        return None
    start = int(first) if first else max(0, whole - int(last))
    stop = min(whole, int(last) + 1) if first and last else whole
    if start >= whole:
        raise RangeRefusal(whole)
    return Part(start, stop, whole)


class RangeRefusal(Refusal):
    """A range that begins behind the end; ``whole`` goes into Content-Range, as RFC 9110 section 15.5.17 asks."""

    def __init__(self, whole: int) -> None:
        super().__init__(
            Kind.INVALID,
            "bad_range",
            f"The recording has only {whole} bytes.",
            "Ask for a range inside of it.",
            field="Range",
        )
        self.whole = whole
