"""The small pure parts: widths, times, texts, the connection file, live maps."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softswitch.cli import live, show, times
from softswitch.cli.session import Session
from softswitch.cli.table import clean, table, width
from softswitch.cli.words import ZH, translate

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=timezone(timedelta(hours=8)))


@pytest.mark.parametrize(
    ("text", "cells"),
    [("abc", 3), ("一号席", 6), ("a一", 3), ("\u00e9", 1), ("e\u0301", 1), ("，", 2), ("", 0)],
)
def test_a_chinese_character_takes_two_cells(text: str, cells: int) -> None:
    assert width(text) == cells


_cell = st.text("ab一二，é", max_size=6)


@given(st.lists(st.tuples(_cell, _cell, st.just("x")), min_size=1, max_size=5))
def test_columns_stand_under_each_other(rows: list[tuple[str, str, str]]) -> None:
    lines = table(["number", "名称", "end"], rows).splitlines()
    ends = {width(line[: line.rindex("x")]) for line in lines[1:]}
    assert len(ends) == 1
    assert ends == {width(lines[0][: lines[0].rindex("end")])}


def test_numbers_stand_right_and_text_left() -> None:
    assert table(["n", "name"], [["5", "a"], ["1001", "b"]]).splitlines() == [
        "   n  name",
        "   5  a",
        "1001  b",
    ]


@given(st.text())
def test_nothing_that_a_terminal_obeys_is_printed(text: str) -> None:
    assert not [letter for letter in clean(text) if ord(letter) < 32 or 127 <= ord(letter) < 160]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("30m", NOON - timedelta(minutes=30)),
        ("2h", NOON - timedelta(hours=2)),
        ("1d", NOON - timedelta(days=1)),
        ("08:30", NOON.replace(hour=8, minute=30)),
        ("8:30:15", NOON.replace(hour=8, minute=30, second=15)),
    ],
)
def test_times_of_today_and_ago(text: str, meant: datetime) -> None:
    assert times.parse(text, NOON) == int(meant.timestamp() * 1000)


def test_dates_are_local() -> None:
    expected = int(datetime(2026, 11, 21, 20, 15).astimezone(UTC).timestamp() * 1000)
    assert times.parse("2026-11-21 20:15", NOON) == expected
    assert times.parse("2026-11-21T20:15:00", NOON) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "25:00", "2026-13-01", "99999999d", "12", "1:2"])
def test_texts_that_are_no_time(text: str) -> None:
    assert times.parse(text, NOON) is None


@pytest.mark.parametrize(
    ("millis", "shown"), [(0, "0:00"), (7_400, "0:07"), (765_000, "12:45"), (10_930_000, "3:02:10")]
)
def test_durations(millis: int, shown: str) -> None:
    assert show.span(millis) == shown


@pytest.mark.parametrize(
    ("count", "shown"), [(0, "0 B"), (999, "999 B"), (1_500, "1.5 kB"), (2_000_000_000, "2.0 GB")]
)
def test_sizes(count: int, shown: str) -> None:
    assert show.size(count) == shown


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_US.UTF-8"}, "en"),
        ({"LC_MESSAGES": "zh_CN", "LANG": "C"}, "zh"),
    ],
)
def test_the_language_comes_from_the_locale(environment: dict[str, str], language: str) -> None:
    assert Session.from_environment(environment).lang == language


def test_a_translation_fills_in_the_same_values() -> None:
    import string

    for english, chinese in ZH.items():
        fields = [
            {name for _, name, _, _ in string.Formatter().parse(text) if name}
            for text in (english, chinese)
        ]
        assert fields[0] == fields[1], english
    assert translate("zh", "Stored.") == "已保存。"
    assert translate("zh", "no such text") == "no such text"


def test_the_server_of_options_environment_and_data_folder(tmp_path: Path) -> None:
    file = tmp_path / "cli.json"
    file.write_text(
        json.dumps(
            {"url": "http://here", "token": "local", "sip": "0.0.0.0:5070", "iax": "0.0.0.0:4579"}
        )
    )
    file.chmod(0o600)
    own = {"SOFTSWITCH_DATA": str(tmp_path)}
    assert Session.from_environment(own).server() == ("http://here", "local")
    assert Session.from_environment(own).sip() == "0.0.0.0:5070"
    assert Session.from_environment(own).iax() == "0.0.0.0:4579"
    far = {**own, "SOFTSWITCH_URL": "http://far", "SOFTSWITCH_TOKEN": "t"}
    assert Session.from_environment(far).server() == ("http://far", "t")
    assert Session.from_environment({**own, "SOFTSWITCH_URL": "http://far"}).server() == (
        "http://far",
        None,
    )
    session = Session.from_environment(own)
    session.url = "http://given"
    assert session.server() == ("http://given", None)
    session = Session.from_environment({"SOFTSWITCH_URL": "http://far"})
    session.data = tmp_path
    assert session.server() == ("http://here", "local")


def test_live_maps_follow_the_messages() -> None:
    maps: live.Maps = {"old": {"1": {}}}
    assert live.apply(maps, {"type": "snapshot", "entities": {"call": {"a": {"id": "a"}}}})
    assert maps == {"call": {"a": {"id": "a"}}}
    changes = [
        {"entity": "call", "id": "a", "value": None},
        {"entity": "task", "id": "t", "value": {"id": "t"}},
    ]
    assert live.apply(maps, {"type": "changes", "changes": changes})
    assert maps == {"call": {}, "task": {"t": {"id": "t"}}}
    assert not live.apply(maps, {"type": "ping"})
