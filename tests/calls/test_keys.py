"""Keys pressed during a call."""

from __future__ import annotations

import pytest

from softswitch.calls.keys import PAUSE, KeyCommand, KeyReader


def press(keys: str, reader: KeyReader | None = None, gap: int = 100) -> list[KeyCommand]:
    reader = reader or KeyReader()
    found = [reader.press(key, (index + 1) * gap) for index, key in enumerate(keys)]
    return [command for command in found if command]


@pytest.mark.parametrize(
    ("keys", "command"),
    [
        ("##1002#", KeyCommand("blind", "1002")),
        ("*21002#", KeyCommand("attended", "1002")),
        ("*2#", KeyCommand("complete")),
        ("*0#", KeyCommand("cancel")),
        ("*3#", KeyCommand("hold")),
        ("#72", KeyCommand("park")),
    ],
)
def test_each_code(keys: str, command: KeyCommand) -> None:
    assert press(keys) == [command]


def test_keys_of_a_voice_menu_are_no_commands() -> None:
    assert press("1234567890") == []
    assert press("12#34*56") == []


def test_a_code_after_other_keys_and_twice() -> None:
    assert press("77##1002#") == [KeyCommand("blind", "1002")]
    assert press("*3#*3#") == [KeyCommand("hold"), KeyCommand("hold")]


def test_a_long_pause_forgets_what_was_begun() -> None:
    reader = KeyReader()
    reader.press("*", 0)
    assert reader.press("3", PAUSE + 1) is None
    assert reader.press("#", PAUSE + 2) is None


def test_keys_without_end_do_not_grow() -> None:
    reader = KeyReader()
    for index in range(1000):
        reader.press("*" if index == 0 else "2", index)
    assert len(reader.keys) <= 24
