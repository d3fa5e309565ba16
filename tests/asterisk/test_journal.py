"""The journal: parsing, reading piece by piece, rotation, and who was never answered."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softswitch.asterisk.journal import (
    Cursor,
    JournalLine,
    JournalOfCalls,
    JournalReader,
    parse_line,
    past_calls,
)
from softswitch.ports import PastCall

# Captured from Asterisk 22.10.1.
CAPTURED = (
    (
        '"CHAN_START","","1795364274.763774","1795364274.0","1795364274.0","13800138000","","120",'
        '"from-trunks","PJSIP/citizens-00000000","","","",""'
    ),
    (
        '"EMERGENCY","EMERGENCY","1795364274.766081","1795364274.0","1795364274.0","13800138000","120",'
        '"120","emergency","PJSIP/citizens-00000000","CELGenUserEvent","EMERGENCY,120","",'
        '"{""extra"":""120""}"'
    ),
    (
        '"HANGUP","","1795364276.427593","1795364274.0","1795364274.0","13800138000","120","120",'
        '"emergency","PJSIP/citizens-00000000","","","",'
        '"{""hangupcause"":16,""hangupsource"":""PJSIP/citizens-00000000"",""dialstatus"":""""}"'
    ),
    (
        '"CHAN_END","","1795364276.427593","1795364274.0","1795364274.0","13800138000","120","120",'
        '"emergency","PJSIP/citizens-00000000","","","",""'
    ),
)


def event(kind: str, channel_id: str, at: int = 0, **more: str) -> JournalLine:
    blank = dict.fromkeys(
        ("number", "dialled", "extension", "context", "channel", "application"), ""
    )
    rest = {"application_data": "", "peer": "", "extra": "", "user_event": "", **more}
    return JournalLine(
        event=kind, at=at, channel_id=channel_id, call_id=channel_id, **{**blank, **rest}
    )


def emergency(channel: str, at: int = 1) -> JournalLine:
    return event("EMERGENCY", channel, at, number="13800138000", extension="120")


def test_a_captured_call_is_read_and_was_never_answered() -> None:
    lines = [line for text in CAPTURED if (line := parse_line(text))]
    assert len(lines) == 4
    assert lines[2].cause == 16
    assert lines[1].at == 1_795_364_274_766
    assert past_calls(lines) == [
        PastCall(
            "1795364274.0",
            "13800138000",
            "120",
            1_795_364_274_766,
            ended_at=1_795_364_276_428,
            cause=16,
        )
    ]


@pytest.mark.parametrize("cut", range(1, len(CAPTURED[1]), 7))
def test_a_torn_line_is_no_line(cut: int) -> None:
    assert parse_line(CAPTURED[1][:cut]) is None


@given(st.text())
def test_no_text_breaks_the_parser(text: str) -> None:
    line = parse_line(text)
    assert line is None or line.event is not None


def test_an_answered_call_tells_when_and_by_whom() -> None:
    bridge = '{"bridge_id":"b"}'
    lines = [
        emergency("c"),
        event("BRIDGE_ENTER", "c", extra=bridge),
        event("BRIDGE_ENTER", "desk", 5, extra=bridge, channel="PJSIP/1001-sip-0000000a"),
        event("CHAN_END", "c", 9),
    ]
    (call,) = past_calls(lines)
    assert (call.answered_at, call.answered_by, call.ended_at) == (5, "1001-sip", 9)


def test_waiting_alone_in_a_bridge_is_no_answer() -> None:
    bridge = '{"bridge_id":"b"}'
    lines = [
        emergency("c"),
        event("BRIDGE_ENTER", "c", extra=bridge),
        event("BRIDGE_EXIT", "c", extra=bridge),
        event("BRIDGE_ENTER", "other", extra=bridge),
        event("CHAN_END", "c", 9),
    ]
    (call,) = past_calls(lines)
    assert (call.answered_at, call.ended_at) == (None, 9)


def test_a_call_that_goes_on_has_no_end() -> None:
    (call,) = past_calls([emergency("c"), event("BRIDGE_ENTER", "x")])
    assert call.ended_at is None


def test_calls_are_read_once_and_on_from_the_cursor(tmp_path: Path) -> None:
    path = tmp_path / "journal.csv"
    journal = JournalOfCalls(JournalReader(path))
    assert journal.read("") == ([], "0:0")
    write(path, *(f"{text}\n" for text in CAPTURED))
    calls, cursor = journal.read("")
    assert [call.call_id for call in calls] == ["1795364274.0"]
    assert journal.read(cursor) == ([], cursor)
    assert journal.read("nonsense")[0] == calls


def write(path: Path, *texts: str) -> None:
    with path.open("a") as file:
        file.writelines(texts)


def test_reading_goes_on_where_it_stopped_and_waits_for_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "journal.csv"
    reader = JournalReader(path)
    assert reader.read(Cursor()) == ([], Cursor())
    write(path, CAPTURED[0] + "\n", CAPTURED[1][:30])
    lines, cursor = reader.read(Cursor())
    assert [line.event for line in lines] == ["CHAN_START"]
    write(path, CAPTURED[1][30:] + "\n")
    lines, cursor = reader.read(cursor)
    assert [line.event for line in lines] == ["EMERGENCY"]
    assert reader.read(cursor) == ([], cursor)


def test_a_broken_line_in_the_middle_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "journal.csv"
    write(path, CAPTURED[0] + "\n", '"EMERG\n', CAPTURED[3] + "\n")
    lines, _ = JournalReader(path).read(Cursor())
    assert [line.event for line in lines] == ["CHAN_START", "CHAN_END"]


def test_a_long_journal_is_put_away_and_nothing_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "journal.csv"
    reader = JournalReader(path, most_bytes=100, kept=2)
    cursor = Cursor()
    seen: list[str] = []
    for round_ in range(8):
        write(path, CAPTURED[round_ % 4] + "\n")
        lines, cursor = reader.read(cursor)
        seen += [line.event for line in lines]
        assert reader.rotate(cursor)
    assert seen == ["CHAN_START", "EMERGENCY", "HANGUP", "CHAN_END"] * 2
    assert len(list(tmp_path.iterdir())) == 2


def test_a_line_that_came_before_the_rename_is_read_from_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "journal.csv"
    reader = JournalReader(path, most_bytes=100)
    write(path, CAPTURED[0] + "\n")
    _, cursor = reader.read(Cursor())
    assert reader.rotate(cursor)
    write(tmp_path / "journal.csv.1", CAPTURED[1] + "\n")
    write(path, CAPTURED[3] + "\n")
    lines, cursor = reader.read(cursor)
    assert [line.event for line in lines] == ["EMERGENCY"]
    lines, cursor = reader.read(cursor)
    assert [line.event for line in lines] == ["CHAN_END"]


def test_an_unread_journal_is_not_put_away(tmp_path: Path) -> None:
    path = tmp_path / "journal.csv"
    reader = JournalReader(path, most_bytes=10)
    write(path, CAPTURED[0] + "\n")
    _, cursor = reader.read(Cursor())
    write(path, CAPTURED[1] + "\n")
    assert not reader.rotate(cursor)
