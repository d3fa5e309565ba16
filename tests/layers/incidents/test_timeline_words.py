"""Every kind of fact that a timeline can hold has words in the console, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import softswitch.app  # noqa: F401  every part's facts are known once it is loaded
from softswitch.layers.incidents.consume import kinds_followed

I18N = Path(__file__).resolve().parents[3] / "console" / "src" / "i18n"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_nobody_reads_the_name_of_an_event(language: str) -> None:
    text = (I18N / f"{language}.incident.ts").read_text("utf-8")
    entries = text[text.index("  entry: {") :]
    worded = set(re.findall(r"^    (\w+): '", entries, re.MULTILINE))
    named = {fact.kind.replace(".", "_") for fact in kinds_followed()}
    assert len(named) > 20
    assert named - worded == set()
