"""The warning tone before a forced insert: its cadence, as people write it and as the switch plays it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from softswitch.errors import invalid

ZONES: Mapping[str, str] = {
    # 950 Hz is the notification frequency of the tone plan of mainland China (GB/T 3380).
    "cn": "950/200,0/200,950/200,0/200",
    # 440 Hz is the tone of busy line verification in North America.
    "us": "440/1000,0/100",
    # 1400 Hz stands for warning tones in the supplement on tones to ITU-T E.180.
    "itu": "1400/200,0/200,1400/200,0/200",
}
LONGEST = 5_000
_STEP = re.compile(r"(\d{1,4})(?:\+(\d{1,4}))?/(\d{1,5})")


@dataclass(frozen=True, slots=True)
class Cadence:
    """Tones and pauses in turn, played once: ``text`` as ``Hz/ms,0/ms``, ``milliseconds`` in all."""

    text: str
    milliseconds: int

    @property
    def media(self) -> str:
        """The tone in the words of ARI; ``!`` plays each step once."""
        return "tone:" + ",".join(f"!{step}" for step in self.text.split(","))


def cadence(text: str, field: str = "cadence") -> Cadence:
    """Return a cadence or refuse it; ``text`` is a zone (cn, us, itu) or steps such as ``950/200,0/200``."""
    steps = ZONES.get(text, text).replace(" ", "")
    total, audible = 0, False
    for step in steps.split(","):
        found = _STEP.fullmatch(step)
        if found is None:
            raise invalid(
                "bad_cadence",
                f"{text[:40]!r} is no cadence.",
                f"Name a zone ({', '.join(ZONES)}) or give steps such as 950/200,0/200.",
                field=field,
            )
        frequencies = [int(part) for part in found.groups()[:2] if part is not None]
        if any(hertz and not 200 <= hertz <= 3400 for hertz in frequencies):
            raise invalid(
                "bad_cadence",
                f"{step} is outside the telephone band.",
                "Give 200 to 3400 Hz, or 0 for a pause.",
                field=field,
            )
        audible = audible or any(frequencies)
        total += int(found[3])
    if not audible or not 100 <= total <= LONGEST:
        raise invalid(
            "bad_cadence",
            f"A warning of {total} ms that {'can' if audible else 'cannot'} be heard warns nobody.",
            f"Give a tone of 100 to {LONGEST} ms.",
            field=field,
        )
    return Cadence(steps, total)
