"""Warning tones: what may be configured, and how long it lasts."""

from __future__ import annotations

import pytest

from intercept.tones import ZONES, cadence
from softswitch.errors import Refusal


@pytest.mark.parametrize("zone", ZONES)
def test_every_zone_is_a_cadence(zone: str) -> None:
    made = cadence(zone)
    assert made.text == ZONES[zone]
    assert 100 <= made.milliseconds <= 5000


def test_steps_are_played_once_each() -> None:
    made = cadence("950/200, 0/100,440+480/50")
    assert made.media == "tone:!950/200,!0/100,!440+480/50"
    assert made.milliseconds == 350


@pytest.mark.parametrize(
    "text",
    ["", "xx", "950", "950/", "/200", "0/500", "950/50", "100/200", "3500/200", "950/9999",
     "950/200;x", "950/200,,", "!950/200", "950/200\n0/1", "-950/200"],
)  # fmt: skip
def test_what_is_no_warning_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        cadence(text)
    assert refused.value.code == "bad_cadence"
